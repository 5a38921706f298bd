using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Guard;

namespace Aviso.Verbs;

/// <summary>What the verbs about decisions do in the running server.</summary>
internal sealed class DecisionCalls(Gatekeeper gate, TimeProvider clock)
{
    /// <summary>Lines of an answer that say what was not taken or needs a word.</summary>
    private const int MostRemarks = 1_000;

    private DecisionBook Book => gate.Book;

    public void Add(AdminHandlers admin) => admin
        .Add("decisions.list", (c, _) => Task.FromResult(List(c)))
        .Add("decisions.add", AddAsync, changes: true)
        .Add("decisions.delete", DeleteAsync, changes: true)
        .Add("decisions.import", ImportAsync, changes: true);

    // cscli's shape: alerts that hold their decisions. Ours have one each.
    private AdminReply List(AdminCall call)
    {
        if (Filter(call, out var filter) is { } problem) return AdminReply.No(problem);
        if (!int.TryParse(call.Text("limit") ?? "0", out var limit) || limit < 0) return AdminReply.No(
            $"`{call.Text("limit")}` is no number of decisions");
        var now = clock.GetUtcNow();
        var found = Book.List(filter);
        return AdminReply.Done(new JsonArray([.. found.TakeLast(limit > 0 ? limit : found.Count).Select(d => (JsonNode)Alert(d, now))]));
    }

    // The fields that `cscli decisions list -o json` prints.
    private static JsonObject Alert(Decision decision, DateTimeOffset now)
    {
        var scenario = Scenario.All.FirstOrDefault(s => s.Name == decision.Scenario);
        var since = decision.Since.UtcDateTime;
        var source = new JsonObject { ["scope"] = decision.Scope, ["value"] = decision.Value };
        source[decision.Scope == "Ip" ? "ip" : "range"] = decision.Value;
        return new()
        {
            ["capacity"] = scenario?.Capacity ?? 0,
            ["created_at"] = since.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            ["decisions"] = new JsonArray(LapiDecision.Json(decision, now)),
            ["events"] = null,
            ["events_count"] = decision.Events,
            ["id"] = decision.Id,
            ["labels"] = null,
            ["leakspeed"] = scenario is null ? "0" : GoDuration.Format(scenario.Leak),
            ["machine_id"] = "aviso",
            ["message"] = decision.Evidence.Length > 0 ? decision.Evidence : decision.Scenario,
            ["scenario"] = decision.Scenario,
            ["scenario_hash"] = "",
            ["scenario_version"] = "",
            ["simulated"] = false,
            ["source"] = source,
            ["start_at"] = since.ToString("yyyy-MM-dd HH:mm:ss '+0000 UTC'"),
            ["stop_at"] = since.ToString("yyyy-MM-dd HH:mm:ss '+0000 UTC'"),
        };
    }

    private async Task<AdminReply> AddAsync(AdminCall call, CancellationToken cancel)
    {
        if (Given(call, out var value) is { } wrong) return AdminReply.No(wrong);
        var duration = call.Text("duration") ?? "4h";
        if (!GoDuration.TryParse(duration, out var length) || length <= TimeSpan.Zero) return AdminReply.No(
            $"`{duration}` is no duration such as 4h or 15m");
        var now = clock.GetUtcNow();
        var type = call.Text("type") ?? Decision.Ban;
        var decision = new Decision(0, "cscli", call.Text("reason") ?? $"manual '{type}' from 'localhost'", type, value, now, now + length);
        if (gate.Objection(decision) is { } objection) return AdminReply.No(objection);
        if (Book.Add(decision) is not { } taken) return AdminReply.No($"there are {Book.Count} decisions already, which is all that is kept");
        var text = $"decision {taken.Id}: {type} {value} for {GoDuration.Format(length)}";
        return await StoredAsync(gate.Unexported(taken) is { } note ? $"{text}\n{note}" : text, true, cancel);
    }

    private async Task<AdminReply> DeleteAsync(AdminCall call, CancellationToken cancel)
    {
        if (Filter(call, out var filter) is { } problem) return AdminReply.No(problem);
        if (filter == new DecisionFilter() && !call.Flag("all")) return AdminReply.No(
            "say which: --ip, --range, --id, --type, --origin, --scenario or --all");
        var (theirs, ours) = (new List<Decision>(), new List<Decision>());
        foreach (var decision in Book.List(filter)) (decision.EngineId > 0 ? theirs : ours).Add(decision);
        if (ours.Count + theirs.Count == 0 && !call.Flag("all")) return AdminReply.No(Nothing(filter));
        Book.RemoveIds(ours.Select(d => d.Id));
        var text = ours.Count == 1 ? "1 decision deleted" : $"{ours.Count} decisions deleted";
        // Lifting a network lifts it for all in it: that is worth a word.
        if (filter.Covers is not null && ours.Count > 0) text += ": " + string.Join(' ', ours.Select(d => d.Value).Distinct());
        // What the engine decided would only be gone here until it says it again.
        if (theirs.Count > 0) text =
            $"{ours.Count} deleted; {theirs.Count} are the CrowdSec engine's: delete them there, with `cscli decisions delete`";
        return await StoredAsync(text, theirs.Count == 0, cancel);
    }

