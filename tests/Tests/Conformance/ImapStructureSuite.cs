using System.Text;
using System.Text.Json;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite imap-structure: ENVELOPE, BODY and BODYSTRUCTURE as an established server writes them.</summary>
public sealed class ImapStructureSuite
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
