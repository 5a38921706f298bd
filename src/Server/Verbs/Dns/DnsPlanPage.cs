using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>The plan for people: what is to be done first, what is fine last.</summary>
internal static class DnsPlanPage
{
    private static readonly string[] Order = ["by_hand", "create", "update", "delete", "unknown", "fine"];

    public static void Show(TextWriter output, JsonNode? plan)
    {
        var rows = Rows(plan);
        Show(output, [.. rows.Where(r => Text(r, "action") != "fine")]);
        var fine = rows.Where(r => Text(r, "action") == "fine").ToList();
        foreach (var row in fine) output.WriteLine($"fine      {Text(row, "name")} {Text(row, "type")}");
        if (fine.Count > 0) output.WriteLine();
        output.WriteLine(string.Join(", ", Order.Select(a => (Action: a, Count: rows.Count(r => Text(r, "action") == a)))
            .Where(c => c.Count > 0)
            .Select(c => $"{c.Count} {Words(c.Action)}")) is { Length: > 0 } sum ? sum : "no records are planned");
        foreach (var note in (plan?["notes"] as JsonArray ?? []).Select(n => n?.ToString())) output.WriteLine($"note: {note}");
        if (rows.Any(IsChange)) output.WriteLine(
            "`aviso dns apply` does it where `dns.zones` allows; `aviso dns export` writes it for elsewhere");
    }

    /// <summary>Rows with their reasons.</summary>
    public static void Show(TextWriter output, IReadOnlyList<JsonObject> rows)
    {
        foreach (var row in rows.OrderBy(r => Array.IndexOf(Order, Text(r, "action"))))
        {
            output.WriteLine(
                $"{Text(row, "action"),-9} {Text(row, "name")} "
                    + $"{Text(row, "type")}{(row["urgent"]?.GetValue<bool>() == true ? "  (urgent)" : "")}");
            foreach (var value in Texts(row, "found")) output.WriteLine($"        - {value}");
            foreach (var value in Texts(row, "wanted")) output.WriteLine($"        + {value}");
            output.WriteLine($"          {Text(row, "reason")}");
        }
        if (rows.Count > 0) output.WriteLine();
    }

    public static IEnumerable<JsonObject> Changes(JsonNode? plan) => Rows(plan).Where(IsChange);

    public static string LabelOf(JsonObject row) => $"{Text(row, "name")}/{Text(row, "type")}";

    private static List<JsonObject> Rows(JsonNode? plan) => [.. (plan?["records"] as JsonArray ?? []).OfType<JsonObject>()];

    private static bool IsChange(JsonObject row) => Text(row, "action") is "create" or "update" or "delete";

    private static string Words(string action) => action switch
    {
        "by_hand" => "for you to decide",
        "fine" => "fine",
        "unknown" => "of which the DNS says nothing",
        _ => "to " + action,
    };

    private static string Text(JsonObject row, string name) => Output.Cell(row[name]);

    private static IEnumerable<string> Texts(JsonObject row, string name) => (row[name] as JsonArray ?? []).Select(Output.Cell);
}
