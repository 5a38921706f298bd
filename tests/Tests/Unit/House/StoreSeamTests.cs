using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>
/// The store's seam (docs/decisions/0056-one-store-in-parts.md): an engine is written interface by interface, and each part of it says
/// which interface it is.
/// </summary>
public sealed class StoreSeamTests
{
    private static readonly INamedTypeSymbol Seam = Named("Aviso.Store.IMailStore"), Engine = Named("Aviso.Store.SqliteMailStore");

    public static TheoryData<string> Interfaces => [.. Seam.AllInterfaces.Where(IsOurs).Append(Seam).Select(i => i.Name)];

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void What_an_interface_wants_stands_in_a_part_that_names_it(string name)
    {
        var wanted = Named("Aviso.Store." + name);
        var members = wanted.GetMembers().Where(member => member is not IMethodSymbol { AssociatedSymbol: not null }).ToList();
        Assert.NotEmpty(members);
        Findings.None(members.Select(member => Engine.FindImplementationForInterfaceMember(member))
            .Select(found => found?.DeclaringSyntaxReferences.Single().GetSyntax())
            .Select((found, at) => (Found: found, members[at].Name))
            .Where(member => !Names(member.Found).Contains(name))
            .Select(member => $"{member.Found?.SyntaxTree.FilePath}: {member.Name} of {name} stands in a part that does not name it"));
    }

    [Fact]
    public void Nothing_at_the_seam_shows_an_engine() =>
        Findings.None(Seam.AllInterfaces.Where(IsOurs).Append(Seam).SelectMany(i => i.GetMembers().OfType<IMethodSymbol>())
            .SelectMany(method => method.Parameters.Select(p => p.Type).Append(method.ReturnType).Select(type => (method, type)))
            .Where(use => use.type.ToDisplayString().Contains("Sqlite", StringComparison.OrdinalIgnoreCase))
            .Select(use => $"{use.method.Name}: {use.type.ToDisplayString()}"));

    private static bool IsOurs(INamedTypeSymbol type) => type.ContainingNamespace.ToDisplayString() == "Aviso.Store";

    private static INamedTypeSymbol Named(string name) =>
        SourceTree.Compilation.GetTypeByMetadataName(name) ?? throw new InvalidOperationException($"there is no {name}");

    private static IEnumerable<string> Names(SyntaxNode? member) =>
        member?.FirstAncestorOrSelf<ClassDeclarationSyntax>()?.BaseList?.Types.Select(type => type.Type.ToString()) ?? [];
}
