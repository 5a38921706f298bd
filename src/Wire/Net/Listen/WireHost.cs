using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Aviso.Base;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Net;

/// <summary>
/// Net owns the wire: listeners, who is really there (PROXY), TLS and certificates, lines and deadlines, SASL. It knows
/// no protocol and no account. Rules: every address is the real client's and IPv4-mapped IPv6 is IPv4; a wait for a peer
/// always has a deadline on the one heartbeat; nothing a stranger sends is held beyond a limit; a connection makes one
/// log event, when it ends. This file is the mail listeners: accept, limits, PROXY, TLS, then the protocol, and the
/// orderly end. What happens on one connection stands in WireHost.Session.cs.
/// </summary>
public sealed partial class WireHost : IAsyncDisposable
{
    private const int MostPending = 200;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(2);

    // When a listener is full: who has sent less than this after so long is silent.
    private const long SilentOctets = 4096;
    private static readonly TimeSpan Newcomer = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);

    private readonly Func<ListenerKind, IWireProtocol> _protocols;
    private readonly TlsCertificates? _certificates;
    private readonly IAcceptGate? _gate;
    private readonly IEvidence? _evidence;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly IdSource _ids;
    private readonly CancellationTokenSource _draining = new();
    private readonly ConcurrentDictionary<long, Session> _sessions = new();
    private readonly ClientCounts _clients = new();
    private readonly List<Listener> _listeners = [];
    private volatile WireHostOptions _options;
    private Descriptors _descriptors;
    private long _saidNoRoom = long.MinValue / 2;
    private long _roomMade = long.MinValue / 2;

    /// <param name="protocols">The protocol of a kind; called once per connection, usually giving the same object.</param>
    public WireHost(WireHostOptions options, Func<ListenerKind, IWireProtocol> protocols, TimeProvider clock, ILogger? log = null,
        TlsCertificates? certificates = null, IdSource? ids = null, IAcceptGate? gate = null, IEvidence? evidence = null)
    {
        (_options, _protocols, _clock, _certificates, _gate, _evidence) = (options, protocols, clock, certificates, gate, evidence);
        _descriptors = options.Descriptors;
        _log = log ?? NullLogger.Instance;
        _ids = ids ?? new IdSource(clock);
    }

    /// <summary>Networks and lines; a new value counts for connections accepted from then on.</summary>
    public WireHostOptions Options
    {
        get => _options;
        set => _options = value;
    }

    /// <summary>Connections open now, those not yet handed to a protocol included.</summary>
    public int ConnectionCount => _sessions.Count;

    /// <summary>How many are open now, by kind.</summary>
    public IReadOnlyDictionary<ListenerKind, int> ConnectionsByKind => _sessions.Values.GroupBy(s => s.Listener.Settings.Kind)
        .ToDictionary(g => g.Key, g => g.Count());

    /// <summary>What is listened on, with the port the system gave for port 0.</summary>
    public IReadOnlyList<(ListenerSettings Settings, IPEndPoint Bound)> Bound => [.. _listeners.Select(l => (l.Settings, l.Bound))];

    /// <summary>Binds all listeners and begins to accept. Either all are bound or none.</summary>
    /// <exception cref="IOException">An address can't be bound; the message names it.</exception>
    public void Start(IReadOnlyList<ListenerSettings> settings)
    {
        if (_listeners.Count > 0) throw new InvalidOperationException("the host has started already");
        try
        {
            foreach (var one in settings) _listeners.Add(Listener.Bind(one, _certificates is not null));
        }
        catch
        {
            foreach (var listener in _listeners) listener.Socket.Dispose();
            _listeners.Clear();
            throw;
        }
        // Of the start, like the listeners themselves.
        _descriptors = _options.Descriptors;
        var wanted = settings.Select(s => s.MaxConnections).DefaultIfEmpty().Max();
        if (_descriptors.Most < wanted) _log.FewDescriptors(_descriptors.Limit, _descriptors.Most, wanted);
        foreach (var listener in _listeners) listener.Accepting = Task.Run(() => AcceptAsync(listener), CancellationToken.None);
    }

    /// <summary>
    /// Stops accepting, tells the sessions to finish (Draining), waits for them up to <paramref name="patience"/> and cuts
    /// the rest. The number of sessions cut.
    /// </summary>
    public async Task<int> StopAsync(TimeSpan patience)
    {
        await _draining.CancelAsync();
        foreach (var listener in _listeners) listener.Socket.Dispose();
        await Task.WhenAll(_listeners.Select(l => l.Accepting));
        await WaitForSessionsAsync(patience);
        var left = _sessions.Values.ToArray();
        foreach (var session in left) session.Abort(Reason.Shutdown);
        await WaitForSessionsAsync(AbortPatience);
        if (left.Length > 0) _log.CutAtTheEnd(left.Length);
        return left.Length;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_draining.IsCancellationRequested) await StopAsync(TimeSpan.Zero);
        _draining.Dispose();
    }

    /// <summary>Ends the connections of clients that may no longer be here; the number of them.</summary>
    public int Cut(Func<IPAddress, bool> client, Reason reason)
    {
        var internals = _options.Internal;
        var cut = 0;
        foreach (var session in _sessions.Values)
        {
            var address = session.Remote.Address;
            // One whose PROXY header has not come yet has no client; it is asked about when it has.
            if (session.Connection is null || internals.Contains(address) || !client(address)) continue;
            session.Abort(reason);
            cut++;
        }
        return cut;
    }

    /// <summary>Ends the connections of logins that no longer hold, wherever they are from; the number of them.</summary>
    public int CutLogins(Func<Principal, bool> login, Reason reason)
    {
        var cut = 0;
        foreach (var session in _sessions.Values)
        {
            if (session.Connection?.Login is not { } who || !login(who)) continue;
            session.Abort(reason);
            cut++;
        }
        return cut;
    }

    private async Task WaitForSessionsAsync(TimeSpan patience)
    {
        try
        {
            await Task.WhenAll(_sessions.Values.Select(s => s.Ended.Task)).WaitAsync(patience, _clock, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            // The caller cuts what is left.
        }
    }

    private async Task AcceptAsync(Listener listener)
    {
        while (!_draining.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.Socket.AcceptAsync(_draining.Token);
                if (_descriptors.TryEnter() || (IsOurs(socket) && _descriptors.TryEnter(isOurs: true))) Begin(listener, socket);
                else TurnAway(listener, socket);
                // Who is connected is served before who comes: a flood waits in the kernel's queue, not in front of them.
                while (ThreadPool.PendingWorkItemCount > MostPending) await Task.Delay(1, _draining.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                if (_draining.IsCancellationRequested) return;
            }
            catch (Exception e)
            {
                if (_draining.IsCancellationRequested) return;
                // Too many open files, a connection gone before it was taken: never a reason to stop listening.
                NetMeters.AcceptFailed(listener.Settings.Kind);
                if (e is SocketException { SocketErrorCode: SocketError.ConnectionAborted or SocketError.ConnectionReset }) continue;
                // It is somebody else's descriptors then: what can be given back is.
                if (e is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets }) MakeRoom(null);
                if (listener.MaySay(_clock)) _log.AcceptFailed(listener.Bound, e.Message);
                await PauseAsync();
            }
        }
    }

    // True for one caller in so long.
    private static bool IsOnceIn(ref long last, TimeSpan length, TimeProvider clock)
    {
        var (now, before) = (clock.GetTimestamp(), Volatile.Read(ref last));
        return now - before >= length.TotalSeconds * clock.TimestampFrequency && Interlocked.CompareExchange(ref last, now, before) == before;
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(AcceptPause, _clock, _draining.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private sealed class Listener(ListenerSettings settings, Socket socket, IPEndPoint bound)
    {
        private int _open;
        private long _roomMade = long.MinValue / 2;
        private long _said = long.MinValue / 2;

        public ListenerSettings Settings { get; } = settings;

        public Socket Socket { get; } = socket;

        public IPEndPoint Bound { get; } = bound;

        public Task Accepting { get; set; } = Task.CompletedTask;

        public int Open => Volatile.Read(ref _open);

        /// <summary>True once a second.</summary>
        public bool MayMakeRoom(TimeProvider clock) => IsOnceIn(ref _roomMade, TimeSpan.FromSeconds(1), clock);

        /// <summary>True once a minute.</summary>
        public bool MaySay(TimeProvider clock) => IsOnceIn(ref _said, SayEvery, clock);

        public void Enter() => Interlocked.Increment(ref _open);

        public void Leave() => Interlocked.Decrement(ref _open);

        public static Listener Bind(ListenerSettings settings, bool hasCertificates)
        {
            if (!ListenerKinds.IsMail(settings.Kind)) throw new ArgumentException($"{ListenerKinds.Name(settings.Kind)} is no mail listener");
            if (ListenerKinds.IsImplicitTls(settings.Kind) && !hasCertificates)
                throw new ArgumentException($"{ListenerKinds.Name(settings.Kind)} needs a certificate");
            var address = settings.Address;
            var any = address.Address.Equals(IPAddress.IPv6Any);
            // A host without IPv6 still serves IPv4 on [::].
            if (any && !Socket.OSSupportsIPv6) address = new IPEndPoint(IPAddress.Any, address.Port);
#pragma warning disable CA2000 // the listener closes it
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
#pragma warning restore CA2000
            try
            {
                if (address.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = any;
                socket.Bind(address);
                socket.Listen(4096);
                return new Listener(settings, socket, (IPEndPoint)socket.LocalEndPoint!);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                throw new IOException($"cannot listen on {settings.Address} for {ListenerKinds.Name(settings.Kind)}: {e.Message}", e);
            }
        }
    }

    /// <summary>Open connections per client; an entry lives only while one is open.</summary>
    private sealed class ClientCounts
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<UInt128, int> _open = [];

        public bool TryEnter(UInt128 client, int most)
        {
            lock (_gate)
            {
                var open = _open.GetValueOrDefault(client);
                if (open >= most) return false;
                _open[client] = open + 1;
                return true;
            }
        }

        public void Leave(UInt128 client)
        {
            lock (_gate)
            {
                if (_open[client] == 1) _open.Remove(client);
                else _open[client]--;
            }
        }
    }
}
