using System.Text.RegularExpressions;
using Aviso.Base;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>docs/changing.md names types and places that exist; links are written from the symbols, so that a move breaks none.</summary>
public sealed partial class ChangingTests
{
    private static readonly string PagePath = Path.Combine(Checkout.Root, "docs", "changing.md");

    [Fact]
    public void Every_type_it_names_is_there_and_linked_to_its_file()
    {
        Findings.NotInTheInnerLoop();
        var page = File.ReadAllText(PagePath);
        var unknown = new List<string>();
        var drawn = Link().Replace(page, link =>
        {
            var name = link.Groups["name"].Value;
            if (FileOf(name, unknown) is not { } file) return link.Value;
            return $"[`{name}`](../{file})";
        });
        Findings.None(unknown);
        if (Environment.GetEnvironmentVariable("AVISO_WRITE") == "1") File.WriteAllText(PagePath, drawn);
        else Assert.True(page == drawn,
            "a type that docs/changing.md links to has moved: run ./dev rooms (or AVISO_WRITE=1 with this test) and commit the page");
    }

    [Fact]
    public void Every_place_it_names_is_there() => Findings.None(
        Place().Matches(File.ReadAllText(PagePath)).Select(match => match.Groups[1].Value)
            .Where(place => !File.Exists(Path.Combine(Checkout.Root, place)) && !Directory.Exists(Path.Combine(Checkout.Root, place))));

    [Fact]
    public void It_tells_of_fifty_changes() =>
        Assert.InRange(File.ReadLines(PagePath).Count(line => line.StartsWith("| ", StringComparison.Ordinal)) - 1, 50, 80);

    // "Imap.Grammar" where several subjects have one of that name.
    private static string? FileOf(string name, List<string> unknown)
    {
        var found = SourceTree.Compilation.GetSymbolsWithName(name.Split('.')[^1], SymbolFilter.Type)
            .Where(symbol =>
                symbol.ContainingType is null && ("." + symbol.ToDisplayString()).EndsWith("." + name, StringComparison.Ordinal)).ToList();
        if (found.Count == 1)
        {
            var files = found[0].DeclaringSyntaxReferences.Select(one => one.SyntaxTree.FilePath).Order(StringComparer.Ordinal).ToList();
            return files.Find(file => Path.GetFileNameWithoutExtension(file) == found[0].Name) ?? files[0];
        }
        var known = SourceTree.Compilation.GetSymbolsWithName(_ => true, SymbolFilter.Type).Select(symbol => symbol.Name).Distinct();
        unknown.Add(found.Count == 0
            ? $"there is no type {name}{Nearest.Hint(name, known)}" : $"{name} is {string.Join(" or ", found.Select(symbol => symbol.ToDisplayString()))}");
        return null;
    }

    [GeneratedRegex(@"\[`(?<name>[A-Za-z0-9.]+)`\]\([^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<!\[)`((?:src|tests|docs|deploy)/[^`]+)`")]
    private static partial Regex Place();
}
