using System.Net;
using System.Net.NetworkInformation;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Net;
using Aviso.Settings;

namespace Aviso.Server;

/// <summary>Where outbound mail goes, and which addresses names from the DNS may lead to, as the settings say now.</summary>
internal sealed class OutboundPart(LiveRouter router, ServerSettings settings) : IPart
{
    private volatile DialGuard _guard = Guard(settings);

    public string Name => "outbound";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var router = new LiveRouter(RoutesMapping.Routes(settings));
        site.Put<IRouter>(router);
        site.Put(router);
        return Task.FromResult<IPart>(site.Put(new OutboundPart(router, settings)));
    }

    public bool MayDial(IPAddress address) => _guard.Allows(address);

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        router.Now = RoutesMapping.Routes(now);
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
