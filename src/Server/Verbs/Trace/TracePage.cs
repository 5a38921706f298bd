using System.Globalization;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Prints traces as a timeline for people; in colours where there are any.</summary>
internal static class TracePage
{
    private const string Red = "\e[31m", Green = "\e[32m", Yellow = "\e[33m", Dim = "\e[2m", Bold = "\e[1m", Plain = "\e[0m";

    // What an event is mostly about comes first and without its name; ids that only join events are left to --json.
    private static readonly string[] Named = ["recipient", "sender", "message_id", "method", "action", "folder", "result"];
    private static readonly string[] Unsaid = ["id", "email", "account"];

    public static void Show(TextWriter output, JsonNode? answer)
    {
        if (answer is not JsonArray traces)
        {
            Output.Show(output, answer);
            return;
        }
        var colours = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        if (traces.Count == 0) output.WriteLine("Nothing found.");
        foreach (var trace in traces.OfType<JsonObject>()) One(output, trace, colours);
    }

    private static void One(TextWriter output, JsonObject trace, bool colours)
    {
        var state = Text(trace, "state");
        output.WriteLine($"{In(colours, Bold, Text(trace, "id"))}  {In(colours, ColourOf(state), state)}");
        Line(output, "from", Text(trace, "sender"));
        Line(output, "to", Text(trace, "recipients"));
        Line(output, "subject", Text(trace, "subject"));
        Line(output, "message-id", Text(trace, "message_id"));
        foreach (var one in (trace["events"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var evidence = one["evidence"] as JsonObject ?? new JsonObject();
            var says = In(colours, ColourOf(one, evidence), Text(one, "says"));
            output.WriteLine($"  {In(colours, Dim, Time(one["at"]))}  {says}  {Evidence(evidence)}".TrimEnd());
        }
        output.WriteLine();
    }

    private static void Line(TextWriter output, string name, string text)
    {
        if (text.Length > 0) output.WriteLine($"  {name}: {text}");
    }

    private static string Evidence(JsonObject evidence) => string.Join("  ", evidence.Where(e => !Unsaid.Contains(e.Key))
        .Select(e => Named.Contains(e.Key) ? Output.Cell(e.Value) : $"{e.Key}={Output.Cell(e.Value)}"));

    private static string ColourOf(string state) => state switch
    {
        "delivered" or "sent" or "accepted" => Green,
        "refused" or "failed" => Red,
        _ => Yellow,
    };

    private static string ColourOf(JsonObject one, JsonObject evidence) => (Text(one, "kind"), Text(evidence, "result")) switch
    {
        ("filed" or "accepted", _) or ("tried" or "authentication", "delivered" or "pass") => Green,
        ("refused" or "recipient_refused" or "sender_refused" or "connection_refused" or "not_filed" or "dropped", _)
            or ("tried" or "authentication" or "relay_said", "failed" or "fail") => Red,
        ("tried" or "relay_said", _) or ("step_skipped" or "given_up" or "expunged" or "discarded", _) => Yellow,
        _ => Plain,
    };

    private static string In(bool colours, string colour, string text) => colours && colour != Plain ? colour + text + Plain : text;

    private static string Text(JsonObject one, string name) => Output.Cell(one[name]);

    private static string Time(JsonNode? at) =>
        at?.GetValue<DateTimeOffset>().ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";
}
