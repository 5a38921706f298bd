// Describe owns the page that says what a running server is now: one file a section. Rules in here: a section only reads; a title never
// changes, for alerts link to it; references stand in place of secrets; a section that fails says so, and the others are written.
using System.Globalization;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>One section of the page.</summary>
internal interface IDescribed
{
    /// <summary>One or two words; the page's link to it is made of them.</summary>
    string Title { get; }

    Task WriteAsync(DescribedPart part, CancellationToken cancel);
}

/// <summary>What one section says: sentences, then tables.</summary>
internal sealed class DescribedPart
{
    private readonly List<string> _says = [];
    private readonly List<(string Name, JsonArray Rows)> _tables = [];

    public DescribedPart Say(string sentence)
    {
        _says.Add(sentence);
        return this;
    }

    /// <param name="name">What a row is, such as "relays".</param>
    public DescribedPart Table(string name, IEnumerable<JsonObject> rows)
    {
        // What stands in another answer is copied.
        _tables.Add((name, Output.Rows(rows.Select(r => r.Parent is null ? r : (JsonObject)r.DeepClone()))));
        return this;
    }

    public JsonObject Json(string title) => new()
    {
        ["anchor"] = Anchor(title),
        ["title"] = title,
        ["says"] = new JsonArray([.. _says.Select(s => (JsonNode)s)]),
        ["tables"] = new JsonArray([.. _tables.Select(t => (JsonNode)new JsonObject { ["of"] = t.Name, ["rows"] = t.Rows.DeepClone() })]),
    };

    /// <summary>As those who show Markdown make it of a heading.</summary>
    public static string Anchor(string title) => title.ToLowerInvariant().Replace(' ', '-');

    public static JsonObject Row(params (string Key, string Value)[] cells) =>
        new(cells.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)JsonValue.Create(c.Value))));

    public static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>"1 domain", "2 domains".</summary>
    public static string Count(long count, string one, string? many = null) =>
        count.ToString("N0", CultureInfo.InvariantCulture) + " " + (count == 1 ? one : many ?? one + "s");

    public static string Time(DateTimeOffset? at) =>
        at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "never";

    /// <summary>A length of time as people say it.</summary>
    public static string Span(TimeSpan span) => span < TimeSpan.Zero ? "0 seconds"
        : span.TotalMinutes < 2 ? Count((long)span.TotalSeconds, "second")
        : span.TotalHours < 2 ? Count((long)span.TotalMinutes, "minute")
        : span.TotalDays < 2 ? Count((long)span.TotalHours, "hour") : Count((long)span.TotalDays, "day");

    public static string Octets(long octets) => octets switch
    {
        >= 10L << 30 => string.Create(CultureInfo.InvariantCulture, $"{octets >> 30:N0} GB"),
        >= 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{octets / (double)(1 << 30):0.0} GB"),
        >= 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{octets >> 20} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{octets >> 10} kB"),
    };
}
