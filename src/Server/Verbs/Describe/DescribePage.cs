using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Prints what `describe` answers: tables on a terminal, or one document in Markdown with headings that never change.</summary>
internal static class DescribePage
{
    public static void Show(TextWriter output, JsonNode? answer)
    {
        output.WriteLine($"{Text(answer, "hostname")}, Aviso {Text(answer, "version")}");
        foreach (var section in Sections(answer))
        {
            output.WriteLine();
            output.WriteLine(Text(section, "title").ToUpperInvariant());
            foreach (var sentence in Says(section)) output.WriteLine(sentence);
            foreach (var (_, rows) in Tables(section)) Output.Show(output, MarkdownTable.Filled(rows));
        }
    }

    public static string Markdown(JsonNode? answer)
    {
        var text = new StringBuilder($"# {Text(answer, "hostname")}\n\nAviso {Text(answer, "version")}, as it is now.\n");
        foreach (var section in Sections(answer))
        {
            text.Append($"\n## {Text(section, "title")}\n");
            foreach (var sentence in Says(section)) text.Append('\n').Append(MarkdownTable.Escape(sentence)).Append('\n');
            foreach (var (_, rows) in Tables(section))
            {
                text.Append('\n');
                MarkdownTable.Write(text, rows);
            }
        }
        return text.ToString();
    }

    private static IEnumerable<JsonObject> Sections(JsonNode? answer) => (answer?["sections"] as JsonArray ?? []).OfType<JsonObject>();

    private static IEnumerable<string> Says(JsonObject section) => (section["says"] as JsonArray ?? []).Select(Output.Cell);

    // An empty table says nothing that its sentence has not said.
    private static IEnumerable<(string Of, JsonArray Rows)> Tables(JsonObject section) =>
        (section["tables"] as JsonArray ?? []).OfType<JsonObject>().Select(t => (Text(t, "of"), t["rows"] as JsonArray ?? []))
            .Where(t => t.Item2.Count > 0);

    private static string Text(JsonNode? node, string name) => Output.Cell(node?[name]);
}
