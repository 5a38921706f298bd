using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite header-vectors: RFC 2047, 2231, dates, addresses, message ids, content types.</summary>
public sealed partial class HeaderVectorSuite
{
    // By file and position, and why we differ.
    private static readonly Dictionary<string, string> Disagreements = new()
    {
        ["rfc2047-decode.json#7"] = "three octets that are not UTF-8 give three U+FFFD, as the Unicode standard counts them",
        ["rfc2047-decode.json#9"] = "a word in an unknown charset stays as it is (RFC 2047 §6.3)",
        ["mail-parser/unstructured.json#21"] = "no space is made up between text and a word that touches it",
        ["mail-parser/unstructured.json#27"] = "as 21",
        ["mail-parser/unstructured.json#28"] = "as 21",
        ["address-first.json#47"] = "an open comment ends with the field; the word before it stays",
        ["mail-parser/id.json#3"] = "a field value ends where its field ends; this one holds an empty line that no field can",
        ["mail-parser/id.json#6"] = "white space and comments are no part of an id (RFC 5322 §4.5.4)",
        ["mail-parser/content_type.json#31"] = "section 1 has a charset of its own, which RFC 2231 §4.1 forbids; it is shown",
        ["mail-parser/content_type.json#34"] = "white space between adjacent words is not shown (RFC 2047 §6.2)",
        ["mail-parser/content_type.json#47"] = "not a token: no disposition",
        ["mail-parser/content_type.json#48"] = "a token ends at the equals sign",
        ["mail-parser/content_type.json#49"] = "an empty value is kept",
        ["mail-parser/content_type.json#54"] = "parameter names are ASCII",
        ["mail-parser/content_type.json#58"] = "as 48",
        ["mail-parser/content_type.json#59"] = "section 9999 does not follow section 1",
        ["mail-parser/content_type.json#61"] = "names with stray asterisks are kept as they are",
        ["mail-parser/content_type.json#76"] = "a second slash ends the subtype",
        ["mail-parser/content_type.json#77"] = "as 76",
        ["mail-parser/content_type.json#78"] = "as 76",
        ["rfc2231.json#7"] = "sections beside a whole parameter are dropped, not shown under another name",
        ["rfc2231.json#8"] = "section 0 is used although section 1 is missing: half a file name is better than none",
        ["rfc2231.json#9"] = "octets that do not fit the charset are guessed at or become U+FFFD, not percent escapes",
        ["rfc2231.json#10"] = "as 9",
        ["rfc2231.json#11"] = "as 9",
        ["mail-parser/date.json#10"] = "a month is a name",
        ["mail-parser/date.json#12"] = "as 10",
        ["mail-parser/date.json#14"] = "a folded comment is a comment",
        ["mail-parser/date.json#28"] = "a whole Received field; the caller gives what follows the semicolon",
        ["mail-parser/address.json#8"] = "a comment is a name only where there is no other",
        ["mail-parser/address.json#9"] = "as 8, and a backslash before a line end quotes nothing we keep",
        ["mail-parser/address.json#10"] = "as 8; a comment after the group is none of its members",
        ["mail-parser/address.json#11"] = "as 8; a comment is no member",
        ["mail-parser/address.json#13"] = "the obsolete route is no part of the address, white space around dots neither (RFC 5322 §4.4)",
        ["mail-parser/address.json#14"] = "as 8 and 13",
        ["mail-parser/address.json#22"] = "as 8",
        ["mail-parser/address.json#33"] = "white space around a name is trimmed",
        ["mail-parser/address.json#55"] = "a name stands before the address",
        ["mail-parser/address.json#56"] = "as 8",
    };

    [Fact]
    public void Encoded_words() => Run("rfc2047-decode.json", (c, _) =>
        Same(Squeeze(c.GetProperty("decoded").GetString()!), Squeeze(HeaderText.Decode(Input(c)))));

    [Fact]
    public void Q_encoded_text() => Run("q-encoding-decode.json", (c, _) =>
        Same(c.GetProperty("decoded_hex").GetString()!, Convert.ToHexStringLower(EncodedWord.DecodeQ(Input(c)))));

    [Fact]
    public void Parameters() => Run("rfc2231.json", (c, _) =>
    {
        var expected = c.GetProperty("expected").EnumerateArray().Select(p => $"{p[0].GetString()}={p[1].GetString()}").Order();
        var got = ParameterList.Parse(Utf8(c.GetProperty("parameters"))).Select(p => $"{p.Name}={p.Value}").Order();
        return Same(string.Join('|', expected), string.Join('|', got));
    });

    [Fact]
    public void Dates() => Run("dates.json", (c, _) =>
    {
        var valid = MailDate.TryParse(Input(c), out var date);
        if (!c.GetProperty("valid").GetBoolean()) return valid ? "is invalid" : null;
        if (!valid) return "is valid";
        // A leap second reads as :59; the one vector from 1901 counts from the other side of the epoch.
        if (c.TryGetProperty("offset_minutes", out var offset) && date.Offset.TotalMinutes != offset.GetInt32()) return "offset";
        return Same(c.GetProperty("unix").GetInt64().ToString(), date.ToUnixTimeSeconds().ToString());
    });

    [Fact]
    public void First_address() => Run("address-first.json", (c, _) =>
    {
        var first = AddressList.Parse(Input(c)) is [var a, ..] ? a : new HeaderAddress();
        var got = $"{first.DisplayName}|{first.Route}|{first.LocalPart}|{first.Domain}";
        string Field(string name) => c.GetProperty(name).GetString() ?? "";
        return Same($"{Field("name")}|{Field("route")}|{Field("mailbox")}|{Field("domain")}", got);
    });

