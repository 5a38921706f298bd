using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite imap-structure: ENVELOPE, BODY and BODYSTRUCTURE as an established server writes them.</summary>
public sealed partial class ImapStructureSuite
{
    [Fact]
    public void Body_structures_are_as_expected() => Run("bodystructure.json", (c, message) =>
    {
        var root = Scan(message);
        Same(c.GetProperty("bodystructure").GetString()!, ImapStructure.BodyStructure(root, false));
        Same(c.GetProperty("body").GetString()!, ImapStructure.Body(root, false));
        var stored = PartIndex.Read(PartIndex.Write(root));
        Same(c.GetProperty("bodystructure").GetString()!,
            ImapStructure.BodyStructure(stored, false, (at, length) => message.AsMemory((int)at, length)));
    });

    [Fact]
    public void Envelopes_are_as_expected() => Run("envelope.json", (c, message) =>
        Same(c.GetProperty("envelope").GetString()!, ImapStructure.Envelope(message, false)));

    [Fact]
    public void The_torture_message_has_the_tree_another_server_shows()
    {
        var folder = Path.Combine(Suites.Find("imap-structure"), "mimetorture");
        var fetch = File.ReadAllText(Path.Combine(folder, "fetch-response.txt"));
        var root = Scan(File.ReadAllBytes(Path.Combine(folder, "ryan_finnie_mime_torture.eml")));
        Assert.Equal(Types(fetch), Types(Encoding.UTF8.GetString(ImapStructure.BodyStructure(root, false))));
    }

    private static string Types(string structure) =>
        string.Join('\n', MediaTypes().Matches(structure).Select(m => m.Value.ToLowerInvariant()));

    [GeneratedRegex(@"\(""(text|image|audio|video|application|message)"" ""[^""]+""|\) ""(mixed|alternative|related|digest|parallel)""",
        RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex MediaTypes();

    private static void Run(string file, Action<JsonElement, byte[]> check)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Suites.Find("imap-structure"), file)));
        foreach (var c in json.RootElement.EnumerateArray())
            check(c, Encoding.UTF8.GetBytes(c.GetProperty("message").GetString()!.ReplaceLineEndings("\r\n")));
    }

    private static MimePart Scan(byte[] message)
    {
        var scanner = new MimeScanner();
        scanner.Append(message);
        return scanner.Finish();
    }

    private static void Same(string expected, byte[] got) =>
        Assert.Equal($"({expected})", Encoding.UTF8.GetString(got), ignoreCase: true);
}
