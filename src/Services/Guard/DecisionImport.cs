using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Guard;

/// <summary>Reads what `cscli decisions import` reads: a JSON array, CSV with a header, or a value a line.</summary>
public static class DecisionImport
{
    public const int Most = 200_000;

    /// <summary>The decisions, and the first thing that was wrong; then nothing is to be taken.</summary>
    public static (IReadOnlyList<Decision> Decisions, string? Problem) Read(string text, string format, Defaults defaults, DateTimeOffset now)
    {
        List<Decision> read = [];
        try
        {
            var line = 0;
            foreach (var row in Rows(text, format))
            {
                line++;
                if (line > Most) return ([], $"more than {Most} decisions");
                var value = row("value") is { Length: > 0 } given ? Decision.Canonical(given) : null;
                if (value is null) return ([], $"decision {line}: `{row("value")}` is no address and no network");
                var duration = row("duration") is { Length: > 0 } d ? d : defaults.Duration;
                if (!GoDuration.TryParse(duration, out var length) || length <= TimeSpan.Zero) return ([], $"decision {line}: `{duration}` is no duration such as 4h");
                read.Add(new(0, "cscli-import", Or(row("reason") ?? row("scenario"), defaults.Reason), Or(row("type"), defaults.Type), value, now, now + length));
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
        : Lines(text).FirstOrDefault() is { } first && first.Split(',').Any(c => c.Trim().Trim('"') == "value") ? "csv" : "values";

    /// <summary>What holds where the file says nothing.</summary>
    public sealed record Defaults(string Duration = "4h", string Reason = "manual", string Type = Decision.Ban);

    private static string Or(string? text, string other) => string.IsNullOrEmpty(text) ? other : text;

    private static IEnumerable<Func<string, string?>> Rows(string text, string format) => format switch
    {
        "json" => Json(text),
        "csv" => Csv(text),
        _ => Lines(text).Select(line => (Func<string, string?>)(name => name == "value" ? line : null)),
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

    private static IEnumerable<Func<string, string?>> Csv(string text)
    {
        string[]? header = null;
        foreach (var line in Lines(text))
        {
            var cells = line.Split(',').Select(c => c.Trim().Trim('"')).ToArray();
            if (header is null)
            {
                header = cells;
                continue;
            }
            var names = header;
            yield return name => Array.IndexOf(names, name) is var at and >= 0 && at < cells.Length ? cells[at] : null;
        }
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#');
}
