using System.Net;
using Aviso.Base;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>Who turns evidence into bans.</summary>
public enum GuardOwner
{
    /// <summary>Our scenarios.</summary>
    Builtin,

    /// <summary>A CrowdSec engine; our scenarios only tell it.</summary>
    Crowdsec,

    /// <summary>Nobody; what an administrator adds still holds.</summary>
    None,
}

/// <summary>Replaced as a whole on reload.</summary>
/// <param name="Exempt">Own networks, proxies, trusted relays: no limits and no bans for them. Loopback always is.</param>
/// <param name="ConnectionsPerMinute">Of one stranger on kind smtp; see <see cref="LoginConnections"/>.</param>
/// <param name="MessagesPerMinute">Of one stranger on kind smtp.</param>
public sealed record GuardOptions(GuardOwner Owner, Networks Exempt, double ConnectionsPerMinute = 10, double MessagesPerMinute = 30)
{
    /// <summary>The first ban; each further one of the same client is four times as long, up to <see cref="LongestBan"/>.</summary>
    public TimeSpan Ban { get; init; } = TimeSpan.FromHours(4);

    public TimeSpan LongestBan { get; init; } = TimeSpan.FromDays(7);

    /// <summary>RCPT commands of one stranger on kind smtp.</summary>
    public double RecipientsPerMinute { get; init; } = 1000;

    /// <summary>Of those, refused for good.</summary>
    public double RefusedRecipientsPerMinute { get; init; } = 60;

    /// <summary>All commands of one stranger on kind smtp.</summary>
    public double CommandsPerMinute { get; init; } = 3000;

    /// <summary>How long a stranger that is not known yet waits for the greeting; zero: nobody does.</summary>
    public TimeSpan GreetingPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>So long after a message of it was taken a client need not wait for the greeting.</summary>
    public TimeSpan TrustAfterDelivery { get; init; } = TimeSpan.FromDays(7);

    /// <summary>So long after a login automation does not ban the client, and what others of its network do does not limit it.</summary>
    public TimeSpan TrustAfterLogin { get; init; } = TimeSpan.FromHours(12);

    /// <summary>So long after a login others that guess at the account cannot lock it out of where it logged in.</summary>
    public TimeSpan KnownAfterLogin { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Connections of one client on kinds for logins, as a multiple of <see cref="ConnectionsPerMinute"/>; ten times that when it
    /// has just logged in.</summary>
    public double LoginConnections { get; init; } = 12;

    /// <summary>Of one client in ten minutes, for accounts that never logged in from there.</summary>
    public double FailedLogins { get; init; } = 20;

    /// <summary>For one account in ten minutes, from all clients where it never logged in.</summary>
    public double FailedLoginsOfAccount { get; init; } = 60;
}

/// <summary>
/// Guard owns limits by client, evidence, scenarios and decisions. Rules: the real client's address only (Net sees to PROXY); IPv6 counts
/// by /64, and all of a /48 or IPv4 /24 together may do ten times as much; every table is bounded; nothing on the way of a connection
/// waits; automation never bans our own networks, proxies, relays and those who have just logged in; one owner of policy. This file answers
/// the listeners.
/// </summary>
public sealed partial class Gatekeeper(GuardOptions options, DecisionBook book, TimeProvider clock, ILogger log) : IAcceptGate, IEvidence
{
    /// <summary>The origin of what our scenarios decide.</summary>
    public const string Origin = "aviso";

    private const int MostClients = 100_000;
    private static readonly Networks Loopback = Networks.Parse("127.0.0.0/8", "::1");

    private readonly BoundedTable<UInt128, ClientRecord> _clients = new(MostClients);
    // Its own table: strangers cannot push out of it who has logged in.
    private readonly BoundedTable<UInt128, LoginRecord> _logins = Remembered(book);
    private readonly ClientRates _rates = new(clock);
    private volatile GuardOptions _options = options;
    private string[] _origins = [];

    public GuardOptions Options
    {
        get => _options;
        set => _options = value;
    }

    public DecisionBook Book => book;

    /// <summary>A scenario fired; heard by who tells others (a CrowdSec engine).</summary>
    public event Action<Firing>? Fired;

    /// <summary>All evidence, with the user it is about if any; heard by the compatibility log.</summary>
    public event Action<Evidence, string?>? Heard;

    /// <summary>A client was not let in, since it is banned or comes too often; called from the listener.</summary>
    public event Action<Evidence>? TurnedAway;

    public bool IsExempt(IPAddress client) => IPAddress.IsLoopback(client) || _options.Exempt.Contains(client);

    /// <summary>Banned for connections, by what holds now.</summary>
    public bool IsBanned(IPAddress client) => !IsExempt(client) && book.IsBanned(client) && book.IsBanned(client, IsTrusted(client));

