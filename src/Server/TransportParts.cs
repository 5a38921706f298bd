using System.Net;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>TLS between mail servers, both ways: what others publish and mail to them is held to, and what we publish.</summary>
internal sealed class TransportParts : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StsPolicies _sts;
    private Task _running = Task.CompletedTask;

    private TransportParts(StsPolicies sts) => _sts = sts;

    /// <summary>Null when the settings say not to look.</summary>
    public StsPolicies? Sts { get; private init; }

    public static TransportParts Start(
        ServerSettings settings, IDocumentRows documents, IResolver resolver, Func<IPAddress, bool> mayDial, TimeProvider clock, ILogger log)
    {
        var sts = new StsPolicies(resolver, new StsFetcher(resolver, mayDial, SocketDial.ConnectAsync, clock), documents, clock, log);
        var parts = new TransportParts(sts) { Sts = settings.MtaSts.Verify ? sts : null };
        if (settings.MtaSts.Verify && settings.Outbound.Capture is null) parts._running = sts.RunAsync(parts._stop.Token);
        return parts;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _sts.DisposeAsync();
        _stop.Dispose();
    }
}
