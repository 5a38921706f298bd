using System.Net;
using Aviso.Accounts;
using Aviso.Doctor;
using Aviso.Guard;
using Aviso.Imap;
using Aviso.ManageSieve;
using Aviso.Net;
using Aviso.Pop3;
using Aviso.Settings;
using Aviso.Smtp;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>The listeners of mail; from here on mail is taken.</summary>
internal sealed class ListenersPart : IPart
{
    private volatile ServerSettings _settings;
    private IPNetwork? _ownProxy;

    private ListenersPart(WireHost host, ServerSettings settings) => (Host, _settings) = (host, settings);

    public string Name => "listeners";

    public WireHost Host { get; }

    /// <summary>What is listened on.</summary>
    public IReadOnlyList<(ListenerSettings Settings, IPEndPoint Bound)> Bound => Host.Bound;

    /// <summary>Whose addresses are internal, of proxies, or may log in without TLS, as the settings say now.</summary>
    public WireHostOptions Wiring => Host.Options;

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var part = new ListenersPart(HostOf(site, settings), settings);
        try
        {
            part.Host.Start(ListenersMapping.MailListeners(settings));
        }
        catch
        {
            await part.Host.DisposeAsync();
            throw;
        }
        return site.Put(part);
    }

    private static WireHost HostOf(Site site, ServerSettings settings)
    {
        var (gate, clock, smtp, store) = (site.The<Gatekeeper>(), site.Clock, site.Log("Smtp"), site.The<SqliteMailStore>());
        var logins = site.Put(new GuardedLogin(site.The<Authenticator>(), gate, site.The<GuardPart>().Changes, clock, site.Log("Guard"))
        {
            Entered = principal => site.The<DayTallies>().LoggedIn(new(principal.Account)),
            NameOf = static user => AddressKey.TryParse(user, out var key) ? key.ToString() : user.ToLowerInvariant(),
        });
        var (receiver, guard) = (site.The<IMailReceiver>(), new SmtpGuard(gate));
        // Strangers' mail comes in without a login; people come in by submission.
        var open = new SmtpServer(LimitsMapping.Smtp(settings), receiver, null, smtp, clock, guard);
        var submission = new SmtpServer(LimitsMapping.Smtp(settings), receiver, logins, smtp, clock, guard);
        var imap = new ImapServer(LimitsMapping.Imap(settings), store, site.Reader, logins, clock, site.Log("Imap"));
        var sieve = new ManageSieveServer(
            SieveMapping.ManageSieve(settings), SieveMapping.Sieve(settings), site.The<SieveScripts>(), logins, clock, site.Log("ManageSieve"));
        var pop3 = new Pop3Server(Pop3Mapping.Pop3(settings), store, logins, clock, site.Log("Pop3"));
        var watch = site.Put(new ClientWatch(gate, clock));
        return new(NetworksMapping.Wire(settings), kind => kind switch
        {
            ListenerKind.Smtp or ListenerKind.Lmtp => open,
            ListenerKind.Submission or ListenerKind.Submissions => submission,
            ListenerKind.Imap or ListenerKind.Imaps => imap,
            ListenerKind.Pop3 or ListenerKind.Pop3s => pop3,
            ListenerKind.ManageSieve => sieve,
            _ => throw new InvalidOperationException($"nothing speaks {kind}"),
        }, clock, site.Log("Net"), site.The<CertificatesPart>().Shown, site.Ids, watch, gate);
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _settings = now;
        Host.Options = Wire();
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    /// <summary>An address of loopback that is believed when it says by PROXY who connects, until it is disposed: for tries of our own.</summary>
    public IDisposable BelieveOneself(out IPAddress source)
    {
        // Any of 127.0.0.0/8 will do; one that nobody else comes from.
        source = new([127, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(1, 255)]);
        _ownProxy = new(source, 32);
        Host.Options = Wire();
        return new Believing(this);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync(Serve.DrainPatience);
        await Host.DisposeAsync();
    }

    private WireHostOptions Wire() => NetworksMapping.Wire(_settings) is var wire && _ownProxy is { } own
        ? wire with { Proxies = new([.. _settings.Networks.Proxies, own]) } : wire;

    private sealed class Believing(ListenersPart listeners) : IDisposable
    {
        public void Dispose()
        {
            listeners._ownProxy = null;
            listeners.Host.Options = listeners.Wire();
        }
    }
}