    [Fact]
    public void Address_lists() => Run("mail-parser/address.json", (c, i) =>
    {
        var got = string.Join(';', AddressList.Parse(Header(c)).Select(a =>
            a.Members is { } m ? $"{a.DisplayName}:{string.Join(',', m.Select(Show))}" : Show(a)));
        return Same(Flat(c.GetProperty("expected")), got);
    });

    [Fact]
    public void Message_ids() => Run("mail-parser/id.json", (c, _) =>
        Same(Strings(c.GetProperty("expected")), string.Join('|', MessageIds.Parse(Header(c)))));

    [Fact]
    public void Unstructured_text() => Run("mail-parser/unstructured.json", (c, _) =>
    {
        HeaderFields.TryFind([.. "X:"u8, .. Header(c)], "X"u8, out var value);
        return Same(Squeeze(c.GetProperty("expected").GetString() ?? ""), Squeeze(HeaderText.Decode(value)));
    });

    [Fact]
    public void Parsed_dates() => Run("mail-parser/date.json", (c, _) =>
    {
        var ok = MailDate.TryParse(Header(c), out var d);
        var e = c.GetProperty("expected");
        if (e.ValueKind == JsonValueKind.Null) return ok ? "is invalid" : null;
        int N(string name) => e.GetProperty(name).GetInt32();
        var zone = ((N("tz_hour") * 60) + N("tz_minute")) * (e.GetProperty("tz_before_gmt").GetBoolean() ? -1 : 1);
        var expected = $"{N("year")}-{N("month")}-{N("day")} {N("hour")}:{N("minute")}:{N("second")} {zone}";
        return Same(expected, $"{d.Year}-{d.Month}-{d.Day} {d.Hour}:{d.Minute}:{d.Second} {d.Offset.TotalMinutes}");
    });

    [Fact]
    public void Content_types() => Run("mail-parser/content_type.json", (c, _) =>
    {
        var scanner = new MimeScanner();
        scanner.Append([.. "Content-Disposition:"u8, .. Header(c), .. "\r\n\r\n"u8]);
        scanner.Append("x"u8);
        var asDisposition = scanner.Finish();
        scanner = new MimeScanner();
        scanner.Append([.. "Content-Type:"u8, .. Header(c), .. "\r\n\r\n"u8]);
        var part = scanner.Finish();
        var e = c.GetProperty("expected");
        if (e.ValueKind == JsonValueKind.Null) return null;
        var subtype = e.TryGetProperty("c_subtype", out var sub) ? sub.GetString() : null;
        var expectsType = subtype is not null;
        var got = expectsType ? $"{part.Type}/{part.Subtype}" : asDisposition.Disposition ?? "";
        var expected = e.GetProperty("c_type").GetString() + (expectsType ? "/" + subtype : "");
        var wanted = !e.TryGetProperty("attributes", out var attributes) || attributes.ValueKind == JsonValueKind.Null ? "" : string.Join('|', attributes.EnumerateArray()
            .Where(a => a[0].GetString()!.Length > 0 && !a[0].GetString()!.EndsWith("-language", StringComparison.Ordinal))
            .Select(a => $"{a[0].GetString()!.ToLowerInvariant()}={a[1].GetString()}").Order());
        var parameters = expectsType ? part.Parameters : asDisposition.DispositionParameters;
        return Same($"{expected.ToLowerInvariant()};{wanted}",
            $"{got};{string.Join('|', parameters.Select(p => $"{p.Name}={EncodedWord.Decode(p.Value)}").Order())}");
    });

    private static void Run(string file, Func<JsonElement, int, string?> check)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Suites.Find("header-vectors"), file)));
        var wrong = new List<string>();
        var number = 0;
        foreach (var c in json.RootElement.EnumerateArray())
        {
            var name = $"{file}#{number}";
            var difference = check(c, number++);
            var listed = Disagreements.ContainsKey(name);
            if (difference is not null && !listed) wrong.Add($"{name}: {difference}");
            if (difference is null && listed) wrong.Add($"{name} is listed as a disagreement but agrees");
        }
        Assert.True(number > 5);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static string? Same(string expected, string got) =>
        expected == got ? null : $"expected {JsonSerializer.Serialize(expected, Json)}\n     got {JsonSerializer.Serialize(got, Json)}";

    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static byte[] Input(JsonElement c) => Utf8(c.GetProperty("input"));

    private static byte[] Header(JsonElement c) => Utf8(c.GetProperty("header"));

    private static byte[] Utf8(JsonElement text) => Encoding.UTF8.GetBytes(text.GetString()!);

    private static string Strings(JsonElement list) =>
        list.ValueKind == JsonValueKind.Null ? "" : string.Join('|', list.EnumerateArray().Select(e => e.GetString()));

    private static string Show(HeaderAddress a) => $"{a.DisplayName}<{(a.Domain.Length == 0 ? a.LocalPart : $"{a.LocalPart}@{a.Domain}")}>";

    private static string Flat(JsonElement expected)
    {
        if (expected.ValueKind == JsonValueKind.Null) return "";
        static string One(JsonElement a) => $"{a.GetProperty("name").GetString()}<{a.GetProperty("address").GetString()}>";
        if (expected.TryGetProperty("List", out var list)) return string.Join(';', list.EnumerateArray().Select(One));
        return string.Join(';', expected.GetProperty("Group").EnumerateArray().SelectMany(g => g.GetProperty("name").GetString() is { } name
            ? [$"{name}:{string.Join(',', g.GetProperty("addresses").EnumerateArray().Select(One))}"]
            : g.GetProperty("addresses").EnumerateArray().Select(One)));
    }

    private static string Squeeze(string text) => Blanks().Replace(text, " ").Trim();

    [GeneratedRegex("[ \t\r\n]+")]
    private static partial Regex Blanks();
}