    /// <summary>It refuses nobody here, and must not elsewhere (a firewall that reads our decisions): it is about one of ours, or
    /// automation's about a client that has just logged in.</summary>
    public bool Spares(Decision decision)
    {
        var network = decision.Network;
        // A wide one that covers ours among others holds for the others at accept; a firewall could not tell them apart.
        if (Loopback.Overlaps(network) || _options.Exempt.Overlaps(network)) return true;
        var isClient =
            network.PrefixLength >= (network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 64);
        return isClient && !decision.IsManual && IsTrusted(network.BaseAddress);
    }

    public bool Allows(ListenerKind kind, IPAddress client)
    {
        if (IsBanned(client))
        {
            GuardMeters.Refuse(kind, "ban");
            TurnedAway?.Invoke(new(kind, client, Reason.Banned));
            return false;
        }
        if ((kind != ListenerKind.Smtp && !ListenerKinds.IsForLogins(kind)) || IsExempt(client)) return true;
        var rate = kind == ListenerKind.Smtp ? ClientRate.Connections : ClientRate.LoginConnections;
        if (!Take(client, rate))
        {
            GuardMeters.Refuse(kind, "rate");
            Report(new(kind, client, Reason.Rate));
            TurnedAway?.Invoke(new(kind, client, Reason.Rate));
            return false;
        }
        if (IsTrusted(client) || _rates.TakeOfNetwork(client, rate, Of(rate))) return true;
        // No evidence: it may be a neighbour of those who did it.
        GuardMeters.Refuse(kind, "network-rate");
        return false;
    }

    /// <summary>One more of a stranger; false: not now (450 4.7.1). Each refusal is evidence.</summary>
    public bool Allows(ClientRate rate, ListenerKind kind, IPAddress client)
    {
        if (kind != ListenerKind.Smtp || IsExempt(client) || Take(client, rate)) return true;
        GuardMeters.Limit(rate);
        Report(new(kind, client, Reason.Rate));
        return false;
    }

    /// <summary>One more recipient: neither too many at all nor too many that were refused before.</summary>
    public bool AllowsRecipient(ListenerKind kind, IPAddress client)
    {
        const ClientRate Refused = ClientRate.RefusedRecipients;
        if (kind == ListenerKind.Smtp && !IsExempt(client)
            && !Limited(Refused, _rates.Has(client, Refused, Of(Refused)) && NetworkHasLeft(client, Refused))) return false;
        return Allows(ClientRate.Recipients, kind, client);
    }

    /// <summary>How long this client has to stay silent before it is greeted: those that cannot wait send no mail that anybody
    /// wants.</summary>
    public TimeSpan PauseFor(ListenerKind kind, IPAddress client) =>
        kind != ListenerKind.Smtp || _options.GreetingPause <= TimeSpan.Zero || IsExempt(client) || IsKnown(client)
            ? TimeSpan.Zero : _options.GreetingPause;

    /// <summary>A message of this client was taken and is no spam.</summary>
    public void Delivered(IPAddress client)
    {
        if (!IsExempt(client)) _clients.With(Networks.ClientKey(client), record => record.Delivered = clock.GetUtcNow());
    }

    /// <summary>A recipient of this client was refused for good.</summary>
    public void RefusedRecipient(ListenerKind kind, IPAddress client, Reason what)
    {
        if (kind == ListenerKind.Smtp && !IsExempt(client)) Count(client, ClientRate.RefusedRecipients);
        Report(new(kind, client, what));
    }

    public void Report(Evidence evidence) => Report(evidence, null);

    /// <param name="user">Whom a failed login was for.</param>
    public void Report(Evidence evidence, string? user)
    {
        if (evidence.What.EvidenceWord is not { } word) return;
        GuardMeters.Evidence(word);
        Heard?.Invoke(evidence, user);
        var policy = _options;
        if (IsExempt(evidence.Client))
        {
            if (evidence.What == Reason.LoginFailed || evidence.What == Reason.RelayDenied) OwnTrouble(evidence, word, user);
            return;
        }
        if (policy.Owner == GuardOwner.None) return;
        var now = clock.GetTimestamp();
        var (fired, events) = _clients.With(Networks.ClientKey(evidence.Client), record => record.Pour(evidence, user, now, clock));
        if (fired is not null) Decide(evidence, user, fired, events, policy);
    }

    /// <summary>Somebody proved a password from here.</summary>
    internal void LoggedIn(IPAddress client)
    {
        var now = clock.GetUtcNow();
        _logins.With(Networks.ClientKey(client), login => login.At = now);
        book.Proven.Note(Networks.ClientKey(client), now, now + _options.TrustAfterLogin);
    }

    /// <summary>One more password may be tried from here: the client itself has not failed too often.</summary>
    internal bool AllowsGuess(IPAddress client) =>
        IsExempt(client) || Limited(ClientRate.FailedLogins, _rates.Has(client, ClientRate.FailedLogins, Of(ClientRate.FailedLogins)));

    /// <summary>Nor has its network, unless the client has just logged in.</summary>
    internal bool NetworkAllowsGuess(IPAddress client) =>
        IsExempt(client) || Limited(ClientRate.FailedLogins, NetworkHasLeft(client, ClientRate.FailedLogins));

