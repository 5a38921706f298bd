using System.Net;
using System.Net.Sockets;
using Aviso.Base;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>One accepted connection, from the socket to its log event.</summary>
public sealed partial class WireHost
{
    private void Begin(Listener listener, Socket socket)
    {
        var session = new Session(_ids.Next(), listener, socket) { Since = _clock.GetTimestamp() };
        _sessions[session.Number] = session;
        listener.Enter();
        NetMeters.Opened(listener.Settings.Kind);
        ThreadPool.UnsafeQueueUserWorkItem(static s => _ = s.Host.ServeAsync(s.Session), (Host: this, Session: session), preferLocal: false);
    }

    private bool IsOurs(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint remote && Networks.Normal(remote).Address is var peer
                && _options.Internal.Contains(peer) && !_options.Proxies.Contains(peer);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    // Not even a word: that needs the descriptor for a while.
    private void TurnAway(Listener listener, Socket socket)
    {
        socket.Close(0);
        NetMeters.SessionDropped(listener.Settings.Kind, Reason.NoDescriptor);
        MakeRoom(null);
        SayNoRoom();
    }

    private void SayNoRoom()
    {
        if (IsOnceIn(ref _saidNoRoom, SayEvery, _clock)) _log.NoDescriptors(_descriptors.Limit, _descriptors.Connections);
    }

    private async Task ServeAsync(Session session)
    {
        try
        {
            await ServeSocketAsync(session);
        }
        catch (Exception e)
        {
            session.End(Reason.OwnFault);
            session.Quiet = false;
            _log.ConnectionFailed(e, IdText.Format(session.Number));
        }
        finally
        {
            session.End(Reason.Closed);
            CountEnd(session);
            session.Close();
            if (session.CountedAs is { } client) _clients.Leave(client);
            session.Listener.Leave();
            _descriptors.Leave();
            NetMeters.Closed(session.Kind);
            _sessions.TryRemove(session.Number, out _);
            LogEnd(session);
            session.Ended.TrySetResult();
        }
    }

    private async Task ServeSocketAsync(Session session)
    {
        var options = _options;
        if (!TryEndPoints(session)) return;
        byte[] unread = [];
        var speaksProxy = session.Listener.Settings.Proxy && options.Proxies.Contains(session.Peer.Address);
        if (speaksProxy)
        {
            var (header, after) = await ReadProxyHeaderAsync(session, options);
            if (header is null) return;
            unread = after;
            session.Proxied = true;
            if (header.Source is not null) (session.Remote, session.Local) = (header.Source, header.Destination!);
        }
        var client = session.Remote.Address;
        var isInternal = session.IsInternal = options.Internal.Contains(client);
        if (Refusal(session, isInternal, speaksProxy) is { } why)
        {
            await RefuseAsync(session, why);
            return;
        }
        var refuseFirst = session.Listener.Settings.Proxy && !speaksProxy ? (Func<ReadOnlyMemory<byte>, bool>)session.SeesProxyHeader : null;
        session.OnProxyHeader = () => session.End(Reason.ProxyUntrusted);
        await using var transport = new SocketTransport(session.Socket, unread, refuseFirst);
        session.Transport = transport;
        await using var connection = new WireConnection(IdText.Format(session.Number),
            new WireOrigin(session.Kind, session.Remote, session.Local)
            {
                IsInternal = isInternal,
                ClearLoginAllowed = options.CleartextLogin.Contains(client),
            }, transport, _clock)
        {
            Aborted = session.Aborted.Token,
            Draining = _draining.Token,
            Certificates = _certificates,
            Evidence = _evidence,
        };
        session.Connection = connection;
        if (ListenerKinds.IsImplicitTls(session.Kind) && !await connection.StartTlsAsync(_draining.Token))
        {
            session.End(connection.EndReason ?? Reason.Tls, connection.EndDetail);
            session.Quiet = speaksProxy && transport.OctetsIn == 0;
            return;
        }
        await _protocols(session.Kind).RunAsync(connection);
        session.End(connection.EndReason ?? (transport.WasReset ? Reason.Reset : Reason.Closed), connection.EndDetail);
        // Before the peer sees the end: who comes back at once is banned already.
        CountEnd(session);
        // A load balancer's health check: a header, nothing else, often a reset. Not a lost connection (ops.md section 8).
        session.Quiet = speaksProxy && transport.OctetsIn == 0;
    }

    // A connection that was reset before we looked has no peer any more: no reason to fail.
    private static bool TryEndPoints(Session session)
    {
        try
        {
            session.Socket.NoDelay = true;
            session.Socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            if (session.Socket.RemoteEndPoint is not IPEndPoint remote) return false;
            session.Peer = session.Remote = Networks.Normal(remote);
            session.Local = Networks.Normal(session.Socket.LocalEndPoint as IPEndPoint ?? session.Listener.Bound);
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            session.EndQuietly(Reason.GoneUnseen);
            return false;
        }
    }

    private async ValueTask<(ProxyHeader? Header, byte[] After)> ReadProxyHeaderAsync(Session session, WireHostOptions options)
    {
        var buffer = new byte[ProxyHeader.V2Fixed + Math.Max(options.ProxyV2Limit, ProxyHeader.V1Limit)];
        var filled = 0;
        using var deadline = new CancellationTokenSource(options.ProxyPatience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, session.Aborted.Token);
        try
        {
            while (true)
            {
                var read = await session.Socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, either.Token);
                if (read == 0)
                {
                    // A probe of the port that sends nothing is nobody's fault; half a header is.
                    if (filled == 0) session.EndQuietly(Reason.ClosedBeforeProxy);
                    else session.End(Reason.ProxyHeader);
                    return default;
                }
                filled += read;
                switch (ProxyHeader.Parse(buffer.AsSpan(0, filled), options.ProxyV2Limit, out var header, out var length))
                {
                    case ProxyStatus.Complete:
                        return (header, buffer[length..filled]);
                    case ProxyStatus.Invalid:
                        session.End(Reason.ProxyHeader);
                        return default;
                }
            }
        }
        catch (OperationCanceledException)
        {
            session.End(deadline.IsCancellationRequested ? Reason.ProxyTimeout : Reason.Shutdown);
            return default;
        }
        catch (SocketException)
        {
            session.EndQuietly(Reason.ResetBeforeProxy);
            return default;
        }
    }

