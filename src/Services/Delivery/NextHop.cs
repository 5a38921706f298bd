using System.Net;
using System.Net.Sockets;
using Aviso.Base;
using Aviso.Smtp;

namespace Aviso.Delivery;

/// <summary>Makes a connection to an address; the server's is a plain socket, a test's leads to loopback.</summary>
public delegate Task<Stream> Dial(IPEndPoint to, CancellationToken cancel);

/// <summary>An open session and where it leads.</summary>
internal sealed record OpenHop(SmtpClient Client, string Host, RelaySettings? Relay) : IAsyncDisposable
{
    public bool Reused { get; init; }

    /// <summary>When it was last in use, <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long IdleSince { get; init; }

    public async ValueTask DisposeAsync() => await Client.DisposeAsync();
}

/// <summary>
/// Opens a session with a destination: the relay that an administrator named, or the domain's MX hosts in order. Names that came
/// from the DNS are dialled only where the guard lets us (design.md "Dialling out").
/// </summary>
internal sealed class NextHop(MxLookup lookup, TlsDane dane, Func<IPAddress, bool> mayDial, Dial dial, SmtpClientOptions client)
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(30);
    private const int MxPort = 25;

    // Hosts times addresses could be many; each may cost half a minute.
    private const int MaxDials = 10;

    /// <summary>An open session, or the last reason why not. Hosts in <paramref name="passOver"/> ("name[address]") are not tried.</summary>
    public async Task<(OpenHop? Hop, Refusal? No)> OpenAsync(
        string destination, RelaySettings? relay, IReadOnlySet<string> passOver, CancellationToken cancel)
    {
        if (relay is not null) return await RelayAsync(relay, cancel);
        var plan = await lookup.FindAsync(destination, cancel);
        if (plan.Problem is { } problem) return (null, problem);
        Refusal? no = null;
        var dials = 0;
        foreach (var host in plan.Hosts)
        {
            var (addresses, temporary) = await lookup.AddressesAsync(host, cancel);
            if (addresses.Count == 0)
                no ??= No(4, temporary ? 3 : 4, temporary ? $"the DNS cannot say now where {host} is" : $"the mail server {host} has no address");
            var policy = plan.Secure && addresses.Count > 0 ? await dane.FindAsync(host, cancel) : DaneAnswer.None;
            if (policy.State == DaneState.Unknown)
            {
                // RFC 7672 §2.1.2: this host is passed over; mail waits rather than goes where a liar may read it.
                no ??= No(7, 5, $"the DNS cannot say now which certificate {host} has (TLSA)");
                continue;
            }
            foreach (var address in addresses.Where(a => !passOver.Contains(Label(host, a))))
            {
                if (!mayDial(address))
                {
                    QueueMeters.DialsRefused.Add(1);
                    no ??= No(4, 4, $"{host} has the address {address}, which is private or our own and is not dialled");
                    continue;
                }
                if (++dials > MaxDials) return (null, no);
                var (hop, refusal) = policy.State == DaneState.None
                    ? await TryAsync(host, new(address, MxPort), cancel)
                    : await DaneAsync(destination, host, new(address, MxPort), policy, cancel);
                if (hop is not null) return (hop, null);
                no = refusal;
            }
        }
        return (null, no);
    }

    private static string Label(string host, IPAddress address) => $"{host}[{address}]";

    private async Task<(OpenHop? Hop, Refusal? No)> TryAsync(string host, IPEndPoint at, CancellationToken cancel)
    {
        var (opened, failure) = await GreetAsync(host, at, TlsDemand.Opportunistic, false, cancel);
        // RFC 7435: opportunistic TLS must not be worse than none; a failed handshake is tried once more in the clear.
        if (failure?.Trouble is SmtpTrouble.Tls || failure is { Stage: SmtpStage.StartTls, Trouble: not SmtpTrouble.Refused })
            (opened, failure) = await GreetAsync(host, at, TlsDemand.None, false, cancel);
        return opened is null ? (null, Refuse(Label(host, at.Address), failure!)) : (new(opened, Label(host, at.Address), null), null);
    }

    // RFC 7672 §2.2: no way back to the clear.
    private async Task<(OpenHop? Hop, Refusal? No)> DaneAsync(
        string domain, string host, IPEndPoint at, DaneAnswer policy, CancellationToken cancel)
    {
        var checks = client with { Verify = dane.Verify(policy, host, domain) };
        var (opened, failure) = await GreetAsync(host, at, TlsDemand.Verified, false, cancel, checks);
        return opened is not null
            ? (new(opened, Label(host, at.Address), null), null)
            : (null, Refuse($"{Label(host, at.Address)} (DANE)", failure!));
    }

    private async Task<(OpenHop? Hop, Refusal? No)> RelayAsync(RelaySettings relay, CancellationToken cancel)
    {
        var addresses = await RelayAddressesAsync(relay.Host, cancel);
        Refusal? no = No(4, 4, $"the relay {relay.Name} ({relay.Host}) has no address");
        foreach (var address in addresses)
        {
            var (opened, failure) = await GreetAsync(relay.Host, new(address, relay.Port), relay.Tls, relay.TlsFirst, cancel);
            if (opened is null && relay.Tls == TlsDemand.Opportunistic && !relay.TlsFirst && failure!.Trouble == SmtpTrouble.Tls)
                (opened, failure) = await GreetAsync(relay.Host, new(address, relay.Port), TlsDemand.None, false, cancel);
            if (opened is not null && relay.Username is { } user)
            {
                failure = await opened.AuthenticateAsync(user, relay.Password ?? "", cancel);
                if (failure is not null)
                {
                    await opened.QuitAsync(cancel);
                    await opened.DisposeAsync();
                    // All addresses of a relay know the same passwords: asking the next one only risks a ban.
                    return (null, Refuse($"relay {relay.Name}, login", failure));
                }
            }
            if (opened is not null) return (new(opened, $"{relay.Host}[{address}]:{relay.Port}", relay), null);
            no = Refuse($"relay {relay.Name} ({relay.Host}[{address}]:{relay.Port})", failure!);
        }
        return (null, no);
    }

    // An administrator may name a relay as the system knows it: /etc/hosts, a search list of the cluster.
    private async Task<IReadOnlyList<IPAddress>> RelayAddressesAsync(string host, CancellationToken cancel)
    {
        var (addresses, _) = await lookup.AddressesAsync(host, cancel);
        if (addresses.Count > 0) return addresses;
        try
        {
            return await System.Net.Dns.GetHostAddressesAsync(host, cancel);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return [];
        }
    }

    private async Task<(SmtpClient? Client, SmtpFailure? Failure)> GreetAsync(
        string host, IPEndPoint at, TlsDemand tls, bool implicitTls, CancellationToken cancel, SmtpClientOptions? checks = null)
    {
        using var deadline = new CancellationTokenSource(ConnectPatience, client.Clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        Stream stream;
        try
        {
            stream = await dial(at, linked.Token);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            var why = deadline.IsCancellationRequested ? "connect timed out" : "cannot connect: " + e.Message;
            return (null, new(SmtpStage.Connect, SmtpTrouble.Closed, null, why));
        }
        return await SmtpClient.OpenAsync(stream, host, tls, implicitTls, checks ?? client, cancel);
    }

    // Nothing said before MAIL is about a message, so it is always temporary: 5xx in a greeting is as often a block that ends, and
    // a refused login is ours to mend. The age of the mail ends it.
    private static Refusal Refuse(string host, SmtpFailure failure) => No(4, failure.Stage switch
    {
        SmtpStage.Connect => 1,
        SmtpStage.Auth or SmtpStage.StartTls => 7,
        _ => 2,
    }, $"{host}: {failure.Text}");

    private static Refusal No(int subject, int detail, string text) => new(451, new(4, subject, detail), text, text);
}

/// <summary>Plain TCP.</summary>
public static class SocketDial
{
    public static async Task<Stream> ConnectAsync(IPEndPoint to, CancellationToken cancel)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, cancel);
            return new NetworkStream(socket, true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
