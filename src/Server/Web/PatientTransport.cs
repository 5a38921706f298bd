using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Aviso.Web;

/// <summary>
/// A transport whose listeners go on after an accept that failed. Kestrel's own loop ends at the first failure, and one moment without file
/// descriptors would silence metrics and health until a restart.
/// </summary>
internal sealed class PatientTransport(IConnectionListenerFactory inner) : IConnectionListenerFactory
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await inner.BindAsync(endpoint, cancellationToken));

    private sealed class Listener(IConnectionListener inner) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    return await inner.AcceptAsync(cancellationToken);
                }
                catch (SocketException)
                {
                    await Task.Delay(Pause, cancellationToken);
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
