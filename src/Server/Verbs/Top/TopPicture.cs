using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Spectre.Console.Rendering;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Draws what `top.look` answers.</summary>
internal static class TopPicture
{
    private const int MostFindings = 8;

    /// <param name="before">The look before this one; null: this is the first.</param>
    public static IRenderable Draw(JsonNode now, JsonNode? before)
    {
        var rows = new List<IRenderable> { Plain(Head(now)), Plain(Process(now, before)), Plain(Queue(now)), Rates(now) };
        rows.Add(Plain($"sessions  {Words(now["sessions"], "kind", "open")}"));
        rows.Add(Plain($"verdicts  {Words(now["verdicts"], "word", "count")}"));
        rows.Add(Plain($"refused   {Words(now["refusals"], "word", "count")}"));
        rows.Add(Plain(""));
        rows.AddRange(Findings(now));
        return new Rows(rows);
    }

    private static string Head(JsonNode now) =>
        $"{Output.Cell(now["hostname"])}  Aviso {Output.Cell(now["version"])}  up {Span(At(now["at"]) - At(now["process"]?["started"]))}"
            + $"  {At(now["at"]).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)}";

    // Of what one processor could do since the last look; the first look knows only of the time since the start.
    private static string Process(JsonNode now, JsonNode? before)
    {
        var process = now["process"];
        var from = before is null || Output.Cell(before["process"]?["id"]) != Output.Cell(process?["id"]) ? null : before;
        var wall = (At(now["at"]) - (from is null ? At(process?["started"]) : At(from["at"]))).TotalSeconds;
        var cpu = Real(process, "cpu_seconds") - (from is null ? 0 : Real(from["process"], "cpu_seconds"));
        var share = wall > 0 ? Math.Max(0, cpu / wall * 100) : 0;
        var disk = now["disk"] is JsonObject known
            ? $"  disk {Octets(Number(known, "free"))} free of {Octets(Number(known, "total"))}" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"cpu {share:0} %{(from is null ? " since the start" : "")} of {Number(process, "cores")} cores")
            + $"  memory {Octets(Number(process, "resident"))} (heap {Octets(Number(process, "heap"))}){disk}";
    }

    private static string Queue(JsonNode now)
    {
        var queue = now["queue"];
        if (Number(queue, "messages") == 0) return "queue     empty";
        return $"queue     {Count(Number(queue, "messages"), "message")}, {Count(Number(queue, "recipients"), "recipient")}: "
            + $"{Number(queue, "deferred")} deferred, {Number(queue, "held")} held; "
            + $"oldest {Span(TimeSpan.FromSeconds(Number(queue, "oldest_seconds")))}";
    }

    private static Table Rates(JsonNode now)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("mail");
        foreach (var column in (string[])["last second", "last minute", "since the start"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var rate in (now["rates"] as JsonArray ?? []).OfType<JsonObject>())
            table.AddRow(Markup.Escape(Output.Cell(rate["what"])), Shown(rate, "second"), Shown(rate, "minute"), Shown(rate, "total"));
        return table;
    }

    private static IEnumerable<IRenderable> Findings(JsonNode now)
    {
        var findings = (now["findings"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var all = Number(now, "findings_count");
        if (findings.Count == 0) yield return Plain("findings  none stands");
        foreach (var one in findings.Take(MostFindings))
            yield return Plain($"{Output.Cell(one["severity"]).ToUpperInvariant(),-11} {Output.Cell(one["code"])}: "
                + Output.Cell(one["says"])
                + (one["acknowledged"]?.GetValue<bool>() == true ? " (acknowledged)" : ""), Colour(one));
        var left = all - Math.Min(MostFindings, findings.Count);
        if (left > 0) yield return Plain($"and {left} more: `aviso doctor`");
    }

    private static Color Colour(JsonObject finding) => Output.Cell(finding["severity"]) switch
    {
        "error" => Color.Red,
        "warning" => Color.Yellow,
        _ => Color.Default,
    };

    private static string Words(JsonNode? rows, string word, string count)
    {
        var all = (rows as JsonArray ?? []).OfType<JsonObject>().Select(r => $"{Output.Cell(r[word])} {Shown(r, count)}").ToList();
        return all.Count > 0 ? string.Join("  ", all) : "none";
    }

    private static string Shown(JsonObject row, string name) => Number(row, name).ToString("N0", CultureInfo.InvariantCulture);

    private static long Number(JsonNode? node, string name) => (long)Real(node, name);

    private static double Real(JsonNode? node, string name) => node?[name] is JsonValue value
        && double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static DateTimeOffset At(JsonNode? at) => DateTimeOffset.TryParse(at?.ToString(), CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal, out var time) ? time : default;

    private static Text Plain(string text, Color? colour = null) =>
        new Text(text, new Style(colour ?? Color.Default)).Overflow(Overflow.Ellipsis);
}
