using System.Net;
using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Guard;
using Aviso.Jmap;
using Aviso.Net;
using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Web;

namespace Aviso.Server;

/// <summary>The listeners of http, https and metrics, and the table of what they answer. They come after those of mail.</summary>
internal sealed class WebPart : IPart
{
    private readonly List<WebListener> _listeners = [];

    public string Name => "web";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var part = new WebPart();
        try
        {
            await part.ListenAsync(site, settings, cancel);
            return part;
        }
        catch
        {
            await part.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var last = _listeners.Count - 1; last >= 0; last--) await _listeners[last].DisposeAsync();
        _listeners.Clear();
    }

    private async Task ListenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var gate = site.The<Gatekeeper>();
        var listeners = site.The<ListenersPart>();
        var web = new WebSite(TableOf(site, settings), site.Put(new WebGate(gate, site.Clock, gate.IsExempt, gate)), site.Clock)
        {
            Certificates = site.The<CertificatesPart>().Shown,
            Proxies = () => listeners.Wiring.Proxies,
        };
        // The mail listeners are bound in the order of the settings.
        var mail = new Queue<IPEndPoint>(listeners.Bound.Select(b => b.Bound));
        var bound = new List<BoundListener>();
        foreach (var listener in settings.Listeners)
        {
            if (ListenerKinds.IsMail(listener.Kind)) bound.Add(new(listener.Kind, mail.Dequeue()));
            else
            {
                var one = await WebListener.StartAsync(new(listener.Kind, listener.Address) { Proxy = listener.Proxy }, web, cancel);
                _listeners.Add(one);
                bound.Add(new(listener.Kind, one.Bound));
            }
        }
        site.Put(new BoundListeners(
            bound, [.. settings.Listeners.Zip(bound).Where(l => l.First.Proxy).Select(l => (l.Second.Kind, l.Second.Address))]));
    }

    // A tight spool still takes what people send and small mail; a balancer should take the rest elsewhere.
    private static Readiness ReadinessOf(IMailStore store) =>
        store.Health is { CanAccept: false } ill ? new(false, ill.Reason) : new(!store.Spool.IsTight, store.Spool.TightText);

    private static WebTable TableOf(Site site, ServerSettings settings)
    {
        var (listeners, guard, book) = (site.The<ListenersPart>(), site.The<GuardPart>(), site.The<AccountBook>());
        var (store, secrets, transport) = (site.The<SqliteMailStore>(), site.The<SettingsReader>().Secrets, site.The<TransportPart>());
        var sts = new StsPages(() => transport.Published, domain => book.Table.IsLocalDomain(domain));
        var rspamd = new RspamdPages(site.The<SpamPart>(), store.Spool, () => listeners.Wiring.Internal, () => listeners.Wiring.Proxies,
            address => book.Table.FindAccount(address), site.Clock);
        var lapi = new LapiPages(guard.Gate, () => guard.Bouncers, site.Clock, site.Log("Guard"));
        var domains = new MailDomains(domain => book.Table.IsLocalDomain(domain));
        var doors = MailDoors.Of(settings.HostName, listeners.Bound.Select(b => (b.Settings.Kind, b.Bound)));
        List<WebRow> rows =
        [
            .. OwnPages.Rows(site.The<MetricsRegistry>(), () => ReadinessOf(store) with { Note = secrets.StaleNote }),
            sts.Row, new RelayPages(site.The<RelayHooks>(), guard.Gate).Row, .. lapi.Rows, .. rspamd.Rows,
                .. new JmapPages(site.The<JmapServer>(), site.The<WebLogins>()).Rows,
            new SharedTracePage(site.The<TraceDesk>()).Row, .. new WebmailPages(WebmailFiles.Embedded).Rows, .. BrowserPages.Rows(site),
            .. new AutoconfigPages(doors, domains).Rows, .. new AutodiscoverPages(doors, domains, site.Clock).Rows,
            new AppleProfilePage(doors, domains, site.The<CertificatesPart>().Shown).Row,
        ];
        if (site.The<CertificatesPart>().Renewer?.Http is { } challenges) rows.Add(ChallengePages.Row(challenges));
        var hosts = new WebHosts([settings.HostName, .. settings.Tls.InternalNames], sts.Knows)
        {
            IsMailDomain = host => domains.Of(host) is not null,
        };
        var redirects = settings.Listeners.Any(l => l.Kind == ListenerKind.Https);
        return new(rows, hosts, redirects ? IsStranger : null)
        {
            Proxies = () => listeners.Wiring.Proxies,
            IsBanned = guard.Gate.IsBanned,
        };

        bool IsStranger(IPAddress client) => !IPAddress.IsLoopback(client) && !listeners.Wiring.Proxies.Contains(client);
    }
}