    private Reason? Refusal(Session session, bool isInternal, bool speaksProxy)
    {
        var settings = session.Listener.Settings;
        if (session.Listener.Open > settings.MaxConnections && !MakeRoom(session.Listener)) return Reason.ListenerFull;
        var client = session.Remote.Address;
        if (!isInternal && !_descriptors.HasRoom && !MakeRoom(null))
        {
            SayNoRoom();
            return Reason.NoDescriptor;
        }
        if (!isInternal && _gate?.Allows(session.Kind, client) == false) return Reason.Gate;
        // A proxy that speaks for itself (health checks) is one of ours.
        if (isInternal || (speaksProxy && ReferenceEquals(session.Remote, session.Peer))) return null;
        var key = Networks.ClientKey(client);
        if (!_clients.TryEnter(key, settings.MaxPerClient)) return Reason.ClientLimit;
        session.CountedAs = key;
        return null;
    }

    // A full listener, or a process that can hold no more, belongs to those who do something. Strangers who hold a place in silence, neither
    // logged in nor sending anything, are asked to leave a twentieth of it, the quietest first; who has just come is given time. Once a
    // second: it looks at all connections.
    private bool MakeRoom(Listener? listener)
    {
        if (listener is null ? !IsOnceIn(ref _roomMade, TimeSpan.FromSeconds(1), _clock) : !listener.MayMakeRoom(_clock))
            return listener is null ? _descriptors.HasRoom : listener.Open <= listener.Settings.MaxConnections;
        var most = listener?.Settings.MaxConnections ?? _descriptors.Most;
        var silent = _sessions.Values.Where(s => (listener is null || s.Listener == listener) && s.Connection is { Login: null, Origin.IsInternal: false }
                && s.Transport is { OctetsIn: < SilentOctets } && _clock.GetElapsedTime(s.Since) > Newcomer)
            .OrderBy(s => s.Transport!.OctetsIn).ThenBy(s => s.Since).Take((most / 20) + 1).ToList();
        foreach (var session in silent) session.Abort(Reason.MadeRoom);
        return silent.Count > 0;
    }