    /// <summary>Nothing fits; but what was meant may still be banned by something wider.</summary>
    private string Nothing(DecisionFilter filter)
    {
        if ((filter.Covers ?? filter.Value) is not { } value) return "nothing was deleted: no decision fits";
        var around = Book.List(new(Covers: value));
        return around.Count == 0
            ? $"nothing was deleted: no decision applies to {value}"
            : Lines($"nothing was deleted: none fits, but these apply to {value}",
                [.. around.Select(d => $"decision {d.Id}: {d.Type} {d.Value}, {d.Origin}, {d.Scenario}")]);
    }

    private async Task<AdminReply> ImportAsync(AdminCall call, CancellationToken cancel)
    {
        var defaults =
            new DecisionImport.Defaults(call.Text("duration") ?? "4h", call.Text("reason") ?? "manual", call.Text("type") ?? Decision.Ban);
        string text;
        try
        {
            text = call.Text("content") ?? await File.ReadAllTextAsync(call.Text("input") ?? "", cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return AdminReply.No(e.Message);
        }
        var (entries, problem) = DecisionImport.Read(
            text, call.Text("format") ?? DecisionImport.FormatOf(call.Text("input") ?? "", text), defaults, clock.GetUtcNow());
        if (problem is not null) return AdminReply.No($"nothing was imported: {problem}");
        var (taken, full, refused, notes) = (0, 0, new List<string>(), new List<string>());
        foreach (var (where, decision) in entries)
        {
            if (gate.Objection(decision) is { } objection) refused.Add($"{where}: {objection}");
            else if (Book.Add(decision) is null) full++;
            else
            {
                taken++;
                if (gate.Unexported(decision) is { } note) notes.Add($"{where}: {note}");
            }
        }
        var said = $"{taken} decisions imported";
        if (refused.Count > 0) said += $", {refused.Count} refused";
        if (full > 0) said += $", {full} did not fit: there are {Book.Count} decisions, which is all that is kept";
        return await StoredAsync(Lines(said, [.. refused, .. notes]), refused.Count + full == 0, cancel);
    }

    /// <summary>What was done holds at once; whether it outlives a restart is part of the answer.</summary>
    private async Task<AdminReply> StoredAsync(string text, bool good, CancellationToken cancel) =>
        await Book.FlushAsync(cancel) is { } reason ? AdminReply.No($"{text}\nit holds now, but is not stored yet: {reason}")
        : good ? AdminReply.Done(text) : AdminReply.No(text);

    private static string Lines(string head, IReadOnlyList<string> remarks) => string.Join('\n',
        [remarks.Count > 0 ? head + ":" : head, .. remarks.Take(MostRemarks), .. remarks.Count > MostRemarks
            ? [$"and {remarks.Count - MostRemarks} more"] : (string[])[]]);

    /// <summary>What is to be added, as --ip, --range, or --scope and --value.</summary>
    private static string? Given(AdminCall call, out string value)
    {
        var scope = call.Text("scope") ?? (call.Text("ip") is null && call.Text("range") is not null ? "range" : "ip");
        var given = call.Text("ip") ?? call.Text("range") ?? call.Text("value") ?? "";
        value = Decision.Canonical(given) ?? "";
        if (!scope.Equals("ip", StringComparison.OrdinalIgnoreCase) && !scope.Equals("range", StringComparison.OrdinalIgnoreCase))
            return $"scope `{scope}` means nothing here: ip and range do";
        if (given.Length == 0) return "say what: --ip, --range, or --scope and --value";
        return value.Length == 0 ? $"`{given}` is no address and no network" : null;
    }

    private static string? Filter(AdminCall call, out DecisionFilter filter)
    {
        filter = new();
        long? id = null;
        if (call.Text("id") is { } number)
        {
            if (!long.TryParse(number, out var parsed)) return $"`{number}` is no id";
            id = parsed;
        }
        string? value = null, covers = null;
        if (call.Text("range") is { } range && (value = Decision.Canonical(range)) is null) return $"`{range}` is no address and no network";
        // As CrowdSec's API: what applies to this address, by whatever network.
        if ((call.Text("ip") ?? call.Text("contains")) is { } inner && (covers = Decision.Canonical(inner)) is null) return $"`{inner}` is no address and no network";
        filter = new(id, value, covers, call.Text("type"), call.Text("origin"), call.Text("scenario"));
        return null;
    }
}
