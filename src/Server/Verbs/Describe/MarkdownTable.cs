using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Rows as a table in Markdown. What peers wrote stays text: it opens no tag and no cell.</summary>
internal static class MarkdownTable
{
    /// <summary>At least one row; columns that are empty in all rows are left out.</summary>
    public static void Write(StringBuilder text, JsonArray rows)
    {
        var columns = Columns(rows);
        var cells = rows.Select(r => columns.ConvertAll(c => Escape(Output.Cell(r![c]))))
            .Prepend(columns.ConvertAll(c => c.Replace('_', ' '))).ToList();
        var widths = columns.Select((_, i) => cells.Max(r => r[i].Length)).ToList();
        cells.Insert(1, widths.ConvertAll(w => new string('-', w)));
        foreach (var row in cells) text.Append("| ").AppendJoin(" | ", row.Select((c, i) => c.PadRight(widths[i]))).Append(" |\n");
    }

    /// <summary>The same rows without columns that are empty in all of them.</summary>
    public static JsonArray Filled(JsonArray rows) => Output.Rows(DescribeAsk.Only(rows.OfType<JsonObject>(), [.. Columns(rows)]));

    public static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal);

    private static List<string> Columns(JsonArray rows) => [.. rows.OfType<JsonObject>().SelectMany(r => r.Select(c => c.Key)).Distinct()
        .Where(c => rows.Any(r => Output.Cell(r![c]).Length > 0))];
}
