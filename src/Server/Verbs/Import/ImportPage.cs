using System.Globalization;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Plans and progress for people.</summary>
internal static class ImportPage
{
    private static readonly (string Kind, string Title)[] Kinds =
    [
        ("Damaged", "Not as it ought to be at the source"), ("Lost", "Cannot be carried"), ("Changed", "Changes its meaning"),
            ("Carried", "Comes along"),
    ];

    public static bool HasDamage(JsonNode? plan) => AllNotes(plan).Any(note => note["kind"]?.ToString() == "Damaged");

    public static bool IsGood(JsonObject status) => status["is_good"]?.GetValue<bool>() == true;

    public static void ShowPlan(TextWriter output, JsonNode? answer)
    {
        if (answer is not JsonObject plan) return;
        output.WriteLine(Output.Cell(plan["title"]));
        foreach (var account in Rows(plan["accounts"]))
        {
            output.WriteLine();
            output.WriteLine($"{Output.Cell(account["address"])}: {Output.Cell(account["state"])}; password "
                + $"{Output.Cell(account["password"])}");
            if (Rows(account["mailboxes"]).Any()) Output.Show(output, account["mailboxes"]);
            if (account["scripts"] is JsonArray { Count: > 0 } scripts) output.WriteLine($"Sieve scripts: {Output.Cell(scripts)}");
            Notes(output, Rows(account["notes"]).ToList());
        }
        foreach (var (key, title) in new[] { ("domains", "Domains to be made"), ("aliases", "Aliases"), ("keys", "Signing keys") })
        {
            if (plan[key] is not JsonArray { Count: > 0 } list) continue;
            output.WriteLine();
            output.WriteLine(title + ":");
            foreach (var item in list) output.WriteLine("  " + Output.Cell(item));
        }
        output.WriteLine();
        Notes(output, Rows(plan["notes"]).ToList());
        output.WriteLine("Nothing was written.");
    }

    public static void Show(TextWriter output, JsonNode? answer)
    {
        if (answer is not JsonObject status) return;
        if (status["state"]?.ToString() == "running")
        {
            output.WriteLine(Progress(status));
            return;
        }
        if (status["state"]?.ToString() == "none")
        {
            output.WriteLine("nothing was moved since the server started");
            return;
        }
        foreach (var one in Rows(status["results"])) Result(output, one);
        foreach (var one in Rows(status["compared"])) Compared(output, one);
        Notes(output, Rows(status["notes"]).ToList());
        var seconds = Number(status["seconds"]);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Output.Cell(status["what"])}: {Output.Cell(status["state"])}, {Number(status["done"]):0} messages, "
                + $"{Octets(Number(status["octets"]))} in {seconds:0.0} s"));
        if (status["error"] is { } error) output.WriteLine(Output.Cell(error));
    }

    /// <summary>"42% 1234 of 2900 messages, 815/s, 12.3 MB/s, 2 s left: alice@example.org Sent".</summary>
    public static string Progress(JsonObject status)
    {
        var (done, total) = (Number(status["done"]), Number(status["total"]));
        var share = total > 0 ? done * 100 / total : 0;
        var left = status["seconds_left"] is { } seconds ? $", {Time(Number(seconds))} left" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{share,3:0}% {done:0} of {total:0} messages, {Number(status["rate"]):0}/s, {Octets(Number(status["octet_rate"]))}/s{left}: "
                + $"{Output.Cell(status["now"])}");
    }

    private static void Result(TextWriter output, JsonNode one)
    {
        output.WriteLine($"{Output.Cell(one["account"])}: {Number(one["taken"]):0} taken ({Octets(Number(one["octets"]))}), "
            + $"{Number(one["changed"]):0} changed, "
            + $"{Number(one["deleted"]):0} deleted, {Number(one["same"]):0} as they were"
            + (Number(one["renumbered"]) > 0 ? $", {Number(one["renumbered"]):0} with a new UID" : ""));
        if (one["stopped"] is { } why) output.WriteLine($"  stopped: {Output.Cell(why)}");
        Notes(output, Rows(one["notes"]).ToList());
    }

    private static void Compared(TextWriter output, JsonNode one)
    {
        var differences = Number(one["differences_in_all"]);
        output.WriteLine($"{Output.Cell(one["account"])}: {Number(one["equal"]):0} of {Number(one["messages"]):0} messages equal "
            + $"({Octets(Number(one["octets"]))}), "
            + $"{Number(one["same_uid"]):0} under the same UID, {Number(one["only_here"]):0} only here, {differences:0} differences");
        foreach (var row in Rows(one["differences"]).Take(50))
            output.WriteLine($"  {Output.Cell(row["mailbox"])} {Output.Cell(row["message"])}: {Output.Cell(row["what"])}");
        if (differences > 50) output.WriteLine($"  and {differences - 50:0} more; --report FILE names up to 1000");
    }

    private static void Notes(TextWriter output, IReadOnlyList<JsonNode> notes)
    {
        foreach (var (kind, title) in Kinds)
        {
            var some = notes.Where(note => note["kind"]?.ToString() == kind).ToList();
            if (some.Count == 0) continue;
            output.WriteLine(title + ":");
            foreach (var note in some) output.WriteLine($"  {Output.Cell(note["place"])}: {Output.Cell(note["text"])}");
        }
    }

    private static IEnumerable<JsonNode> AllNotes(JsonNode? plan) =>
        Rows(plan?["notes"]).Concat(Rows(plan?["accounts"]).SelectMany(account => Rows(account["notes"])));

    private static IEnumerable<JsonNode> Rows(JsonNode? list) => list is JsonArray rows ? rows.OfType<JsonNode>() : [];

    private static double Number(JsonNode? value) =>
        value is not null && double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
            : 0;

    private static string Octets(double octets) => octets switch
    {
        >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{octets / 1e9:0.0} GB"),
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{octets / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{octets / 1e3:0.0} kB"),
    };

    private static string Time(double seconds) => seconds switch
    {
        >= 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
        >= 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
    };
}
