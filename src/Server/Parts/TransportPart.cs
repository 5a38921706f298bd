using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>TLS between mail servers, both ways: what others publish and mail to them is held to, and what we publish.</summary>
internal sealed class TransportPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StsPolicies _sts;
    private readonly Task _running;

    private TransportPart(ServerSettings settings, StsPolicies sts)
    {
        (_sts, Published) = (sts, MtaStsMapping.PublishedPolicy(settings));
        if (settings.MtaSts.Verify) Sts = sts;
        _running = settings.MtaSts.Verify && settings.Outbound.Capture is null ? sts.RunAsync(_stop.Token) : Task.CompletedTask;
    }

    public string Name => "transport";

    /// <summary>The policy of our own domains; null when none is published.</summary>
    public StsPolicy? Published { get; private set; }

    /// <summary>Null when the settings say not to look.</summary>
    public StsPolicies? Sts { get; }

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (resolver, outbound) = (site.The<IResolver>(), site.The<OutboundPart>());
        var fetcher = new StsFetcher(resolver, outbound.MayDial, SocketDial.ConnectAsync, site.Clock);
        var sts = new StsPolicies(resolver, fetcher, site.The<SqliteMailStore>(), site.Clock, site.Log("Delivery"));
        return Task.FromResult<IPart>(site.Put(new TransportPart(settings, sts)));
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        Published = MtaStsMapping.PublishedPolicy(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _sts.DisposeAsync();
        _stop.Dispose();
    }
}
