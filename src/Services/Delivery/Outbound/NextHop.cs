using System.Net;
using System.Net.Sockets;
using Aviso.Base;
using Aviso.Net;
using Aviso.Smtp;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Makes a connection to an address; the server's is a plain socket, a test's leads to loopback.</summary>
public delegate Task<Stream> Dial(IPEndPoint to, CancellationToken cancel);

/// <summary>An open session and where it leads.</summary>
internal sealed record OpenHop(SmtpClient Client, string Host, RelaySettings? Relay, TlsWish Wish) : IAsyncDisposable
{
    public bool Reused { get; init; }

    /// <summary>When it was last in use, <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long IdleSince { get; init; }

    public async ValueTask DisposeAsync() => await Client.DisposeAsync();
}

/// <summary>
/// Opens a session with a destination: the relay that an administrator named, or the domain's MX hosts in order, held to what the domain
/// (and the message) says about TLS. Names that came from the DNS are dialled only where the guard lets us (design.md "Dialling out").
/// </summary>
/// <param name="isOurAddress">Asked of addresses that must not be dialled: is it this host.</param>
internal sealed class NextHop(
    MxLookup lookup, HopPolicies policies, Func<IPAddress, bool> mayDial, Func<IPAddress, bool> isOurAddress, Dial dial,
    SmtpClientOptions client, ILogger log)
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(30);
    private const int MxPort = 25;

    // Hosts times addresses could be many; each may cost half a minute.
    private const int MaxDials = 10;

    /// <summary>An open session, or the reason why not. Hosts in <paramref name="passOver"/> ("name[address]") are not tried.</summary>
    public async Task<(OpenHop? Hop, Refusal? No)> OpenAsync(
        string destination, RelaySettings? relay, TlsWish wish, IReadOnlySet<string> passOver, CancellationToken cancel)
    {
        if (relay is not null)
        {
            var held = wish == TlsWish.Required ? relay with { Tls = TlsDemand.Verified } : relay;
            return await RelayAsync(held, relay, wish, passOver, cancel);
        }
        var plan = await lookup.FindAsync(destination, cancel);
        if (plan.Problem is { } problem) return (null, problem);
        var sts = await policies.DomainAsync(destination, wish, cancel);
        Refusal? no = null;
        var dials = 0;
        await foreach (var (host, found) in HostsAsync(plan, cancel))
        {
            if (found.Addresses is not { Count: > 0 } addresses)
            {
                no = Worse(no, Nowhere(host, found));
                continue;
            }
            // RFC 5321 §5.1: a host that is this one, whatever its name, and all that are no better end the list.
            if (addresses.Any(a => IsUs(destination, a))) return (null, no ?? MxLookup.Loop(destination).Problem);
            if (await policies.HostAsync(destination, host, sts, plan.Secure, wish, cancel) is not { } policy)
            {
                // RFC 7672 §2.1.2: this host is passed over; mail waits rather than goes where a liar may read it.
                no ??= No(7, 5, $"the DNS cannot say now which certificate {host} has (TLSA)");
                continue;
            }
            if (policy.Refuses is { } refuses)
            {
                policies.Count(policy, refuses, null, null);
                no = Worse(no, Unsafe(policy, host, refuses, !policy.MayChange));
                continue;
            }
            foreach (var address in addresses.Where(a => !passOver.Contains(Label(host, a))))
            {
                if (!mayDial(address))
                {
                    QueueMeters.DialsRefused.Add(1);
                    no ??= Undialled(destination, host, address);
                    continue;
                }
                if (++dials > MaxDials) return (null, no);
                var (hop, refusal) = await TryAsync(policy, new(address, MxPort), cancel);
                if (hop is not null) return (hop, null);
                no = Worse(no, refusal!);
            }
        }
        return (null, no);
    }

    // Of equal hosts all are looked up before one is tried: when one of them is this host, none may be.
    private async IAsyncEnumerable<(string Host, HostAddresses Found)> HostsAsync(
        MxPlan plan, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var equal in plan.Hosts.GroupBy(h => h.Preference))
        {
            var found = new List<(string Host, HostAddresses Found)>();
            foreach (var host in equal) found.Add((host.Name, await lookup.AddressesAsync(host.Name, cancel)));
            foreach (var one in found.OrderByDescending(f => f.Found.Addresses.Any(a => IsUs(f.Host, a)))) yield return one;
        }
    }

    private bool IsUs(string named, IPAddress address) => !named.StartsWith('[') && !mayDial(address) && isOurAddress(address);

    // A name that does not exist will not do so later either; one that has no address now may get one.
    private static Refusal Nowhere(string host, HostAddresses found)
    {
        if (found.Temporary) return No(4, 3, $"the DNS cannot say now where {host} is");
        if (!found.Missing) return No(4, 4, $"the mail server {host} has no address");
        var text = $"the mail server {host} does not exist";
        return new(550, new(5, 4, 4), text, Reason.NextHop, text);
    }

    // Tomorrow the DNS may name another address; an address literal stays what it is.
    private static Refusal Undialled(string destination, string host, IPAddress address)
    {
        if (!destination.StartsWith('[')) return No(4, 4, $"{host} has the address {address}, which is private or our own and is not dialled");
        var text = $"{address} is private or our own and is not dialled";
        return new(550, new(5, 4, 4), text, Reason.NextHop, text);
    }

    private static string Label(string host, IPAddress address) => $"{host}[{address}]";

    // The last reason is told, but a permanent one only when no host may do better later.
    private static Refusal Worse(Refusal? before, Refusal now) => before is { IsPermanent: false } && now.IsPermanent ? before : now;

    private async Task<(OpenHop? Hop, Refusal? No)> TryAsync(HostPolicy policy, IPEndPoint at, CancellationToken cancel)
    {
        var sight = new TlsSight(policy.Judge);
        var checks = policy.IsStrict ? client with { Verify = sight.Check } : client with { Observe = sight.Check };
        var (opened, failure, from) = await GreetAsync(policy.Host, at, policy.IsStrict ? TlsDemand.Verified : TlsDemand.Opportunistic, false, cancel, checks);
        var fault = Fault(opened, failure, sight) ?? (opened is null ? null : policy.Noted);
        // What broke before or after TLS says nothing about it.
        if (opened is not null || fault is not null) policies.Count(policy, fault, from, at.Address);
        var label = Label(policy.Host, at.Address);
        if (opened is not null && policy.Wish == TlsWish.Required && !opened.Features.RequireTls)
        {
            await opened.QuitAsync(cancel);
            await opened.DisposeAsync();
            return (null, Unsafe(policy, label, new("", "the host does not offer REQUIRETLS"), true));
        }
        // RFC 7435: opportunistic TLS must not be worse than none; a failed handshake is tried once more in the clear. RFC 7672 §2.2, RFC 8461
        // §5: never so under a policy.
        if (!policy.IsStrict && failure is not null && MayDoWithoutTls(failure))
            (opened, failure, _) = await GreetAsync(policy.Host, at, TlsDemand.None, false, cancel);
        if (opened is not null) return (new(opened, label, null, policy.Wish), null);
        return (null, policy.IsStrict && fault is not null ? Unsafe(policy, label, fault, IsFinal(failure!, sight)) : Refuse(label, failure!));
    }

    // The handshake failed, or STARTTLS broke off.
    private static bool MayDoWithoutTls(SmtpFailure failure) =>
        failure is { Trouble: SmtpTrouble.Tls } or { Stage: SmtpStage.StartTls, Trouble: not SmtpTrouble.Refused };

    private static TlsFault? Fault(SmtpClient? opened, SmtpFailure? failure, TlsSight sight)
    {
        if (opened is not null) return opened.TlsDescription.Length > 0 ? sight.Fault : new("starttls-not-supported", "the host does not offer STARTTLS");
        return failure switch
        {
            { Trouble: SmtpTrouble.Tls } => sight.Fault ?? new("validation-failure", failure.Text),
            { Stage: SmtpStage.StartTls, Trouble: SmtpTrouble.Unsupported } => new("starttls-not-supported", "the host does not offer STARTTLS"),
            { Stage: SmtpStage.StartTls, Trouble: SmtpTrouble.Refused } => new("starttls-not-supported", "the host refuses STARTTLS: " + failure.Text),
            { Stage: SmtpStage.StartTls } => new("validation-failure", failure.Text),
            _ => null,
        };
    }

    // The host, not the network or the moment, said so.
    private static bool IsFinal(SmtpFailure failure, TlsSight sight) =>
        sight.Fault is not null || failure is { Trouble: SmtpTrouble.Unsupported } or { Trouble: SmtpTrouble.Refused, IsPermanent: true };

    // RFC 8689 §4.2.1: a message that may go only so goes back; what a domain says about itself makes mail wait.
    private static Refusal Unsafe(HostPolicy policy, string host, TlsFault fault, bool final)
    {
        var text = $"{host} ({policy.Name}): {fault.Problem}";
        return final && policy.Wish == TlsWish.Required ? new(550, new(5, 7, 30), text, Reason.NextHop, text) : No(7, 5, text);
    }

    private async Task<(OpenHop? Hop, Refusal? No)> RelayAsync(
        RelaySettings relay, RelaySettings named, TlsWish wish, IReadOnlySet<string> passOver, CancellationToken cancel)
    {
        var addresses = await RelayAddressesAsync(relay.Host, cancel);
        Refusal? no = No(4, 4, $"the relay {relay.Name} ({relay.Host}) has no address");
        foreach (var address in addresses)
        {
            var label = $"{relay.Host}[{address}]:{relay.Port}";
            if (passOver.Contains(label)) continue;
            var sight = new TlsSight(TlsSight.Relay(relay.Host, relay.Authorities));
            // A check that was given instead of the system's stands, unless the relay names authorities of its own.
            var checks = client.Verify is null || relay.Authorities is not null ? client with { Verify = sight.Check } : client;
            var (opened, failure, _) = await GreetAsync(relay.Host, new(address, relay.Port), relay.Tls, relay.TlsFirst, cancel, checks);
            if (failure?.Trouble == SmtpTrouble.Tls && sight.Fault is { } fault) failure = failure with { Text = fault.Problem };
            if (opened is null && relay.Tls == TlsDemand.Opportunistic && !relay.TlsFirst && MayDoWithoutTls(failure!))
                (opened, failure, _) = await GreetAsync(relay.Host, new(address, relay.Port), TlsDemand.None, false, cancel);
            if (opened is not null && relay.Username is { } user)
            {
                failure = await opened.AuthenticateAsync(user, relay.Password ?? "", cancel);
                if (failure is not null)
                {
                    await opened.QuitAsync(cancel);
                    await opened.DisposeAsync();
                    log.RelayLoginRefused(relay.Name, user, failure.Text);
                    QueueMeters.RelayLoginsRefused.Add(1, new KeyValuePair<string, object?>("relay", relay.Name));
                    // All addresses of a relay know the same passwords: asking the next one only risks a ban.
                    return (null, Refuse($"relay {relay.Name}, login", failure));
                }
            }
            if (opened is not null) return (new(opened, label, named, wish), null);
            no = Refuse($"relay {relay.Name} ({label})", failure!);
        }
        return (null, no);
    }

    // An administrator may name a relay as the system knows it: /etc/hosts, a search list of the cluster.
    private async Task<IReadOnlyList<IPAddress>> RelayAddressesAsync(string host, CancellationToken cancel)
    {
        if ((await lookup.AddressesAsync(host, cancel)).Addresses is { Count: > 0 } addresses) return addresses;
        try
        {
            return await System.Net.Dns.GetHostAddressesAsync(host, cancel);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return [];
        }
    }

    private async Task<(SmtpClient? Client, SmtpFailure? Failure, IPAddress? From)> GreetAsync(
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
            return (null, new(SmtpStage.Connect, SmtpTrouble.Closed, null, why), null);
        }
        var from = (stream as NetworkStream)?.Socket.LocalEndPoint is IPEndPoint own ? Networks.Normal(own.Address) : null;
        var (opened, failure) = await SmtpClient.OpenAsync(stream, host, tls, implicitTls, checks ?? client, cancel);
        return (opened, failure, from);
    }

    // Nothing said before MAIL is about a message, so it is always temporary: 5xx in a greeting is as often a block that ends, and
    // a refused login is ours to mend. The age of the mail ends it.
    private static Refusal Refuse(string host, SmtpFailure failure)
    {
        var (subject, detail) = failure.Stage switch
        {
            SmtpStage.Connect => (4, 1),
            SmtpStage.Auth => (7, 0),
            SmtpStage.StartTls => (7, 5),
            _ => (4, 2),
        };
        return No(subject, detail, $"{host}: {failure.Text}");
    }

    private static Refusal No(int subject, int detail, string text) => new(451, new(4, subject, detail), text, Reason.NextHop, text);
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