    private async Task RefuseAsync(Session session, Reason why)
    {
        session.End(why);
        CountEnd(session);
        var line = ListenerKinds.IsImplicitTls(session.Kind) ? default : _protocols(session.Kind).DoorLine(why);
        if (line.IsEmpty) return;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1), _clock);
        try
        {
            await session.Socket.SendAsync(line, SocketFlags.None, deadline.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It did not want to hear it.
        }
    }

    // Once.
    private void CountEnd(Session session)
    {
        if (!session.TakeCount() || session.Ending is not { IsDrop: true } reason) return;
        NetMeters.SessionDropped(session.Kind, reason);
        // What the protocol ended it has told of itself.
        if (session.IsInternal && session.Connection?.EndReason is null)
            OwnRefusals.Note(_log, IdText.Format(session.Number), session.Remote, default, "closed", reason.Word, reason);
        _evidence?.Report(new Evidence(session.Kind, session.Remote.Address, reason));
    }

    private void LogEnd(Session session) => _log.ConnectionEnded(session.Quiet ? LogLevel.Debug : LogLevel.Information,
        IdText.Format(session.Number), ListenerKinds.Name(session.Kind), session.Remote.Address,
        session.Proxied ? session.Peer.Address : null, session.Connection?.Tls?.Protocol,
        (long)_clock.GetElapsedTime(session.Since).TotalMilliseconds, session.Transport?.OctetsIn ?? 0, session.Transport?.OctetsOut ?? 0,
        session.EndText);

    private sealed class Session(long number, Listener listener, Socket socket)
    {
        private static readonly IPEndPoint Nowhere = new(IPAddress.None, 0);

        // Octets.
        private const int MostUnread = 64 * 1024;

        private Why? _ending;
        private bool _isCounted;

        public long Number { get; } = number;

        public Listener Listener { get; } = listener;

        public Socket Socket { get; } = socket;

        public ListenerKind Kind => Listener.Settings.Kind;

        public IPEndPoint Peer { get; set; } = Nowhere;

        public IPEndPoint Remote { get; set; } = Nowhere;

        public IPEndPoint Local { get; set; } = Nowhere;

        public bool Proxied { get; set; }

        public bool IsInternal { get; set; }

        public UInt128? CountedAs { get; set; }

        public SocketTransport? Transport { get; set; }

        public WireConnection? Connection { get; set; }

        public long Since { get; init; }

        public Reason? Ending => _ending?.Reason;

        public string EndText => _ending is not { } end ? Reason.Closed.Word : end.Detail is null ? end.Reason.Word : $"{end.Reason.Word}: {end.Detail}";

        /// <summary>Nothing happened that anybody needs to read about.</summary>
        public bool Quiet { get; set; }

        public Action? OnProxyHeader { get; set; }

        public CancellationTokenSource Aborted { get; } = new();

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool SeesProxyHeader(ReadOnlyMemory<byte> first)
        {
            if (!ProxyHeader.LooksLikeOne(first.Span)) return false;
            OnProxyHeader?.Invoke();
            return true;
        }

        /// <summary>The first reason stands.</summary>
        public void End(Reason reason, string? detail = null) => Interlocked.CompareExchange(ref _ending, new(reason, detail), null);

        /// <summary>True the first time.</summary>
        public bool TakeCount() => !Interlocked.Exchange(ref _isCounted, true);

        public void EndQuietly(Reason reason)
        {
            End(reason);
            Quiet = true;
        }

        public void Abort(Reason reason)
        {
            End(reason);
            Aborted.Cancel();
            Socket.Close(0);
        }

        public void Close()
        {
            try
            {
                Socket.Shutdown(SocketShutdown.Both);
                // What a peer sent and nobody will read would turn the end into a reset, which may take our last words with it.
                Span<byte> unread = stackalloc byte[256];
                for (var left = MostUnread; left > 0 && Socket.Available > 0; left -= unread.Length)
                    if (Socket.Receive(unread) == 0) break;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Gone already.
            }
            Socket.Dispose();
        }

        private sealed record Why(Reason Reason, string? Detail);
    }
}
