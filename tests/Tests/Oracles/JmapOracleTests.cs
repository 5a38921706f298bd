using System.Globalization;
using System.Text.Json;
using Aviso.Tests.Unit.Jmap;
using Xunit;

namespace Aviso.Tests.Oracles;

/// <summary>The Email object of a message beside what MimeKit reads in it. Where Aviso's own reading differs, differences.txt has said
/// why; JMAP must say the same as that reading, or as MimeKit.</summary>
public sealed class JmapOracleTests
{
    [Fact]
    public void Email_objects_of_every_message_of_the_suites_say_what_others_read()
    {
        var (wrong, compared) = (new List<string>(), 0);
        foreach (var folder in (string[])["mime-corpus", "bounces", "imap-structure"])
        {
            foreach (var file in Directory.EnumerateFiles(Suites.Find(folder), "*.eml", SearchOption.AllDirectories))
                compared += Compare(Path.GetFileName(file), File.ReadAllBytes(file), wrong);
        }
        Assert.True(compared > 1500);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(40)));
    }

    [Fact]
    public void Email_objects_of_messages_made_by_chance_do_too()
    {
        var (wrong, compared) = (new List<string>(), 0);
        for (var seed = 0; seed < 1000; seed++) compared += Compare($"made {seed}", new MadeMessage(seed).Write(), wrong);
        Assert.True(compared > 5000);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(40)));
    }

    private static int Compare(string name, byte[] message, List<string> wrong)
    {
        if (MessageView.Theirs(message) is not { } theirs) return 0;
        var email = Rendering.Of(message, Rendering.Everything);
        var (ours, compared) = (new SortedDictionary<string, string>(StringComparer.Ordinal), 0);
        Part(ours, "", email.GetProperty("bodyStructure"), email.GetProperty("bodyValues"));
        // Of several fields JMAP takes the last one (RFC 8621 §4.1.3).
        var dates = Rendering.Of(message, Rendering.Request("header:Date:all")).GetProperty("header:Date:all").GetArrayLength();
        if (dates == 1 && email.GetProperty("sentAt").GetString() is { } date)
            ours["Date"] = DateTimeOffset.Parse(date, CultureInfo.InvariantCulture).ToString(
                "yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
        var read = MessageView.Ours(message);
        foreach (var (field, said) in ours)
        {
            if (!theirs.TryGetValue(field, out var other)) continue;
            compared++;
            if (said != Size(field, other) && said != Size(field, read.GetValueOrDefault(field, ""))) wrong.Add(
                $"{name}: {field}: {said}, not {other}");
        }
        return compared;
    }

    // Octets are compared by their number: an EmailBodyPart has no hash.
    private static string Size(string field, string said) =>
        field.StartsWith("octets ", StringComparison.Ordinal) ? said.Split(' ')[0] : said;

    private static void Part(SortedDictionary<string, string> view, string at, JsonElement part, JsonElement values)
    {
        var type = part.GetProperty("type").GetString()!;
        view["type " + at] = type;
        if (part.GetProperty("subParts") is { ValueKind: JsonValueKind.Array } children)
        {
            var number = 0;
            foreach (var child in children.EnumerateArray()) Part(view, $"{at}.{++number}", child, values);
            return;
        }
        if (type is "message/rfc822" or "message/global") return;
        view["file " + at] = part.GetProperty("name").GetString() ?? "";
        view["octets " + at] = part.GetProperty("size").GetInt64().ToString(CultureInfo.InvariantCulture);
        if (values.TryGetProperty(part.GetProperty("partId").GetString()!, out var value))
            view["text " + at] = value.GetProperty("value").GetString()!.ReplaceLineEndings("\n");
    }
}
