using System.Text;
using System.Text.Json;
using Aviso.Mime;
using Aviso.Tests.Fuzz;
using Aviso.Tests.Unit.Mime;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite mime-corpus: odd and broken messages. All are read whole, by line and by octet with one result, and shown.</summary>
public sealed class MimeCorpusSuite
{
    private static readonly string[] Extensions = [".eml", ".txt", ".msg", ".mbox"];

    // Part trees that differ from the other parser's, by file, and why.
    private static readonly Dictionary<string, string> TreeDisagreements = new()
    {
        ["legacy/049"] = "uuencoded body: the other parser leaves out its last line end",
        ["malformed/000"] = "a part ends at its boundary even when its header never ended",
        ["malformed/001"] = "the outer boundary inside a header ends it; the inner multipart is empty",
        ["malformed/004"] = "no line is the boundary: a longer line is not (RFC 2046 §5.1.1)",
        ["malformed/007"] = "a boundary is looked for only after the header that declares it",
        ["malformed/008"] = "the outer boundary ends the inner multipart",
        ["malformed/009"] = "as 008",
        ["malformed/011"] = "as 008",
        ["malformed/012"] = "as 008, through embedded messages",
        ["malformed/013"] = "a boundary line at the very end begins an empty part",
        ["malformed/014"] = "as 013",
        ["malformed/016"] = "boundaries of 80 to 82 characters are compared whole",
        ["malformed/019"] = "the last line end belongs to the epilogue, so to the multipart",
        ["malformed/020"] = "a multipart inside is looked into",
        ["malformed/021"] = "as 020",
        ["malformed/022"] = "message/rfc822 is an embedded message whatever its text is",
        ["rfc/008"] = "message/external-body holds no message to look into",
        ["thirdparty/005"] = "a boundary stands at the beginning of a line",
        ["thirdparty/015"] = "the outer boundary ends the embedded message",
    };

    private static readonly Dictionary<string, string> OffsetDisagreements = new()
    {
        ["issue1189.unix-offsets.json@588.2"] = "a header cut by a boundary keeps its last line end",
        ["issue1189.dos-offsets.json@610.2"] = "as above",
    };

    [Fact]
    public void Every_message_is_read_the_same_in_any_chunks_and_can_be_shown()
    {
        var files = Directory.EnumerateFiles(Suites.Find("mime-corpus"), "*", SearchOption.AllDirectories)
            .Where(f => Extensions.Contains(Path.GetExtension(f))).ToList();
        Assert.True(files.Count > 300);
        foreach (var file in files)
        {
            var message = File.ReadAllBytes(file);
            MimeOracle.Check(message);
            MimeOracle.Check(Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(message).ReplaceLineEndings("\r\n")));
        }
    }

    [Fact]
    public void Part_trees_and_offsets_are_those_of_another_parser()
    {
        var folder = Path.Combine(Suites.Find("mime-corpus"), "mail-parser");
        var wrong = new List<string>();
        var count = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*.eml", SearchOption.AllDirectories).Order())
        {
            count++;
            var name = Path.GetRelativePath(folder, file).Replace(".eml", "", StringComparison.Ordinal);
            var difference = TreeDifference(file);
            if (difference is not null && !TreeDisagreements.ContainsKey(name)) wrong.Add($"{name}: {difference}");
            if (difference is null && TreeDisagreements.ContainsKey(name)) wrong.Add($"{name} is listed as a disagreement but agrees");
        }
        Assert.True(count > 100);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("content-length.mbox.txt", "content-length.unix-offsets.json", "\n")]
    [InlineData("content-length.mbox.txt", "content-length.dos-offsets.json", "\r\n")]
    [InlineData("issue1189.mbox.txt", "issue1189.unix-offsets.json", "\n")]
    [InlineData("issue1189.mbox.txt", "issue1189.dos-offsets.json", "\r\n")]
    public void Offsets_octets_and_lines_are_those_of_another_parser(string mbox, string offsets, string lineEnd)
    {
        var folder = Path.Combine(Suites.Find("mime-corpus"), "mimekit", "mbox");
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(folder, mbox))).ReplaceLineEndings(lineEnd);
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, offsets)));
        var wrong = new List<string>();
        foreach (var message in json.RootElement.EnumerateArray())
        {
            var begin = message.GetProperty("beginOffset").GetInt64();
            var end = message.GetProperty("endOffset").GetInt64();
            var root = MimeScannerTests.Scan(Encoding.Latin1.GetBytes(text[(int)begin..(int)end]));
            Compare(message.GetProperty("body"), root, begin, $"{offsets}@{begin}", wrong);
        }
        wrong.RemoveAll(w => OffsetDisagreements.Keys.Any(k => w.StartsWith(k, StringComparison.Ordinal)));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static void Compare(JsonElement expected, MimePart part, long begin, string name, List<string> wrong)
    {
        var children = expected.TryGetProperty("children", out var c) ? c.EnumerateArray().ToArray() : [];
        var type = $"{part.Type}/{part.Subtype}";
        var got = $"{type} {part.HeaderOffset + begin} {part.BodyOffset + begin} {part.EndOffset + begin} {part.BodyLength} {part.Children.Count}";
        long N(string field) => expected.GetProperty(field).GetInt64();
        var want = $"{expected.GetProperty("mimeType").GetString()!.ToLowerInvariant()} {N("beginOffset")} {N("headersEndOffset")} {N("endOffset")} {N("octets")} {children.Length}";
        if (got != want) wrong.Add($"{name}: expected {want}, got {got}");
        for (var i = 0; i < Math.Min(children.Length, part.Children.Count); i++) Compare(
            children[i], part.Children[i], begin, $"{name}.{i + 1}", wrong);
        if (expected.TryGetProperty("message", out var message))
        {
            if (part.Message is null) wrong.Add($"{name}: no embedded message");
            else Compare(message.GetProperty("body"), part.Message, begin, $"{name}.M", wrong);
        }
    }

    private static string? TreeDifference(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".json")));
        var expected = json.RootElement.GetProperty("parts").EnumerateArray().Select(p =>
        {
            var kind = p.GetProperty("body").EnumerateObject().First().Name;
            return $"{(kind is "Multipart" or "Message" ? kind : "Leaf")} {p.GetProperty("offset_body").GetInt64()}-{p.GetProperty("offset_end").GetInt64()}";
        }).ToList();
        // Most of the offsets count LF line ends, whatever the file has.
        var message = File.ReadAllBytes(file);
        var lf = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(message).Replace("\r\n", "\n", StringComparison.Ordinal));
        return Difference(expected, lf) is { } difference && Difference(expected, message) is not null ? difference : null;
    }

    private static string? Difference(List<string> expected, byte[] message)
    {
        var got = Flat(MimeScannerTests.Scan(message)).Select(p =>
            $"{(p.Children.Count > 0 ? "Multipart" : p.Message is not null ? "Message" : "Leaf")} {p.BodyOffset}-{p.EndOffset}").ToList();
        return expected.SequenceEqual(got)
            ? null : $"expected {string.Join(", ", expected.Except(got))}, got {string.Join(", ", got.Except(expected))}";
    }

    private static IEnumerable<MimePart> Flat(MimePart part)
    {
        yield return part;
        foreach (var child in part.Children.SelectMany(Flat)) yield return child;
    }
}
