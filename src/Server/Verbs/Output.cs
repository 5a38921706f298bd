using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Spectre.Console;

namespace Aviso.Verbs;

/// <summary>Prints data as JSON, as a table on a terminal, or as plain columns elsewhere.</summary>
internal static class Output
{
    private static readonly JsonSerializerOptions Readable = new(AdminJson.Plain) { WriteIndented = true };

    public static void Json(TextWriter output, JsonNode? node) => output.WriteLine(node?.ToJsonString(Readable) ?? "null");

    public static JsonArray Rows(IEnumerable<JsonObject> rows) => [.. rows.Select(r => (JsonNode)r)];

    /// <summary>An array of flat objects as a table, an object as lines, a text as itself.</summary>
    public static void Show(TextWriter output, JsonNode? node)
    {
        if (node is JsonArray { Count: 0 }) output.WriteLine("(none)");
        else if (node is JsonArray rows && rows.All(r => r is JsonObject)) Table(output, rows);
        else if (node is JsonObject one)
        {
            foreach (var (key, value) in one) Field(output, key, value);
        }
        else if (node is JsonValue text && text.TryGetValue<string>(out var lines))
        {
            foreach (var line in lines.Split('\n')) output.WriteLine(Clean(line));
        }
        else if (node is not null) output.WriteLine(Cell(node));
    }

    private static void Field(TextWriter output, string key, JsonNode? value)
    {
        if (value is not JsonArray { Count: > 0 } list)
        {
            output.WriteLine($"{key}: {(value is JsonArray ? "(none)" : Cell(value))}");
            return;
        }
        output.WriteLine($"{key}:");
        if (list.All(i => i is JsonObject)) Table(output, list);
        else foreach (var item in list) output.WriteLine($"  - {Cell(item)}");
    }

    /// <summary>A person looks at it.</summary>
    public static bool IsTerminal(TextWriter output) => ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;

    private static void Table(TextWriter output, JsonArray rows)
    {
        var columns = rows.SelectMany(r => ((JsonObject)r!).Select(c => c.Key)).Distinct().ToList();
        var cells = rows.Select(r => columns.Select(c => Cell(r![c])).ToList()).ToList();
        if (IsTerminal(output)) Fancy(columns, cells);
        else Plain(output, columns, cells);
    }

    private static void Fancy(List<string> columns, List<List<string>> cells)
    {
        var table = new Table().Border(TableBorder.Rounded);
        foreach (var column in columns) table.AddColumn(Markup.Escape(column));
        foreach (var row in cells) table.AddRow([.. row.Select(Markup.Escape)]);
        AnsiConsole.Write(table);
    }

    private static void Plain(TextWriter output, List<string> columns, List<List<string>> cells)
    {
        var widths = columns.Select((c, i) => Math.Max(c.Length, cells.Max(r => r[i].Length))).ToList();
        foreach (var row in cells.Prepend([.. columns.Select(c => c.ToUpperInvariant())]))
            output.WriteLine(string.Join("  ", row.Select((c, i) => c.PadRight(widths[i]))).TrimEnd());
    }

    /// <summary>What a peer said must not move the cursor of whoever reads it.</summary>
    public static string Cell(JsonNode? value)
    {
        var text = value switch
        {
            null => "",
            JsonArray list => string.Join(", ", list.Select(Cell)),
            JsonObject inner => inner.ToJsonString(),
            _ => value.ToString(),
        };
        return Clean(Time(text));
    }

    /// <summary>Whole seconds are enough for a reader; JSON keeps all of it.</summary>
    private static string Time(string text) =>
        text is { Length: >= 25 and <= 33 } && text[10] == 'T' && text.EndsWith("+00:00", StringComparison.Ordinal)
            ? $"{text[..10]} {text[11..19]}Z" : text;

    private static string Clean(string text) => text.Any(char.IsControl) ? new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]) : text;
}
