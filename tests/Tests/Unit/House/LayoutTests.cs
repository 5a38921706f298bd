using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>What `dotnet format` would say that the build does not: order of imports, line ends, the last line (IDE0055 of the build looks
/// at the rest).</summary>
public sealed class LayoutTests
{
    [Fact]
    public void Imports_stand_in_order_with_System_first() => Findings.None(SourceTree.All.Select(OutOfOrder).OfType<string>());

    [Fact]
    public void Files_end_with_one_line_end_and_have_no_carriage_return_or_byte_order_mark() => Findings.None(
        SourceTree.All.Where(file => file.Text.Contains('\r') || file.Text.StartsWith('\uFEFF')
            || (file.Text.Length > 0 && (!file.Text.EndsWith('\n') || file.Text.EndsWith("\n\n", StringComparison.Ordinal))))
            .Select(file => file.Path));

    private static string? OutOfOrder(SourceFile file)
    {
        var usings = ((CompilationUnitSyntax)file.Root).Usings;
        for (var i = 1; i < usings.Count; i++)
            if (Compare(usings[i - 1],
                usings[i]) > 0) return $"{file.Path}: {usings[i].ToString().Trim()} belongs before {usings[i - 1].ToString().Trim()}";
        return null;
    }

    // Global ones, namespaces, static ones, then aliases; System before all others.
    private static int Compare(UsingDirectiveSyntax a, UsingDirectiveSyntax b)
    {
        if (Kind(a) != Kind(b)) return Kind(a) - Kind(b);
        if (IsSystem(a) != IsSystem(b) && a.Alias is null) return IsSystem(a) ? -1 : 1;
        var (left, right) =
            (a.Alias?.Name.ToString() ?? a.NamespaceOrType.ToString(), b.Alias?.Name.ToString() ?? b.NamespaceOrType.ToString());
        return left.Split('.').Zip(right.Split('.')).Select(pair => string.Compare(
            pair.First, pair.Second, StringComparison.OrdinalIgnoreCase)).FirstOrDefault(order => order != 0, left.Length - right.Length);
    }

    private static int Kind(UsingDirectiveSyntax one) =>
        one.GlobalKeyword.IsKind(SyntaxKind.GlobalKeyword) ? 0 : one.Alias is not null
            ? 3 : one.StaticKeyword.IsKind(SyntaxKind.StaticKeyword) ? 2 : 1;

    private static bool IsSystem(UsingDirectiveSyntax one) =>
        one.NamespaceOrType.ToString() is "System" or ['S', 'y', 's', 't', 'e', 'm', '.', ..];
}
