using Aviso.Dns;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// The certificates of the server: from settings, by ACME, and from the authority of our own; put together anew whenever one of these
/// changes. Connections that are open keep what they have.
/// </summary>
internal sealed class CertificatesPart : IPart
{
    // Our own leaves are made again when they near their end.
    private static readonly TimeSpan LookAtOwn = TimeSpan.FromHours(12);

    private readonly ILogger _log;
    private readonly IResolver _resolver;
    private readonly TimeProvider _clock;
    private readonly ITimer _look;
    private volatile ServerSettings _settings;

    private CertificatesPart(ServerSettings settings, AcmeRenewer? renewer, IResolver resolver, ILogger log, TimeProvider clock)
    {
        (_settings, Renewer, _resolver, _log, _clock) = (settings, renewer, resolver, log, clock);
        if (TlsMapping.Certificates(settings, clock, log, renewer?.Sources ?? []) is { Count: > 0 } sources)
            Shown = new(sources, log, settings.Tls.Ciphers == CipherList.Strict) { Challenges = renewer?.Alpn };
        _look = clock.CreateTimer(static p => ((CertificatesPart)p!).Look(), this, LookAtOwn, LookAtOwn);
        if (renewer is not null) renewer.Changed = () => Show();
    }

    public string Name => "certificates";

    /// <summary>What listeners show; null when no listener speaks TLS.</summary>
    public TlsCertificates? Shown { get; }

    /// <summary>Null without ACME.</summary>
    public AcmeRenewer? Renewer { get; }

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (resolver, log) = (site.The<IResolver>(), site.Log("Net"));
        AcmeRenewer? renewer = null;
        if (settings.Tls.HasAcme)
        {
            var shelf = new CertificateShelf(site.The<SqliteMailStore>(), site.Clock);
            renewer = new(AcmeMapping.Acme(settings, resolver, site.Clock), shelf, resolver, site.Clock, log);
            await renewer.LoadAsync(cancel);
        }
        return site.Put(new CertificatesPart(settings, renewer, resolver, log, site.Clock));
    }

    /// <summary>When the new ones cannot be used, the old ones stay.</summary>
    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _settings = now;
        if (Renewer is not null && now.Tls.HasAcme) Renewer.Options = AcmeMapping.Acme(now, _resolver, _clock);
        return Task.FromResult<IReadOnlyList<string>>(Show() ? [] : ["the new certificates cannot be used, the old ones stay"]);
    }

    // A file that nobody renewed would otherwise be noticed on its last day, by everybody.
    public void SayWhatEndsSoon()
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        foreach (var leaf in Shown?.All ?? [])
        {
            var (from, until) = (leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime());
            if (until - now < (until - from) / 8) _log.CertificateEnds(string.Join(", ", TlsCertificates.NamesOf(leaf)), until);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _look.DisposeAsync();
        Shown?.Dispose();
        Renewer?.Dispose();
    }

    private void Look()
    {
        Show();
        SayWhatEndsSoon();
    }

    private bool Show()
    {
        if (Shown is null) return true;
        try
        {
            return Shown.Replace(TlsMapping.Certificates(_settings, _clock, _log, Renewer?.Sources ?? []));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            _log.OwnCertificatesFail(e.Message);
            return false;
        }
    }
}
