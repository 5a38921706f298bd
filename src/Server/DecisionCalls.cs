using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Guard;
using Aviso.Net;

namespace Aviso.Server;

/// <summary>What the verbs about decisions do in the running server.</summary>
internal sealed class DecisionCalls(MailParts mail, TimeProvider clock)
{
    // RFC 5737 §3: TEST-NET-3, of which nothing real comes.
    private static readonly IPAddress Tried = IPAddress.Parse("203.0.113.251"), Other = IPAddress.Parse("203.0.113.17");

    private DecisionBook Book => mail.Front.Gate.Book;

    public void Add(AdminHandlers admin) => admin
        .Add("decisions.list", (c, _) => Task.FromResult(List(c)))
        .Add("decisions.add", AddAsync, changes: true)
        .Add("decisions.delete", DeleteAsync, changes: true)
        .Add("decisions.import", ImportAsync, changes: true)
        .Add("decisions.test", (_, t) => TestAsync(t), changes: true);

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
        return AdminReply.Done(new JsonArray([.. Book.List(filter).Select(d => (JsonNode)new JsonObject
        {
            ["id"] = d.Id,
            ["created_at"] = d.Since.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            ["scenario"] = d.Scenario,
            ["events_count"] = d.Events,
            ["message"] = d.Evidence,
            ["source"] = new JsonObject { ["scope"] = d.Scope, ["value"] = d.Value },
            ["decisions"] = new JsonArray(Json(d, now)),
        })]));
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
        var count = Book.Remove(filter);
        await Book.FlushAsync(cancel);
        return AdminReply.Done(count == 1 ? "1 decision deleted" : $"{count} decisions deleted");
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
        var (decisions, problem) = DecisionImport.Read(text, call.Text("format") ?? "json", defaults, clock.GetUtcNow());
        if (problem is not null) return AdminReply.No($"nothing was imported: {problem}");
        var taken = decisions.Count(d => Book.Add(d) is not null);
        await Book.FlushAsync(cancel);
        return AdminReply.Done($"{taken} decisions imported");
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
        string? value = null;
        if ((call.Text("ip") ?? call.Text("range")) is { } given && (value = Decision.Canonical(given)) is null) return $"`{given}` is no address and no network";
        filter = new(id, value, call.Text("contains"), call.Text("type"), call.Text("origin"), call.Text("scenario"));
        return null;
    }

    /// <summary>Bans a test address and connects as it and as another one, by PROXY where this server trusts itself to say who it is.</summary>
    private async Task<AdminReply> TestAsync(CancellationToken cancel)
    {
        var gate = mail.Front.Gate;
        var lines = new JsonArray();
        var now = clock.GetUtcNow();
        if (Book.Add(new(0, "selftest", "aviso decisions test", Decision.Ban, Tried.ToString(), now, now.AddMinutes(1))) is not { } ban)
            return AdminReply.No("the book of decisions is full");
        var good = true;
        try
        {
            Line("all listeners", "gate", gate.IsBanned(Tried), !gate.IsBanned(Other));
            foreach (var (settings, bound) in mail.Bound.Where(b => b.Settings is { Proxy: true, Kind: ListenerKind.Smtp or ListenerKind.Submission or ListenerKind.Imap }))
            {
                var at = new IPEndPoint(bound.Address.Equals(IPAddress.IPv6Any) || bound.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : bound.Address, bound.Port);
                if (mail.ProxyAddress(at.Address) is not { } source) continue;
                var refused = await GreetingAsync(source, at, Tried, cancel);
                var served = await GreetingAsync(source, at, Other, cancel);
                Line($"{ListenerKinds.Name(settings.Kind)} {at}", "PROXY", !IsWelcome(refused), IsWelcome(served));
            }
        }
        finally
        {
            Book.Remove(new(Id: ban.Id));
        }
        if (lines.Count == 1) lines.Add(new JsonObject
        {
            ["where"] = "through a listener",
            ["by"] = "not tried",
            ["banned"] = "networks.proxies names no address of this machine",
            ["others"] = "",
            ["ok"] = "-",
        });
        return good ? AdminReply.Done(lines) : AdminReply.No("a ban does not bite: " + lines.ToJsonString());

        void Line(string where, string by, bool refused, bool served)
        {
            good &= refused && served;
            lines.Add(new JsonObject
            {
                ["where"] = where,
                ["by"] = by,
                ["banned"] = refused ? "refused" : "SERVED",
                ["others"] = served ? "served" : "REFUSED",
                ["ok"] = refused && served ? "yes" : "NO",
            });
        }
    }

    private static bool IsWelcome(string line) => line.StartsWith("220", StringComparison.Ordinal) || line.StartsWith("* OK", StringComparison.Ordinal);

    private static async Task<string> GreetingAsync(IPAddress source, IPEndPoint at, IPAddress client, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(at, patience.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"PROXY TCP4 {client} 203.0.113.1 40000 {at.Port}\r\n"), patience.Token);
            var buffer = new byte[512];
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return "";
        }
    }
}
