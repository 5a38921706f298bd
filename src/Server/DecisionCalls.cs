using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Guard;

namespace Aviso.Server;

/// <summary>What the verbs about decisions do in the running server.</summary>
/// <param name="listeners">Those that read PROXY.</param>
internal sealed class DecisionCalls(MailParts mail, Func<IReadOnlyList<BoundListener>> listeners, TimeProvider clock)
{
    private DecisionBook Book => mail.Front.Gate.Book;

    public void Add(AdminHandlers admin) => admin
        .Add("decisions.list", (c, _) => Task.FromResult(List(c)))
        .Add("decisions.add", AddAsync, changes: true)
        .Add("decisions.delete", DeleteAsync, changes: true)
        .Add("decisions.import", ImportAsync, changes: true)
        .Add("decisions.nftables", NftablesAsync, changes: true)
        .Add("decisions.engine", (_, _) => Task.FromResult(Engine()))
        .Add("decisions.test", (_, t) => new BanTrial(mail, listeners(), clock).RunAsync(t), changes: true);

    /// <summary>As CrowdSec's API writes it; the duration is what remains.</summary>
    public static JsonObject Json(Decision decision, DateTimeOffset now) => new()
    {
        ["duration"] = GoDuration.Format(decision.Until - now),
        ["id"] = decision.Id,
        ["origin"] = decision.Origin,
        ["scenario"] = decision.Scenario,
        ["scope"] = decision.Scope,
        ["simulated"] = false,
        ["type"] = decision.Type,
        ["value"] = decision.Value,
    };

    // cscli's shape: alerts that hold their decisions. Ours have one each.
    private AdminReply List(AdminCall call)
    {
        if (Filter(call, out var filter) is { } problem) return AdminReply.No(problem);
        var now = clock.GetUtcNow();
        return AdminReply.Done(new JsonArray([.. Book.List(filter).Select(d => (JsonNode)Alert(d, now))]));
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
            ["decisions"] = new JsonArray(Json(decision, now)),
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
        var given = call.Text("ip") ?? call.Text("range") ?? "";
        if (Decision.Canonical(given) is not { } value) return AdminReply.No($"`{given}` is no address and no network");
        var duration = call.Text("duration") ?? "4h";
        if (!GoDuration.TryParse(duration, out var length) || length <= TimeSpan.Zero) return AdminReply.No($"`{duration}` is no duration such as 4h or 15m");
        if (mail.Front.Gate.IsExempt(new Decision(0, "", "", "", value, default, default).Network.BaseAddress))
            return AdminReply.No($"{value} is one of ours (networks.internal, networks.proxies, guard.never, loopback) and is never refused");
        var now = clock.GetUtcNow();
        var type = call.Text("type") ?? Decision.Ban;
        if (Book.Add(new(0, "cscli", call.Text("reason") ?? $"manual '{type}' from 'localhost'", type, value, now, now + length)) is not { } taken)
            return AdminReply.No($"there are {DecisionBook.Most} decisions already");
        await Book.FlushAsync(cancel);
        return AdminReply.Done($"decision {taken.Id}: {type} {value} for {GoDuration.Format(length)}");
    }

    private async Task<AdminReply> DeleteAsync(AdminCall call, CancellationToken cancel)
    {
        if (Filter(call, out var filter) is { } problem) return AdminReply.No(problem);
        if (filter == new DecisionFilter() && !call.Flag("all")) return AdminReply.No("say which: --ip, --range, --id, --type, --origin, --scenario or --all");
        var (theirs, ours) = (new List<Decision>(), new List<Decision>());
        foreach (var decision in Book.List(filter)) (decision.EngineId > 0 ? theirs : ours).Add(decision);
        Book.RemoveIds(ours.Select(d => d.Id));
        await Book.FlushAsync(cancel);
        // What the engine decided would only be gone here until it says it again.
        if (theirs.Count > 0) return AdminReply.No($"{ours.Count} deleted; {theirs.Count} are the CrowdSec engine's: delete them there, with `cscli decisions delete`");
        return AdminReply.Done(ours.Count == 1 ? "1 decision deleted" : $"{ours.Count} decisions deleted");
    }

    private async Task<AdminReply> ImportAsync(AdminCall call, CancellationToken cancel)
    {
        var defaults = new DecisionImport.Defaults(call.Text("duration") ?? "4h", call.Text("reason") ?? "manual", call.Text("type") ?? Decision.Ban);
        string text;
        try
        {
            text = await File.ReadAllTextAsync(call.Text("input") ?? "", cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return AdminReply.No(e.Message);
        }
        var (decisions, problem) = DecisionImport.Read(text, call.Text("format") ?? DecisionImport.FormatOf(call.Text("input") ?? "", text), defaults, clock.GetUtcNow());
        if (problem is not null) return AdminReply.No($"nothing was imported: {problem}");
        var taken = decisions.Count(d => Book.Add(d) is not null);
        await Book.FlushAsync(cancel);
        return AdminReply.Done($"{taken} decisions imported");
    }

    private async Task<AdminReply> NftablesAsync(AdminCall call, CancellationToken cancel)
    {
        if (call.Flag("remove"))
            return await mail.Front.RemoveTableAsync(cancel) is { } problem ? AdminReply.No(problem) : AdminReply.Done("our table is out of the kernel; it comes back with the next start or change of the setting guard.nftables");
        if (mail.Front.Nftables is not { } export) return AdminReply.No("nothing is exported: the setting guard.nftables is not given");
        return AdminReply.Done(new JsonObject
        {
            ["table"] = "inet " + export.Options.Table,
            ["elements"] = export.Count,
            ["drops"] = export.Options.Drop,
            ["ports"] = string.Join(' ', export.Options.Ports),
            ["problem"] = export.Problem ?? "",
        });
    }

    private AdminReply Engine() => mail.Front.Engine is not { } engine ? AdminReply.No("no engine is asked: guard.mode is not crowdsec") : AdminReply.Done(new JsonObject
    {
        ["url"] = engine.Options.Url.ToString(),
        ["answers"] = engine.Problem is null && engine.LastAnswer is not null ? "yes" : "no",
        ["problem"] = engine.Problem ?? "",
        ["last answer"] = engine.LastAnswer?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) ?? "never",
        ["decisions"] = Book.List().Count(d => d.EngineId > 0),
        ["alerts"] = engine.Options.Machine is null ? "not sent: guard.crowdsec.machine is not given" : $"{engine.AlertsWaiting} wait",
    });

    private static string? Filter(AdminCall call, out DecisionFilter filter)
    {
        filter = new();
        long? id = null;
        if (call.Text("id") is { } number)
        {
            if (!long.TryParse(number, out var parsed)) return $"`{number}` is no id";
            id = parsed;
        }
        string? value = null;
        if ((call.Text("ip") ?? call.Text("range")) is { } given && (value = Decision.Canonical(given)) is null) return $"`{given}` is no address and no network";
        filter = new(id, value, call.Text("contains"), call.Text("type"), call.Text("origin"), call.Text("scenario"));
        return null;
    }
}
