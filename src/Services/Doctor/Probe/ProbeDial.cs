using System.Net;
using System.Net.Sockets;
using Aviso.Delivery;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Connects to a host of the settings or of the DNS: asked of the server's own resolver, then of the system, which may know names
/// of the
/// house.</summary>
internal sealed class ProbeDial(IResolver resolver, Dial dial, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>IPv6 first. None: nobody knows the name, or (temporary) the DNS cannot say.</summary>
    public async Task<(IReadOnlyList<IPAddress> Addresses, bool IsTemporary)> FindAsync(string host, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out var literal)) return ([literal], false);
        var found = await resolver.AddressesAsync(host, cancel);
        if (found.All.Count > 0) return ([.. found.Six, .. found.Four], false);
        try
        {
            return (await System.Net.Dns.GetHostAddressesAsync(host, cancel), false);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return ([], found.IsTemporary);
        }
    }

    /// <summary>A connection to the first address that takes one.</summary>
    /// <exception cref="IOException">None does; the text says why.</exception>
    public async Task<Stream> ConnectAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancel)
    {
        var why = "it has no address";
        foreach (var address in addresses)
        {
            using var deadline = new CancellationTokenSource(Patience, clock);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
            try
            {
                return await dial(new(address, port), linked.Token);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                why = $"{address}: {(deadline.IsCancellationRequested ? $"no answer in {Patience.TotalSeconds:0} s" : e.Message)}";
            }
        }
        throw new IOException(why);
    }

    public async Task<Stream> ConnectAsync(HostPort at, CancellationToken cancel)
    {
        var (addresses, isTemporary) = await FindAsync(at.Host, cancel);
        return isTemporary ? throw new IOException($"the DNS cannot say now where {at.Host} is")
            : await ConnectAsync(addresses, at.Port, cancel);
    }
}
