using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Guard;

/// <summary>Reads what `cscli decisions import` reads: a JSON array, CSV with a header, or a value a line.</summary>
public static class DecisionImport
{
    public const int Most = 200_000;

    /// <param name="Where">In the file: a line, or the how manieth decision of JSON.</param>
    public readonly record struct Entry(string Where, Decision Decision);

    /// <summary>The decisions, and the first thing that was wrong; then nothing is to be taken.</summary>
    public static (IReadOnlyList<Entry> Entries, string? Problem) Read(string text, string format, Defaults defaults, DateTimeOffset now)
    {
        List<Entry> read = [];
        try
        {
            foreach (var (where, row) in Rows(text, format))
            {
                if (read.Count == Most) return ([], $"more than {Most} decisions");
                var value = row("value") is { Length: > 0 } given ? Decision.Canonical(given) : null;
                if (value is null) return ([], $"{where}: `{row("value")}` is no address and no network");
                var duration = row("duration") is { Length: > 0 } d ? d : defaults.Duration;
                if (!GoDuration.TryParse(duration, out var length) || length <= TimeSpan.Zero) return (
                    [], $"{where}: `{duration}` is no duration such as 4h");
                read.Add(new(where, new(0, "cscli-import", Or(row("reason") ?? row("scenario"), defaults.Reason),
                    Or(row("type"), defaults.Type), value, now, now + length)));
            }
            return (read, null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return ([], $"this is no JSON array of decisions: {e.Message}");
        }
    }

    /// <summary>json, csv or values, by the file's name as cscli does it; where that says nothing, by how it begins.</summary>
    public static string FormatOf(string file, string text) =>
        file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? "json"
        : file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? "csv"
        : text.AsSpan().TrimStart() is ['[', ..] or "null" ? "json"
        : Lines(text).FirstOrDefault().Text is { } first && first.Split(',').Any(c => c.Trim().Trim('"') == "value") ? "csv" : "values";

    /// <summary>What holds where the file says nothing.</summary>
    public sealed record Defaults(string Duration = "4h", string Reason = "manual", string Type = Decision.Ban);

    private static string Or(string? text, string other) => string.IsNullOrEmpty(text) ? other : text;

    private static IEnumerable<(string Where, Func<string, string?> Row)> Rows(string text, string format) => format switch
    {
        "json" => Json(text).Select((row, i) => ($"decision {i + 1}", row)),
        "csv" => Csv(text),
        _ => Lines(text).Select(l => ($"line {l.Number}", (Func<string, string?>)(name => name == "value" ? l.Text : null))),
    };

    private static IEnumerable<Func<string, string?>> Json(string text)
    {
        // `cscli decisions list -o json` prints null when there are none.
        foreach (var item in JsonNode.Parse(text)?.AsArray() ?? [])
        {
            // What `cscli decisions list -o json` prints holds alerts with their decisions.
            if (item?["decisions"] is JsonArray inner)
            {
                foreach (var one in inner) yield return name => one?[name]?.ToString();
            }
            else yield return name => item?[name]?.ToString();
        }
    }

    private static IEnumerable<(string Where, Func<string, string?> Row)> Csv(string text)
    {
        string[]? header = null;
        foreach (var (number, line) in Lines(text))
        {
            var cells = line.Split(',').Select(c => c.Trim().Trim('"')).ToArray();
            if (header is null)
            {
                header = cells;
                continue;
            }
            var names = header;
            yield return ($"line {number}", name => Array.IndexOf(names, name) is var at and >= 0 && at < cells.Length ? cells[at] : null);
        }
    }

    private static IEnumerable<(int Number, string Text)> Lines(string text) =>
        text.Split('\n').Select((l, i) => (i + 1, l.Trim())).Where(l => l.Item2.Length > 0 && l.Item2[0] != '#');
}
