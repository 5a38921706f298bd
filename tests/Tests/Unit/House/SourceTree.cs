using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Aviso.Tests.Unit.House;

/// <summary>One file of the checkout, read once for all tests of the house.</summary>
/// <param name="Path">From the checkout's root, with slashes.</param>
internal sealed record SourceFile(string Path, string Text, SyntaxTree Tree)
{
    public IEnumerable<string> Lines => Text.Split('\n');

    public SyntaxNode Root => Tree.GetRoot();
}

/// <summary>The C# of the checkout as its compiler sees it.</summary>
internal static class SourceTree
{
    private static readonly CSharpParseOptions Language = new(LanguageVersion.Preview, DocumentationMode.None);
    private static readonly Lazy<ImmutableArray<SourceFile>> Sources = new(() => Read("src"));
    private static readonly Lazy<ImmutableArray<SourceFile>> Trials = new(() => Read("tests"));
    private static readonly Lazy<CSharpCompilation> Whole = new(Compile);

    /// <summary>Every file below src.</summary>
    public static ImmutableArray<SourceFile> Src => Sources.Value;

    /// <summary>Every file below src and tests.</summary>
    public static IEnumerable<SourceFile> All => Src.Concat(Trials.Value);

    /// <summary>
    /// All four projects as one program, so that every name finds its declaration. What source generators would add is absent: a name of
    /// theirs has no symbol, and no room.
    /// </summary>
    public static CSharpCompilation Compilation => Whole.Value;

    private static ImmutableArray<SourceFile> Read(string folder) =>
        [.. Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Checkout.Root, file).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal).AsParallel().AsOrdered().Select(One)];

    private static SourceFile One(string path)
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, path));
        return new(path, text, CSharpSyntaxTree.ParseText(text, Language, path));
    }

    // The framework and the packages are those that run this test; our own assemblies are left out, for they are the sources.
    private static CSharpCompilation Compile()
    {
        var trusted = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => !Path.GetFileName(file).StartsWith("aviso", StringComparison.OrdinalIgnoreCase));
        return CSharpCompilation.Create(
            "Aviso", Src.Select(file => file.Tree).Prepend(CSharpSyntaxTree.ParseText(ImplicitUsings, Language)),
            trusted.Select(file => MetadataReference.CreateFromFile(file)),
            new(OutputKind.ConsoleApplication, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable,
                concurrentBuild: true));
    }

    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;
}
