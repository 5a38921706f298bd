using System.Net;
using System.Net.NetworkInformation;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>Where outbound mail goes, and which addresses names from the DNS may lead to, as the settings say now.</summary>
internal sealed class OutboundPart : IPart
{
    private readonly LiveRouter _router;
    private readonly RelaySwitch _switch;
    private volatile DialGuard _guard;
    private volatile ServerSettings _settings;

    private OutboundPart(LiveRouter router, RelaySwitch relays, ServerSettings settings)
    {
        (_router, _switch, _settings, _guard) = (router, relays, settings, Guard(settings));
        relays.Changed += switched => router.Now = RoutesMapping.Routes(_settings, switched);
    }

    public string Name => "outbound";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var relays = site.Put(new RelaySwitch(site.The<SqliteMailStore>(), site.Clock, site.Log("Delivery")));
        await relays.OpenAsync(cancel);
        if (relays.Now is { } before && RoutesMapping.IsOver(settings, before)) await relays.ForgetAsync(cancel);
        var router = new LiveRouter(RoutesMapping.Routes(settings, relays.Now));
        site.Put<IRouter>(router);
        site.Put(router);
        return site.Put(new OutboundPart(router, relays, settings));
    }

    public bool MayDial(IPAddress address) => _guard.Allows(address);

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _settings = now;
        _router.Now = RoutesMapping.Routes(now, _switch.Now);
        _guard = Guard(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public ValueTask DisposeAsync() => default;

    private static DialGuard Guard(ServerSettings settings) => new(settings.Outbound.AllowPrivate, OwnAddresses);

    /// <summary>Of this machine, now.</summary>
    public static IReadOnlySet<IPAddress> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(n => n.GetIPProperties().UnicastAddresses).Select(a => Networks.Normal(a.Address)).ToHashSet();
}

/// <summary>The routes of the settings that hold now.</summary>
internal sealed class LiveRouter(Router now) : IRouter
{
    private volatile Router _now = now;

    public Router Now
    {
        set => _now = value;
    }

    /// <summary>Another way than the routes say, for news about a way that is broken; null: none.</summary>
    public Func<MailAddress, MailAddress, string?>? Detour { private get; set; }

    public string DestinationFor(MailAddress sender, MailAddress recipient) =>
        Detour?.Invoke(sender, recipient) ?? ByRoutes(sender, recipient);

    public string ByRoutes(MailAddress sender, MailAddress recipient) => _now.DestinationFor(sender, recipient);
}
