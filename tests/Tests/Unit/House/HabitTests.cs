using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>Habits of the house that no analyzer knows.</summary>
public sealed partial class HabitTests
{
    /// <summary>A log message is declared once, with an id, in its room's *Log.cs.</summary>
    [Fact]
    public void Log_messages_are_declared() => AssertFalling(
        SourceTree.Src.SelectMany(file => file.Root.DescendantNodes().OfType<InvocationExpressionSyntax>()
            .Where(call =>
                call.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "LogTrace" or "LogDebug" or "LogInformation" or "LogWarning" or "LogError" or "LogCritical" or "Log" } member
                && (member.Name.Identifier.ValueText != "Log" || call.ArgumentList.Arguments.Count > 1
                    && call.ArgumentList.Arguments[0].ToString().Contains("LogLevel.", StringComparison.Ordinal)))
            .Select(call => At(file, call))), Ceilings.PlainLogCalls, "log calls whose message is not declared");

    /// <summary>What is null until somebody sets it is a fault that waits; a thing is made whole or not at all.</summary>
    [Fact]
    public void Nothing_is_null_against_its_type() => AssertFalling(
        SourceTree.Src.SelectMany(file => file.Root.DescendantNodes().OfType<PostfixUnaryExpressionSyntax>()
            .Where(node => node.IsKind(SyntaxKind.SuppressNullableWarningExpression)
                && (node.Operand.IsKind(SyntaxKind.NullLiteralExpression) || node.Operand.IsKind(SyntaxKind.DefaultLiteralExpression)))
            .Select(node => At(file, node))), Ceilings.NullBangs, "times null! or default!");

    /// <summary>A rule that is off says why, in the comment of its line.</summary>
    [Fact]
    public void Every_analyzer_rule_that_is_off_has_its_reason() => Findings.None(
        File.ReadLines(Path.Combine(Checkout.Root, ".editorconfig")).Where(line => Off().IsMatch(line) && !Reason().IsMatch(line)));

    /// <summary>Rules that find real faults here: never off.</summary>
    [Theory]
    [InlineData("CA2000")]
    [InlineData("CA2213")]
    [InlineData("CA2254")]
    [InlineData("MA0040")]
    public void The_rule_is_on(string rule) => Assert.Contains(
        $"dotnet_diagnostic.{rule}.severity = warning", File.ReadLines(Path.Combine(Checkout.Root, ".editorconfig"))
            .Select(line => line.Split('#')[0].TrimEnd()));

    [Fact]
    public void Every_decision_has_a_number_of_its_own()
    {
        var pages = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs", "decisions"), "*.md").Select(Path.GetFileName).ToList();
        Assert.All(pages, page => Assert.Matches(@"^\d{4}-[a-z0-9-]+\.md$", page));
        Findings.None(pages.GroupBy(page => page![..4]).Where(number => number.Count() > 1).Select(number => string.Join(", ", number)));
    }

    /// <summary>What a page or comment links to below docs is there.</summary>
    [Fact]
    public void Every_decision_that_is_spoken_of_exists()
    {
        var pages = Directory.EnumerateFiles(Checkout.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(path => (Path: Path.GetRelativePath(Checkout.Root, path), Text: File.ReadAllText(path)));
        Findings.None(pages.Concat(SourceTree.All.Select(file => (file.Path, file.Text)))
            .SelectMany(page => Decision().Matches(page.Text).Select(match => (page.Path, Name: match.Groups[1].Value)))
            .Where(link => !File.Exists(Path.Combine(Checkout.Root, "docs", "decisions", link.Name)))
                .Select(link => $"{link.Path}: decisions/{link.Name}"));
    }

    /// <summary>`./dev test` on a fresh machine installs what a test looks for.</summary>
    [Fact]
    public void Every_package_that_a_test_names_is_in_the_list()
    {
        var listed = File.ReadLines(Path.Combine(Checkout.Root, "tests", "packages.txt"))
            .SelectMany(line => line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
        Findings.None(
            SourceTree.All.SelectMany(file => Found().Matches(file.Text).Select(match => (file.Path, Package: match.Groups[1].Value)))
            .Where(find => !listed.Contains(find.Package))
                .Select(find => $"{find.Path} wants {find.Package}, tests/packages.txt does not name it"));
    }

    /// <summary>A test that waits in vain must fail, not hang: <see cref="Patience"/> has the bound and says for what it waited.</summary>
    [Fact]
    public void No_test_waits_for_ever() => Findings.None(
        SourceTree.All.Except(SourceTree.Src).SelectMany(file =>
            file.Root.DescendantNodes().OfType<WhileStatementSyntax>().Where(OnlyWaits).Select(node => At(file, node))));

    private static bool OnlyWaits(WhileStatementSyntax loop) =>
        (loop.Statement is BlockSyntax { Statements: [var only] }
            ? only : loop.Statement) is ExpressionStatementSyntax { Expression: AwaitExpressionSyntax wait }
        && wait.Expression.ToString() is { } waited
            && (waited.StartsWith("Task.Delay", StringComparison.Ordinal) || waited.StartsWith("Task.Yield", StringComparison.Ordinal));

    private static string At(SourceFile file, SyntaxNode node) =>
        $"{file.Path}({node.GetLocation().GetLineSpan().StartLinePosition.Line + 1})";

    private static void AssertFalling(IEnumerable<string> found, int ceiling, string what)
    {
        var all = found.ToList();
        if (all.Count > ceiling) Assert.Fail($"{all.Count} {what}, at most {ceiling} may be:\n{string.Join('\n', all)}");
        Findings.Lower(all.Count > ceiling - 20
            && (all.Count > 0 || ceiling == 0), $"only {all.Count} {what}: lower the ceiling in Ceilings.cs from {ceiling} to {all.Count}");
    }

    [GeneratedRegex(@"^dotnet_diagnostic\.\w+\.severity *= *(none|silent)\b")]
    private static partial Regex Off();

    [GeneratedRegex(@"#.*\w+ \w+")]
    private static partial Regex Reason();

    [GeneratedRegex(@"decisions/(\d{4}-[a-z0-9-]+\.md)")]
    private static partial Regex Decision();

    [GeneratedRegex("Tool\\.Find\\(\"[^\"]+\", \"([^\"]+)\"\\)")]
    private static partial Regex Found();
}