    /// <summary>A password was wrong, for an account that never logged in from here.</summary>
    internal void Guessed(IPAddress client)
    {
        if (!IsExempt(client)) Count(client, ClientRate.FailedLogins);
    }

    /// <summary>Takes out what has ended and measures the rest. Call it every few seconds.</summary>
    public void Upkeep()
    {
        book.Upkeep();
        var byOrigin = book.List().GroupBy(d => d.Origin).ToDictionary(g => g.Key, g => g.LongCount());
        foreach (var origin in _origins.Except(byOrigin.Keys)) GuardMeters.Hold(origin, 0);
        foreach (var (origin, count) in byOrigin) GuardMeters.Hold(origin, count);
        _origins = [.. byOrigin.Keys];
    }

    /// <summary>Somebody proved a password from here lately: automation does not ban it.</summary>
    public bool IsTrusted(IPAddress client) =>
        _logins.Peek(Networks.ClientKey(client), login => login.At) is var last && last != default
            && clock.GetUtcNow() - last < _options.TrustAfterLogin;

    private void Decide(Evidence evidence, string? user, Scenario scenario, int events, GuardOptions policy)
    {
        if (IsTrusted(evidence.Client))
        {
            GuardMeters.Spare("login");
            log.SparedByLogin(evidence.Client, scenario.Name);
            return;
        }
        if (scenario.SparesSenders && HasDelivered(evidence.Client))
        {
            GuardMeters.Spare("delivery");
            log.SparedByDelivery(evidence.Client, scenario.Name);
            return;
        }
        var value = Decision.ClientOf(evidence.Client);
        var before = _clients.With(Networks.ClientKey(evidence.Client), record => record.Bans++);
        before = Math.Max(before, book.List(new(Value: value)).Select(d => d.Repeat + 1).DefaultIfEmpty(0).Max());
        var length = TimeSpan.FromTicks((long)Math.Min(policy.LongestBan.Ticks, policy.Ban.Ticks * Math.Pow(4, Math.Min(before, 20))));
        if (scenario.Longest is { } longest && length > longest) length = longest;
        var now = clock.GetUtcNow();
        var decision = new Decision(0, Origin, scenario.Name, Decision.Ban, value, now, now + length, events,
            $"{evidence.What.EvidenceWord} on {ListenerKinds.Name(evidence.Kind)} from {evidence.Client}", before);
        // One owner: with an engine, it decides, and its answer comes back with its stream.
        if (policy.Owner == GuardOwner.Builtin && book.Add(decision) is { } taken)
        {
            decision = taken;
            GuardMeters.Decision(taken);
            log.Banned(value, length, scenario.Name, events, decision.Evidence, before);
        }
        Fired?.Invoke(new(scenario, evidence, user, events, decision));
    }

    private void OwnTrouble(Evidence evidence, string word, string? user)
    {
        GuardMeters.OwnTrouble(word);
        log.OwnTrouble(word, ListenerKinds.Name(evidence.Kind), evidence.Client, user ?? "");
    }

    private bool IsKnown(IPAddress client)
    {
        var delivery = _clients.Peek(Networks.ClientKey(client), record => record.Delivered);
        return IsTrusted(client) || (delivery != default && clock.GetUtcNow() - delivery < _options.TrustAfterDelivery);
    }

    private bool Take(IPAddress client, ClientRate rate)
    {
        var allowance = Of(rate);
        if (rate == ClientRate.LoginConnections && IsTrusted(client)) allowance = allowance with { Most = allowance.Most * 10 };
        return _rates.Take(client, rate, allowance);
    }

    private bool NetworkHasLeft(IPAddress client, ClientRate rate) => IsTrusted(client) || _rates.NetworkHas(client, rate, Of(rate));

    private static bool Limited(ClientRate rate, bool allows)
    {
        if (!allows) GuardMeters.Limit(rate);
        return allows;
    }

    // What is only known afterwards.
    private void Count(IPAddress client, ClientRate rate)
    {
        _rates.Take(client, rate, Of(rate));
        _rates.TakeOfNetwork(client, rate, Of(rate));
    }

    private Allowance Of(ClientRate rate) => rate switch
    {
        ClientRate.Connections => PerMinute(_options.ConnectionsPerMinute),
        ClientRate.LoginConnections => PerMinute(_options.ConnectionsPerMinute * _options.LoginConnections),
        ClientRate.Messages => PerMinute(_options.MessagesPerMinute),
        ClientRate.Recipients => PerMinute(_options.RecipientsPerMinute),
        ClientRate.RefusedRecipients => PerMinute(_options.RefusedRecipientsPerMinute),
        ClientRate.FailedLogins => new(_options.FailedLogins, TimeSpan.FromMinutes(10)),
        _ => PerMinute(_options.CommandsPerMinute),
    };

    private static Allowance PerMinute(double most) => new(most, TimeSpan.FromMinutes(1));
}
