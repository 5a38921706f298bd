using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>Rooms, files, functions and lines that fit in a glance; the numbers are in <see cref="Ceilings"/>.</summary>
public sealed class SizeTests
{
    [Fact]
    public void A_room_holds_at_most_25_files()
    {
        var rooms = SourceTree.Src.GroupBy(file => Path.GetDirectoryName(file.Path)!)
            .Select(room => (Folder: room.Key, Files: room.Count())).ToList();
        Findings.None(rooms.Where(room => room.Files > Ceilings.LargeRooms.GetValueOrDefault(room.Folder, Ceilings.RoomFiles))
            .Select(room => $"{room.Folder} holds {room.Files} files: make a room in it"));
        Findings.None(Ceilings.LargeRooms.Keys.Except(rooms.Where(room => room.Files > Ceilings.RoomFiles).Select(room => room.Folder))
            .Select(folder => $"{folder} is small enough now: take its line out of Ceilings.LargeRooms"));
    }

    [Fact]
    public void A_file_has_at_most_500_lines() => Findings.None(
        SourceTree.Src.Where(file => file.Lines.Count() > Ceilings.FileLines).Select(file => $"{file.Path}: {file.Lines.Count()} lines"));

    [Fact]
    public void A_function_has_at_most_60_lines()
    {
        var functions = SourceTree.Src.SelectMany(file =>
            file.Root.DescendantNodes().Where(IsFunction).Select(node => (Name: NameOf(node), Lines: LinesOf(node), file.Path)))
            .Where(function => function.Lines > Ceilings.FunctionLines).ToList();
        Findings.None(functions.Where(function => function.Lines > Ceilings.LongFunctions.GetValueOrDefault(function.Name))
            .Select(function => $"{function.Path}: {function.Name} has {function.Lines} lines"));
        Findings.None(Ceilings.LongFunctions.Keys.Except(functions.Select(function => function.Name))
            .Select(name => $"{name} is short enough now: take its line out of Ceilings.LongFunctions"));
    }

    [Fact]
    public void Lines_of_src_fit_in_140_columns() => AssertWidth(SourceTree.Src, Ceilings.WideLinesInSrc);

    [Fact]
    public void Lines_of_tests_fit_in_140_columns() => AssertWidth(SourceTree.All.Except(SourceTree.Src), Ceilings.WideLinesInTests);

    private static void AssertWidth(IEnumerable<SourceFile> files, int ceiling)
    {
        var wide = files.Select(file => (file.Path, Count: file.Lines.Count(line => line.Length > Ceilings.Width)))
            .Where(file => file.Count > 0).ToList();
        var sum = wide.Sum(file => file.Count);
        if (sum > ceiling)
        {
            Assert.Fail($"{sum} lines are wider than {Ceilings.Width} columns, {ceiling} may be. Yours: git diff main | grep -nE '^\\+.{{{Ceilings.Width + 1},}}'\n"
                + string.Join('\n', wide.OrderByDescending(file => file.Count).Take(30).Select(file => $"{file.Count,4} {file.Path}")));
        }
        Findings.Lower(sum > ceiling - 100,
            $"only {sum} lines are wider than {Ceilings.Width} columns: lower the ceiling in Ceilings.cs from {ceiling} to {sum}");
    }

    private static bool IsFunction(SyntaxNode node) =>
        node is MethodDeclarationSyntax or ConstructorDeclarationSyntax or OperatorDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax;

    // From the name to the closing brace: attributes and comments above are no part of the glance.
    private static int LinesOf(SyntaxNode node)
    {
        var from = node.ChildTokens().First(token => !token.IsKind(SyntaxKind.OpenBracketToken)).GetLocation().GetLineSpan()
            .StartLinePosition.Line;
        return node.GetLocation().GetLineSpan().EndLinePosition.Line - from + 1;
    }

    private static string NameOf(SyntaxNode node)
    {
        var name = node switch
        {
            MethodDeclarationSyntax method => method.Identifier.ValueText,
            LocalFunctionStatementSyntax local => local.Identifier.ValueText,
            AccessorDeclarationSyntax accessor =>
                accessor.Parent?.Parent is PropertyDeclarationSyntax property ? property.Identifier.ValueText : accessor.Keyword.ValueText,
            ConstructorDeclarationSyntax => "new",
            _ => "operator",
        };
        return $"{node.Ancestors().OfType<BaseTypeDeclarationSyntax>().First().Identifier.ValueText}.{name}";
    }
}
