using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>One try: by which way, as which address, and how the banned and another one fared.</summary>
/// <param name="Banned">"refused", "SERVED", or empty when it was not tried.</param>
/// <param name="Others">"served", "REFUSED", or empty.</param>
/// <param name="Ok">Null when it was not tried.</param>
public sealed record BanTrialRow(string Where, string By, IPAddress Address, string Banned, string Others, bool? Ok);

/// <summary>What came of a trial.</summary>
/// <param name="Problem">Why nothing, or not all, was tried; null when all was.</param>
/// <param name="Rows">In the order tried.</param>
public sealed record BanTrialResult(string? Problem, IReadOnlyList<BanTrialRow> Rows)
{
    /// <summary>Nothing that was tried went wrong.</summary>
    public bool Holds => Rows.All(r => r.Ok != false);
}

/// <summary>Has the server believe one loopback address of its own choice who connects, until the result is disposed.</summary>
public delegate IDisposable BelieveOneself(out IPAddress source);

/// <summary>
/// Shows that a ban bites: bans an address of which nothing real comes and connects to every listener that reads PROXY, as that address and
/// as another one.
/// </summary>
/// <param name="listeners">Bound, and reading PROXY.</param>
public sealed class BanTrial(
    Gatekeeper gate, IReadOnlyList<(ListenerKind Kind, IPEndPoint Address)> listeners, BelieveOneself believe, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // RFC 5737 §3 and RFC 3849: TEST-NET-3 and the documentation prefix.
    private static readonly (IPAddress Banned, IPAddress Other)[] Tried =
    [
        (IPAddress.Parse("203.0.113.251"), IPAddress.Parse("203.0.113.17")),
        (IPAddress.Parse("2001:db8:0:fb::1"), IPAddress.Parse("2001:db8:0:11::1")),
    ];

    private readonly List<BanTrialRow> _rows = [];

    public async Task<BanTrialResult> RunAsync(CancellationToken cancel)
    {
        foreach (var (banned, other) in Tried)
        {
            if (gate.IsExempt(banned) || gate.IsExempt(other))
                return new($"{banned} or {other} counts as one of ours (networks.*, guard.never): nothing can be shown with it", []);
        }
        using var believed = believe(out var source);
        var now = clock.GetUtcNow();
        var bans = Tried.Select(t => gate.Book.Add(
            new(0, "selftest", "aviso decisions test", Decision.Ban, t.Banned.ToString(), now, now.AddMinutes(1)))).ToList();
        try
        {
            if (bans.Contains(null)) return new($"there are {DecisionBook.Most} decisions already", []);
            foreach (var (banned, other) in Tried) Line("decisions", "memory", banned, gate.IsBanned(banned), !gate.IsBanned(other));
            foreach (var listener in listeners.Where(l => Reads(l.Kind)))
            {
                foreach (var (banned, other) in Tried) await TryAsync(source, listener, banned, other, cancel);
            }
        }
        finally
        {
            gate.Book.RemoveIds(bans.OfType<Decision>().Select(b => b.Id));
        }
        return new(_rows.Count == Tried.Length
            ? "no listener reads PROXY (`proxy: false`, or none is bound): only the decisions themselves were tried, and they hold" : null,
                _rows);
    }

    private async Task TryAsync(
        IPAddress source, (ListenerKind Kind, IPEndPoint Address) listener, IPAddress banned, IPAddress other, CancellationToken cancel)
    {
        // Loopback dials every address of this machine; [::] answers IPv4 as well.
        var to = listener.Address.Address;
        if (to.Equals(IPAddress.IPv6Any) || to.Equals(IPAddress.Any)) to = IPAddress.Loopback;
        var where = $"{ListenerKinds.Name(listener.Kind)} {listener.Address}";
        if (to.AddressFamily != AddressFamily.InterNetwork)
        {
            _rows.Add(new(where, "not tried: IPv6 alone", banned, "", "", null));
            return;
        }
        var at = new IPEndPoint(to, listener.Address.Port);
        var refused = !await IsServedAsync(listener.Kind, source, at, banned, cancel);
        Line(where, "PROXY", banned, refused, await IsServedAsync(listener.Kind, source, at, other, cancel));
    }

    private void Line(string where, string by, IPAddress address, bool refused, bool served) =>
        _rows.Add(new(where, by, address, refused ? "refused" : "SERVED", served ? "served" : "REFUSED", refused && served));

    private static bool Reads(ListenerKind kind) => kind is not (ListenerKind.Metrics or ListenerKind.Lmtp);

    /// <summary>A client is served when it is greeted, answered (http) or, on implicit TLS, shown a certificate.</summary>
    private static async Task<bool> IsServedAsync(
        ListenerKind kind, IPAddress source, IPEndPoint at, IPAddress client, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(at, patience.Token);
            var header = client.AddressFamily == AddressFamily.InterNetwork
                ? $"PROXY TCP4 {client} 203.0.113.1 40000 {at.Port}\r\n" : $"PROXY TCP6 {client} 2001:db8::1 40000 {at.Port}\r\n";
            var first = kind == ListenerKind.Http ? "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n" : "";
            await socket.SendAsync(Encoding.ASCII.GetBytes(header + first), patience.Token);
            if (!ListenerKinds.IsImplicitTls(kind))
            {
                var buffer = new byte[512];
                return IsWelcome(kind, Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token)));
            }
            await using var tls = new SslStream(new NetworkStream(socket), false);
            // Our own certificate, whoever issued it: what is asked is whether it is shown.
            var options = new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, _, _, _) => true };
            await tls.AuthenticateAsClientAsync(options, patience.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    private static bool IsWelcome(ListenerKind kind, string line) => kind switch
    {
        ListenerKind.Imap => line.StartsWith("* OK", StringComparison.Ordinal),
        ListenerKind.Http => line.StartsWith("HTTP/", StringComparison.Ordinal),
        ListenerKind.Pop3 => line.StartsWith("+OK", StringComparison.Ordinal),
        ListenerKind.ManageSieve => line.StartsWith('"'),
        _ => line.StartsWith("220", StringComparison.Ordinal),
    };
}
