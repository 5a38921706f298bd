using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Prints what `aviso doctor` answers as a page for people: the gravest first, then what cleared, and what was looked
/// at.</summary>
internal static class DoctorPage
{
    private const int Width = 100, MostCleared = 10;

    public static IEnumerable<JsonObject> Findings(JsonNode? answer) => (answer?["findings"] as JsonArray ?? []).OfType<JsonObject>();

    public static void Show(TextWriter output, JsonNode? answer)
    {
        var findings = Findings(answer).ToList();
        foreach (var one in findings.Where(f => Text(f, "acknowledged").Length == 0)) Finding(output, one);
        if (findings.Where(f => Text(f, "acknowledged").Length > 0).ToList() is { Count: > 0 } known)
        {
            output.WriteLine("Acknowledged:");
            foreach (var one in known) output.WriteLine($"  {Text(one, "code")} {Text(one, "subject")}, since {Text(one, "since")}");
            output.WriteLine();
        }
        if (answer?["cleared"] is JsonArray { Count: > 0 } cleared)
        {
            output.WriteLine("Cleared in the last days:");
            foreach (var one in cleared.OfType<JsonObject>().Take(MostCleared))
                output.WriteLine($"  {Text(one, "code")} {Text(one, "subject")}, from {Text(one, "since")} to {Text(one, "cleared")}");
            if (cleared.Count > MostCleared) output.WriteLine($"  and {cleared.Count - MostCleared} more: --json has them all");
            output.WriteLine();
        }
        if (findings.Count == 0) output.WriteLine("Nothing found.");
        var looked = (answer?["looked_at"] as JsonArray ?? []).Select(Output.Cell).ToList();
        output.WriteLine(looked.Count == 0 ? "Nobody looks for this: it is found when it happens." : "Looked at:");
        foreach (var what in looked) output.WriteLine($"  - {what}");
    }

    private static void Finding(TextWriter output, JsonObject one)
    {
        output.WriteLine($"{Text(one, "severity").ToUpperInvariant()} {Text(one, "code")} ({Text(one, "subject")}), since "
            + $"{Text(one, "since")}");
        Lines(output, Text(one, "says") + ".", "  ");
        Lines(output, "Seen: " + Text(one, "evidence"), "  ");
        Lines(output, "To do: " + Text(one, "fix"), "  ");
        // Whole, so that it can be copied.
        if (Text(one, "act") is { Length: > 0 } act) output.WriteLine("      " + act);
        output.WriteLine();
    }

    private static void Lines(TextWriter output, string text, string indent)
    {
        var line = indent;
        foreach (var word in text.Split(' '))
        {
            if (line.Length + word.Length > Width && line.Trim().Length > 0)
            {
                output.WriteLine(line.TrimEnd());
                line = indent + "  ";
            }
            line += word + " ";
        }
        output.WriteLine(line.TrimEnd());
    }

    private static string Text(JsonObject one, string name) => Output.Cell(one[name]);
}
