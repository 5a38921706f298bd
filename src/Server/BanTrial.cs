using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Guard;
using Aviso.Net;

namespace Aviso.Server;

/// <summary>
/// Shows that a ban bites: bans an address of which nothing real comes and connects to every listener that reads PROXY, as that address and as
/// another one. For that moment the server believes one loopback address of its own choice who connects.
/// </summary>
internal sealed class BanTrial(MailParts mail, IReadOnlyList<BoundListener> listeners, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // RFC 5737 §3 and RFC 3849: TEST-NET-3 and the documentation prefix.
    private static readonly (IPAddress Banned, IPAddress Other)[] Tried =
    [
        (IPAddress.Parse("203.0.113.251"), IPAddress.Parse("203.0.113.17")),
        (IPAddress.Parse("2001:db8:0:fb::1"), IPAddress.Parse("2001:db8:0:11::1")),
    ];

    private readonly JsonArray _lines = [];
    private bool _good = true;

    public async Task<AdminReply> RunAsync(CancellationToken cancel)
    {
        var gate = mail.Front.Gate;
        foreach (var (banned, other) in Tried)
        {
            if (gate.IsExempt(banned) || gate.IsExempt(other)) return AdminReply.No($"{banned} or {other} counts as one of ours (networks.*, guard.never): nothing can be shown with it");
        }
        using var believed = mail.BelieveOneself(out var source);
        var now = clock.GetUtcNow();
        var bans = Tried.Select(t => gate.Book.Add(new(0, "selftest", "aviso decisions test", Decision.Ban, t.Banned.ToString(), now, now.AddMinutes(1)))).ToList();
        try
        {
            if (bans.Contains(null)) return AdminReply.No($"there are {DecisionBook.Most} decisions already");
            foreach (var (banned, other) in Tried) Line("decisions", "memory", banned, gate.IsBanned(banned) ? "refused" : "SERVED", gate.IsBanned(other) ? "REFUSED" : "served");
            foreach (var listener in listeners.Where(l => l.NotBound is null && Reads(l.Kind)))
            {
                foreach (var (banned, other) in Tried) await TryAsync(source, listener, banned, other, cancel);
            }
        }
        finally
        {
            gate.Book.RemoveIds(bans.OfType<Decision>().Select(b => b.Id));
        }
        if (_lines.Count == Tried.Length) return AdminReply.No("no listener reads PROXY (`proxy: false`, or none is bound): only the decisions themselves were tried, and they hold");
        return _good ? AdminReply.Done(_lines) : AdminReply.No("a ban does not bite:\n" + string.Join('\n', _lines.Select(l => string.Join("  ", l!.AsObject().Select(c => $"{c.Value}")))));
    }

    private async Task TryAsync(IPAddress source, BoundListener listener, IPAddress banned, IPAddress other, CancellationToken cancel)
    {
        // Loopback dials every address of this machine; [::] answers IPv4 as well.
        var to = listener.Address.Address;
        if (to.Equals(IPAddress.IPv6Any) || to.Equals(IPAddress.Any)) to = IPAddress.Loopback;
        var where = $"{ListenerKinds.Name(listener.Kind)} {listener.Address}";
        if (to.AddressFamily != AddressFamily.InterNetwork)
        {
            _lines.Add((JsonNode)new JsonObject { ["where"] = where, ["by"] = "not tried: IPv6 alone", ["address"] = banned.ToString(), ["banned"] = "", ["others"] = "", ["ok"] = "-" });
            return;
        }
        var at = new IPEndPoint(to, listener.Address.Port);
        var refused = !await IsServedAsync(listener.Kind, source, at, banned, cancel);
        var served = await IsServedAsync(listener.Kind, source, at, other, cancel);
        Line(where, "PROXY", banned, refused ? "refused" : "SERVED", served ? "served" : "REFUSED");
    }

    private void Line(string where, string by, IPAddress address, string banned, string others)
    {
        var ok = banned == "refused" && others == "served";
        _good &= ok;
        _lines.Add((JsonNode)new JsonObject { ["where"] = where, ["by"] = by, ["address"] = address.ToString(), ["banned"] = banned, ["others"] = others, ["ok"] = ok ? "yes" : "NO" });
    }

    private static bool Reads(ListenerKind kind) => kind is not (ListenerKind.Metrics or ListenerKind.Lmtp);

    /// <summary>A client is served when it is greeted, answered (http) or, on implicit TLS, shown a certificate.</summary>
    private static async Task<bool> IsServedAsync(ListenerKind kind, IPAddress source, IPEndPoint at, IPAddress client, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(at, patience.Token);
            var header = client.AddressFamily == AddressFamily.InterNetwork ? $"PROXY TCP4 {client} 203.0.113.1 40000 {at.Port}\r\n" : $"PROXY TCP6 {client} 2001:db8::1 40000 {at.Port}\r\n";
            var first = kind == ListenerKind.Http ? "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n" : "";
            await socket.SendAsync(Encoding.ASCII.GetBytes(header + first), patience.Token);
            if (!ListenerKinds.IsImplicitTls(kind))
            {
                var buffer = new byte[512];
                return IsWelcome(kind, Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token)));
            }
            await using var tls = new SslStream(new NetworkStream(socket), false);
            // Our own certificate, whoever issued it: what is asked is whether it is shown.
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, _, _, _) => true }, patience.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
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
