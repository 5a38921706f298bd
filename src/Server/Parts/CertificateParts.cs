using Aviso.Dns;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>One certificate for the list of the verb.</summary>
internal sealed record CertificateRow(string Names, string From, DateTimeOffset? NotAfter, DateTimeOffset? RenewAt, DateTimeOffset? NextTry, string Problem);

/// <summary>
/// The certificates of the server: from settings, by ACME, and from the authority of our own; put together anew whenever one of these
/// changes. Connections that are open keep what they have.
/// </summary>
internal sealed class CertificateParts : IAsyncDisposable
{
    // Our own leaves are made again when they near their end.
    private static readonly TimeSpan LookAtOwn = TimeSpan.FromHours(12);

    private readonly ILogger _log;
    private readonly IResolver _resolver;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _look;
    private volatile ServerSettings _settings;
    private Task _renewing = Task.CompletedTask;

    private CertificateParts(ServerSettings settings, AcmeRenewer? renewer, IResolver resolver, ILogger log, TimeProvider clock)
    {
        (_settings, Renewer, _resolver, _log, _clock) = (settings, renewer, resolver, log, clock);
        if (Mapping.Certificates(settings, clock, renewer?.Sources ?? []) is { Count: > 0 } sources)
            Shown = new(sources, log, settings.Tls.Ciphers == CipherList.Strict) { Challenges = renewer?.Alpn };
        _look = clock.CreateTimer(static p => ((CertificateParts)p!).Look(), this, LookAtOwn, LookAtOwn);
        if (renewer is not null) renewer.Changed = () => Show();
    }

    /// <summary>What listeners show; null when no listener speaks TLS.</summary>
    public TlsCertificates? Shown { get; }

    /// <summary>Null without ACME.</summary>
    public AcmeRenewer? Renewer { get; }

    public static async Task<CertificateParts> OpenAsync(
        ServerSettings settings, IDocumentRows documents, IResolver resolver, ILogger log, TimeProvider clock, CancellationToken cancel)
    {
        AcmeRenewer? renewer = null;
        if (settings.Tls.HasAcme)
        {
            renewer = new(Mapping.Acme(settings, resolver, clock), new Shelf(documents, clock), resolver, clock, log);
            await renewer.LoadAsync(cancel);
        }
        return new(settings, renewer, resolver, log, clock);
    }

    /// <summary>Begins to renew: when the listeners that answer challenges are bound.</summary>
    public void Start()
    {
        _renewing = Renewer?.RunAsync(_stop.Token) ?? Task.CompletedTask;
        SayWhatEndsSoon();
    }

    /// <summary>False when the new ones cannot be used; the old ones stay.</summary>
    public bool Take(ServerSettings now)
    {
        _settings = now;
        if (Renewer is not null && now.Tls.HasAcme) Renewer.Options = Mapping.Acme(now, _resolver, _clock);
        return Show();
    }

    /// <summary>All certificates: those wanted by ACME whether there or not, then the others in use.</summary>
    public IReadOnlyList<CertificateRow> List()
    {
        var states = Renewer?.States() ?? [];
        var rows = states.Select(s => new CertificateRow(string.Join(' ', s.Names), s.From.Length > 0 ? s.From : "not yet", s.NotAfter, s.RenewAt, s.NextTry, s.Problem)).ToList();
        var byAcme = states.Select(s => s.NotAfter).ToHashSet();
        foreach (var shown in Shown?.All ?? [])
            if (!byAcme.Contains(new DateTimeOffset(shown.NotAfter).ToUniversalTime()))
                rows.Add(new(string.Join(' ', TlsCertificates.NamesOf(shown)), shown.Issuer, new DateTimeOffset(shown.NotAfter).ToUniversalTime(), null, null, ""));
        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _look.DisposeAsync();
        Shown?.Dispose();
        Renewer?.Dispose();
        _stop.Dispose();
    }

    private void Look()
    {
        Show();
        SayWhatEndsSoon();
    }

    // A file that nobody renewed would otherwise be noticed on its last day, by everybody.
    private void SayWhatEndsSoon()
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        foreach (var leaf in Shown?.All ?? [])
        {
            var (from, until) = (leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime());
            if (until - now < (until - from) / 8)
                _log.LogWarning("the certificate for {Names} ends at {Until:u}: renew its file, or see `aviso certificates list`",
                    string.Join(", ", TlsCertificates.NamesOf(leaf)), until);
        }
    }

    private bool Show()
    {
        if (Shown is null) return true;
        try
        {
            return Shown.Replace(Mapping.Certificates(_settings, _clock, Renewer?.Sources ?? []));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            _log.LogError("certificates of our own authority could not be made, the old ones stay in use: {Error}", e.Message);
            return false;
        }
    }

    /// <summary>The shelf in the store: documents of the server's own.</summary>
    private sealed class Shelf(IDocumentRows documents, TimeProvider clock) : ICertificateShelf
    {
        public async Task<IReadOnlyDictionary<string, byte[]>> ListAsync(string kind, CancellationToken cancel) =>
            (await documents.ListDocumentsAsync(default(AccountId), kind, cancel)).ToDictionary(d => d.Key.Name, d => d.Value, StringComparer.Ordinal);

        public Task WriteAsync(string kind, string name, byte[] value, CancellationToken cancel) =>
            documents.ChangeDocumentsAsync([new(new(default, kind, name), value, clock.GetUtcNow().ToUnixTimeSeconds())], [], cancel);
    }
}
