using System.Net;
using System.Net.Sockets;
using Aviso.Delivery;
using Aviso.Dns;

namespace Aviso.Server;

/// <summary>Dials a name that a user has given: every address is asked of the guard before.</summary>
internal sealed class GuardedDial(IResolver resolver, Func<IPAddress, bool> mayDial)
{
    private const int MostDials = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public async ValueTask<Stream> ConnectAsync(DnsEndPoint to, CancellationToken cancel)
    {
        Exception last = new IOException($"{to.Host} has no address");
        foreach (var address in (await AddressesAsync(to.Host, cancel)).Take(MostDials))
        {
            if (!mayDial(address))
            {
                last = new IOException($"{address} is private or our own and is not dialled");
                continue;
            }
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            deadline.CancelAfter(Patience);
            try
            {
                return await SocketDial.ConnectAsync(new(address, to.Port), deadline.Token);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                last = e;
            }
        }
        throw new IOException(last.Message, last);
    }

    private async Task<IReadOnlyList<IPAddress>> AddressesAsync(string host, CancellationToken cancel) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : (await resolver.AddressesAsync(host, cancel)).All;
}
