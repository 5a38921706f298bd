using System.Globalization;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Prints what <c>aviso reports</c> answers as a page for people: a line for each domain, then the sources that failed.</summary>
internal static class ReportPage
{
    public static void Show(TextWriter output, JsonNode? summary)
    {
        var domains = Rows(summary, "domains");
        var tls = Rows(summary, "tls");
        if (domains.Count == 0) output.WriteLine(
            "No DMARC reports: nobody wrote about mail in our name. Is `rua=` in the DMARC record, and is `reports.address` that address?");
        foreach (var domain in domains) Domain(output, domain);
        foreach (var domain in tls) Tls(output, domain);
        var complaints = Number(summary, "complaints");
        output.WriteLine(
            complaints == 0 ? "No complaints." : $"{complaints} {Plural(complaints, "complaint")} about mail of ours (feedback reports).");
        if (summary?["left_out"] is JsonArray { Count: > 0 } leftOut) output.WriteLine($"Not summed, for nobody can believe their counts: {Output.Cell(leftOut)}.");
        foreach (var one in Rows(summary, "unread")) output.WriteLine(
            $"Not read: from {Output.Cell(one["sender"])}, {Output.Cell(one["at"])}: {Output.Cell(one["problem"])}.");
    }

    private static void Domain(TextWriter output, JsonObject domain)
    {
        long messages = Number(domain, "messages"), failed = Number(domain, "failed"), reports = Number(domain, "reports");
        output.WriteLine(
            $"{Output.Cell(domain["domain"])}: {messages} {Plural(messages, "message")} in its name, {Share(messages - failed, messages)} passed, {failed} failed "
            + $"({reports} {Plural(reports, "report")} by {Output.Cell(domain["reporters"])})");
        var sources = Rows(domain, "sources").Where(s => Number(s, "failed") > 0).ToList();
        if (sources.Count > 0)
        {
            Output.Show(output, new JsonArray([.. sources.Select(s => new JsonObject
            {
                ["failed"] = $"{Number(s, "failed")} of {Number(s, "messages")}",
                ["from"] = Output.Cell(s["address"]),
                ["whose"] = Output.Cell(s["authenticated"]) is { Length: > 0 } whose ? whose : "unknown",
                ["put_aside"] = Number(s, "put_aside").ToString(CultureInfo.InvariantCulture),
                ["said_by"] = Output.Cell(s["reporters"]),
            })]));
        }
        output.WriteLine();
    }

    private static void Tls(TextWriter output, JsonObject domain)
    {
        long good = Number(domain, "successful"), failed = Number(domain, "failed");
        output.WriteLine(
            $"TLS to {Output.Cell(domain["domain"])}: {Share(good, good + failed)} of {good + failed} sessions were well, {failed} failed (by {Output.Cell(domain["reporters"])})");
        if (Rows(domain, "failures") is { Count: > 0 } failures) Output.Show(output, new JsonArray([.. failures.Select(f => f.DeepClone())]));
        output.WriteLine();
    }

    private static List<JsonObject> Rows(JsonNode? node, string name) => [.. (node?[name] as JsonArray ?? []).OfType<JsonObject>()];

    private static long Number(JsonNode? node, string name) =>
        node?[name] is JsonValue value && long.TryParse(value.ToString(), out var number) ? number : 0;

    private static string Share(long part, long whole) =>
        whole == 0 ? "none" : (100.0 * part / whole).ToString(part == whole ? "0" : "0.0", CultureInfo.InvariantCulture) + " %";

    private static string Plural(long count, string noun) => count == 1 ? noun : noun + "s";
}
