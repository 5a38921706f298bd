using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>What we build on has a line in dependencies.md: packages, libraries that are called, programs that are started.</summary>
public sealed partial class DependencyTests
{
    private static readonly string Root = Checkout.Root;
    private static readonly string WebPackages = File.ReadAllText(Path.Combine(Root, "web/package.json"));
    private static readonly string Page = File.ReadAllText(Path.Combine(Root, "dependencies.md"));

    [Fact]
    public void Every_package_has_a_line()
    {
        var used = Projects().SelectMany(p => XDocument.Load(p).Descendants("PackageReference")).Select(Name)
            .Concat(Pinned()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(used);
        Assert.Empty(used.Where(name => !Said(name)));
    }

    [Fact]
    public void Every_pinned_package_is_used()
    {
        var used = Projects().SelectMany(p => XDocument.Load(p).Descendants("PackageReference")).Select(Name).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Pinned().Where(name => !used.Contains(name)));
    }

    [Fact]
    public void Every_package_of_the_web_client_has_a_line_and_one_version()
    {
        using var client = JsonDocument.Parse(WebPackages);
        var used = new[] { "dependencies", "devDependencies" }.SelectMany(kind => client.RootElement.GetProperty(kind).EnumerateObject()).ToList();
        Assert.NotEmpty(used);
        Assert.Empty(used.Select(package => package.Name).Where(name => !Said(name)));
        Assert.Empty(used.Where(package => !char.IsAsciiDigit(package.Value.GetString()![0])).Select(package => package.Name));
        Assert.DoesNotContain("\"resolved\"", File.ReadAllText(Path.Combine(Root, "web/package-lock.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_native_library_has_a_line()
    {
        var called = Sources().SelectMany(text => Library().Matches(text)).Select(m => m.Groups[1].Value).Distinct(StringComparer.Ordinal).ToList();
        Assert.Superset(new HashSet<string>(["libc", "libcrypt", "libcrypto"]), called.ToHashSet(StringComparer.Ordinal));
        Assert.Empty(called.Where(name => !Said(name)));
    }

    [Fact]
    public void Every_import_names_its_library_where_this_test_sees_it()
    {
        var hidden = Sources().SelectMany(text => Import().Matches(text).Where(m => !m.Groups[1].Value.StartsWith("\"lib", StringComparison.Ordinal)
            && !Regex.IsMatch(text, $@"const string {Regex.Escape(m.Groups[1].Value)} = ""[A-Za-z0-9_.]+""")));
        Assert.Empty(hidden.Select(m => m.Value));
        var constants = Sources().SelectMany(text => Import().Matches(text).Select(m => Regex.Match(text, $@"const string {Regex.Escape(m.Groups[1].Value)} = ""([A-Za-z0-9_]+)")))
            .Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct(StringComparer.Ordinal);
        Assert.Empty(constants.Where(name => !Said(name)));
    }

    [Fact]
    public void Every_program_that_the_server_starts_has_a_line()
    {
        var started = Sources().SelectMany(text => Program().Matches(text)).Select(m => m.Groups[1].Value).Distinct(StringComparer.Ordinal).ToList();
        Assert.Contains("nft", started);
        Assert.Empty(started.Where(name => !Said(name)));
    }

    [Fact]
    public void Every_line_names_something_that_is_used()
    {
        var texts = Sources().Concat(Projects().Select(File.ReadAllText)).Append(File.ReadAllText(Path.Combine(Root, "Directory.Packages.props")))
            .Append(File.ReadAllText(Path.Combine(Root, "Directory.Build.props"))).Concat(Below("*", "src").Select(p => Path.GetFileName(p)!)).Append(WebPackages).ToList();
        var named = Page.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).SelectMany(l => Code().Matches(l.Split('|')[1])).Select(m => m.Groups[1].Value).ToList();
        Assert.True(named.Count > 20);
        Assert.Empty(named.Where(name => !texts.Exists(t => t.Contains(name, StringComparison.Ordinal))));
    }

    private static bool Said(string name) => Page.Contains($"`{name}`", StringComparison.Ordinal);

    private static string Name(XElement reference) => (string)reference.Attribute("Include")!;

    private static IEnumerable<string> Pinned() => XDocument.Load(Path.Combine(Root, "Directory.Packages.props")).Descendants("PackageVersion").Select(Name);

    private static IEnumerable<string> Projects() => Below("*.csproj", "src", "tests").Append(Path.Combine(Root, "Directory.Build.props"));

    private static IEnumerable<string> Sources() => Below("*.cs", "src").Select(File.ReadAllText);

    private static IEnumerable<string> Below(string pattern, params string[] folders) => folders
        .SelectMany(f => Directory.EnumerateFiles(Path.Combine(Root, f), pattern, SearchOption.AllDirectories))
        .Where(p => !p.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    // "libcrypto.so.3", "libcrypt.so.1", and whatever an import names.
    [GeneratedRegex(@"(?:""|Import\("")(lib[a-z0-9_]+)(?:\.so[0-9.]*""|\.dylib""|(?<=Import\(""\w+)"")")]
    private static partial Regex Library();

    [GeneratedRegex(@"(?:Library|Dll)Import\(([^),]+)")]
    private static partial Regex Import();

    [GeneratedRegex(@"ProcessStartInfo\(""([^""]+)""")]
    private static partial Regex Program();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
