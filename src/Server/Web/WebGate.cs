using System.Net;
using Aviso.Base;
using Aviso.Net;
using Microsoft.AspNetCore.Connections;

namespace Aviso.Web;

/// <summary>
/// The door of http and https, before TLS. Asks the same gate as the mail listeners about every client, bounds what one client and all together hold
/// open, and ends connections when a ban begins or nothing is asked in time.
/// </summary>
/// <param name="gate">Null: everybody may come.</param>
/// <param name="spares">Clients of ours, which may stand for many people: not bounded one by one and never made room at the cost of.</param>
/// <param name="evidence">Hears of clients with too many connections.</param>
public sealed class WebGate(IAcceptGate? gate, TimeProvider clock, Func<IPAddress, bool>? spares = null, IEvidence? evidence = null)
{
    private readonly Lock _door = new();
    private readonly Dictionary<ConnectionContext, WebVisit> _open = [];

    /// <summary>Connections at once on all listeners of one kind, of people who are not logged in.</summary>
    public int MostOpen { get; init; } = 256;

    /// <summary>Connections at once from one client (IPv4 address or IPv6 /64), both kinds together, of people who are not logged
    /// in.</summary>
    public int MostPerClient { get; init; } = 32;

    /// <summary>As above with those who are: a household with many tabs, each with a connection that waits for news.</summary>
    public int MostPerHousehold { get; init; } = 256;

    /// <summary>From the first octet, TLS included, until the head of the first request is whole.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    public int Open
    {
        get
        {
            lock (_door) return _open.Count;
        }
    }

    /// <summary>Ends the connections of clients that may no longer be here; the number of them.</summary>
    public int Cut(Func<IPAddress, bool> client)
    {
        KeyValuePair<ConnectionContext, WebVisit>[] open;
        lock (_door) open = [.. _open];
        var cut = open.Where(o => client(o.Value.Client)).ToList();
        foreach (var (connection, _) in cut) connection.Abort(new ConnectionAbortedException(Reason.Banned.Word));
        return cut.Count;
    }

    /// <summary>Serves the connection if its client may be here. What it says about itself (PROXY) has been read.</summary>
    public async Task ServeAsync(ListenerKind kind, ConnectionContext connection, Func<Task> serve)
    {
        var client = connection.RemoteEndPoint is IPEndPoint remote ? Networks.Normal(remote).Address : IPAddress.None;
        if (gate?.Allows(kind, client) == false)
        {
            connection.Abort(new ConnectionAbortedException(Reason.Gate.Word));
            return;
        }
        var visit = new WebVisit(kind, client, spares?.Invoke(client) == true, clock.GetTimestamp());
        if (!Descriptors.OfProcess.TryEnter())
        {
            Drop(connection, visit, Reason.NoDescriptor);
            return;
        }
        try
        {
            await ServeAsync(connection, visit, serve);
        }
        finally
        {
            Descriptors.OfProcess.Leave();
        }
    }

    private async Task ServeAsync(ConnectionContext connection, WebVisit visit, Func<Task> serve)
    {
        if (Refusal(connection, visit) is { } why)
        {
            if (why.IsEvidence) evidence?.Report(new(visit.Kind, visit.Client, why));
            Drop(connection, visit, why);
            return;
        }
        connection.Features.Set(visit);
        await using var patience = clock.CreateTimer(_ =>
        {
            if (!visit.HasAsked) Drop(connection, visit, Reason.NoRequest);
        }, null, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            await serve();
        }
        finally
        {
            lock (_door) _open.Remove(connection);
        }
    }

    private Reason? Refusal(ConnectionContext connection, WebVisit visit)
    {
        (ConnectionContext Connection, WebVisit Visit)? leaves = null;
        if (!visit.IsOurs && !Descriptors.OfProcess.HasRoom) return Reason.NoDescriptor;
        lock (_door)
        {
            if (!visit.IsOurs && HasTooMany(visit.Key)) return Reason.ClientLimit;
            if (_open.Values.Count(v => v.Kind == visit.Kind && !v.IsKnown) >= MostOpen)
            {
                leaves = Idle(visit);
                if (leaves is null) return Reason.ListenerFull;
                _open.Remove(leaves.Value.Connection);
            }
            _open[connection] = visit;
        }
        if (leaves is var (other, one)) Drop(other, one, Reason.MadeRoom);
        return null;
    }

    private bool HasTooMany(UInt128 client)
    {
        var (all, strangers) = (0, 0);
        foreach (var visit in _open.Values)
        {
            if (visit.IsOurs || visit.Key != client) continue;
            all++;
            if (!visit.IsKnown) strangers++;
        }
        return strangers >= MostPerClient || all >= MostPerHousehold;
    }

    // A full house belongs to those who ask: of other clients the oldest that has asked nothing yet leaves, or else the oldest that waits
    // between requests.
    private (ConnectionContext, WebVisit)? Idle(WebVisit comes) => _open
        .Where(o => o.Value is { IsOurs: false, IsBusy: false, IsKnown: false } && o.Value.Kind == comes.Kind && o.Value.Key != comes.Key)
        .OrderBy(o => o.Value.HasAsked).ThenBy(o => o.Value.Since).Select(o => ((ConnectionContext, WebVisit)?)(o.Key, o.Value)).FirstOrDefault();

    private static void Drop(ConnectionContext connection, WebVisit visit, Reason reason)
    {
        WebMeters.SessionDropped(visit.Kind, reason);
        connection.Abort(new ConnectionAbortedException(reason.Word));
    }
}

/// <summary>One connection of http or https; a feature of it.</summary>
/// <param name="isOurs">Not a stranger.</param>
/// <param name="since">A timestamp.</param>
internal sealed class WebVisit(ListenerKind kind, IPAddress client, bool isOurs, long since)
{
    private volatile bool _hasAsked, _isBusy, _isKnown;

    public ListenerKind Kind => kind;

    public IPAddress Client => client;

    public bool IsOurs => isOurs;

    public UInt128 Key { get; } = Networks.ClientKey(client);

    public long Since => since;

    /// <summary>Somebody has logged in over it.</summary>
    public bool IsKnown
    {
        get => _isKnown;
        set => _isKnown = value;
    }

    /// <summary>The head of a request was whole.</summary>
    public bool HasAsked => _hasAsked;

    /// <summary>A request is being answered.</summary>
    public bool IsBusy
    {
        get => _isBusy;
        set => (_hasAsked, _isBusy) = (true, value);
    }
}
