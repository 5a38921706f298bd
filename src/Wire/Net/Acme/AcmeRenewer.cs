using System.Security.Cryptography;
using Aviso.Dns;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>What there is to say about one wanted certificate.</summary>
/// <param name="From">The authority's host; empty while there is none.</param>
/// <param name="Problem">Why the last try failed; empty when it did not.</param>
public sealed record CertificateState(
    string Name, IReadOnlyList<string> Names, string From, DateTimeOffset? NotAfter, DateTimeOffset? RenewAt, DateTimeOffset? NextTry,
        string Problem);

/// <summary>Keeps the wanted certificates fresh. One try at a time; between tries it sleeps.</summary>
public sealed partial class AcmeRenewer : IDisposable
{
    private const string AccountKind = "acme-account";

    // A clock that was set, or a machine that slept, is noticed within this time.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1), ShortestSleep = TimeSpan.FromSeconds(1);

    private readonly ICertificateShelf _shelf;
    private readonly IResolver _resolver;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Func<AcmeAuthority, HttpMessageHandler> _handler;
    private readonly Random _random;
    private readonly SemaphoreSlim _one = new(1);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StoredCertificate> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AcmeTries> _tries = new(StringComparer.Ordinal);
    private readonly NextKeys _keys;
    private volatile AcmeOptions _options;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Uri, IReadOnlyList<string>> _identities = new();

    /// <param name="handler">The way to an authority; null for the network.</param>
    public AcmeRenewer(AcmeOptions options, ICertificateShelf shelf, IResolver resolver, TimeProvider clock, ILogger log,
        Func<AcmeAuthority, HttpMessageHandler>? handler = null, Random? random = null)
    {
        (_options, _shelf, _resolver, _clock, _log) = (options, shelf, resolver, clock, log);
        _keys = new(shelf, resolver, log);
        (_handler, _random) = (handler ?? AcmeClient.Handler, random ?? Random.Shared);
    }

    /// <summary>Answers HTTP-01; the plain HTTP listener asks it.</summary>
    public HttpChallenges Http { get; } = new();

    /// <summary>Answers TLS-ALPN-01; TLS listeners ask it.</summary>
    public TlsAlpnChallenges Alpn { get; } = new();

    /// <summary>Called after a certificate came, outside of any lock.</summary>
    public Action? Changed { get; set; }

    /// <summary>Other wishes from now on; certificates no longer wanted stay on the shelf.</summary>
    public AcmeOptions Options
    {
        get => _options;
        set
        {
            _options = value;
            Wake();
        }
    }

    /// <summary>The certificates there are, in the order wanted; also those that are over, which show what is wrong better than
    /// none.</summary>
    public IReadOnlyList<TlsSource> Sources
    {
        get
        {
            lock (_gate)
            {
                return [.. _options.Certificates.Select(w => _stored.GetValueOrDefault(w.Name)).OfType<StoredCertificate>()
                    .Select(c => TlsSource.Pem($"acme {c.Name}", c.Chain, c.KeyPem))];
            }
        }
    }

    /// <summary>Reads the shelf; before anything else.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        var certificates = await _shelf.ListAsync(StoredCertificate.Kind, cancel);
        var tries = await _shelf.ListAsync(AcmeTries.Kind, cancel);
        await _keys.LoadAsync(cancel);
        lock (_gate)
        {
            foreach (var (name, value) in certificates)
            {
                if (StoredCertificate.Read(name, value) is { } stored) _stored[name] = stored;
                else _log.StoredUnreadable(name);
            }
            foreach (var (name, value) in tries) _tries[name] = AcmeTries.Read(value);
        }
    }

    /// <summary>Renews until cancelled. Never throws for what an authority or the network does.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            var sleep = LongestSleep;
            try
            {
                sleep = await StepAsync(cancel);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _log.RenewalFault(e);
            }
            try
            {
                await WaitAsync(sleep, cancel);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Looks again now.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            if (_wake.CurrentCount == 0) _wake.Release();
        }
    }

    /// <summary>Does all that is due. Answers how long nothing will be.</summary>
    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var next = LongestSleep;
            foreach (var wanted in _options.Certificates)
            {
                try
                {
                    var left = await KeepAsync(wanted, cancel) - _clock.GetUtcNow();
                    if (left < next) next = left;
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The others are looked after all the same.
                    _log.RenewalFaultOf(e, wanted.Name);
                }
            }
            return next < ShortestSleep ? ShortestSleep : next;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Orders a certificate now, whether due or not and whatever failed before. Answers its state afterwards; null when
    /// none of this name is wanted.</summary>
    public async Task<CertificateState?> RenewAsync(string name, CancellationToken cancel)
    {
        if (_options.Certificates.FirstOrDefault(w => w.Names.Contains(name, StringComparer.OrdinalIgnoreCase)) is not { } wanted) return null;
        await _one.WaitAsync(cancel);
        try
        {
            TriesOf(wanted).Clear();
            await OrderAsync(wanted, CertificateOf(wanted), cancel);
            return StateOf(wanted);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>SubjectPublicKeyInfo of the key that the next certificate for <paramref name="name"/> will have; null when none of this
    /// name is wanted, or nothing was done yet.</summary>
    public byte[]? NextKeyOf(string name) => _options.Certificates.FirstOrDefault(w => w.Covers(name)) is { } wanted ? _keys.PublicKeyOf(wanted.Name) : null;

    /// <summary>How the authorities call themselves in CAA records (RFC 8555 §7.1.1 caaIdentities); none when one of them does not say, or
    /// is not reached, for a record must not leave one out.</summary>
    public async Task<IReadOnlyList<string>> IdentitiesAsync(CancellationToken cancel)
    {
        var all = new List<string>();
        foreach (var authority in _options.Authorities)
        {
            var names = _identities.GetValueOrDefault(authority.Directory) ?? await IdentitiesOfAsync(authority, cancel);
            if (names.Count == 0) return [];
            _identities[authority.Directory] = names;
            all.AddRange(names);
        }
        return [.. all.Distinct()];
    }

    private async Task<IReadOnlyList<string>> IdentitiesOfAsync(AcmeAuthority authority, CancellationToken cancel)
    {
        using var key = AcmeKey.Make(); // Nothing is signed: a directory is public.
        using var client = new AcmeClient(authority, key, _handler(authority), _clock);
        return await client.OpenAsync(cancel) is null ? client.Identities : [];
    }

    /// <summary>All wanted certificates.</summary>
    public IReadOnlyList<CertificateState> States() => [.. _options.Certificates.Select(StateOf)];

    public void Dispose()
    {
        _one.Dispose();
        _wake.Dispose();
    }

    private StoredCertificate? CertificateOf(WantedCertificate wanted)
    {
        lock (_gate) return _stored.GetValueOrDefault(wanted.Name);
    }

    private AcmeTries TriesOf(WantedCertificate wanted)
    {
        lock (_gate) return _tries.TryGetValue(wanted.Name, out var tries) ? tries : _tries[wanted.Name] = new();
    }

    private CertificateState StateOf(WantedCertificate wanted)
    {
        var (certificate, tries, options) = (CertificateOf(wanted), TriesOf(wanted), _options);
        var failed = options.Authorities.Select(tries.Of).Where(t => t.Failures > 0).ToList();
        return new(wanted.Name, wanted.Names, certificate is null ? "" : new Uri(certificate.Directory).Host, certificate?.NotAfter,
            certificate is null ? null : RenewalPlan.DueAt(certificate), failed.Count == 0 ? null : failed.Min(t => t.NotBefore),
            string.Join("; ", failed.Select(t => t.Problem)));
    }

    // Answers when to look at this one again.
    private async Task<DateTimeOffset> KeepAsync(WantedCertificate wanted, CancellationToken cancel)
    {
        await _keys.NextAsync(wanted.Name, cancel);
        var certificate = CertificateOf(wanted);
        if (certificate?.Fits(wanted) == true)
        {
            certificate = await AskRenewalInfoAsync(certificate, cancel);
            var due = RenewalPlan.DueAt(certificate);
            if (due > _clock.GetUtcNow()) return due < certificate.AriAskAt ? due : certificate.AriAskAt;
        }
        return await OrderAsync(wanted, certificate, cancel);
    }

    // The first authority that may be asked; when it fails, the next at once.
    private async Task<DateTimeOffset> OrderAsync(WantedCertificate wanted, StoredCertificate? old, CancellationToken cancel)
    {
        var tries = TriesOf(wanted);
        var options = _options;
        foreach (var authority in options.Authorities)
        {
            var before = tries.Of(authority);
            if (before.NotBefore > _clock.GetUtcNow()) continue;
            // While nothing can be written nothing is ordered: certificates that are lost count against the authority's limits.
            await _shelf.WriteAsync(AcmeTries.Kind, wanted.Name, tries.Write(), cancel);
            if (await TryAsync(authority, wanted, old, options, cancel) is not { } failure)
            {
                tries.Clear();
                await _shelf.WriteAsync(AcmeTries.Kind, wanted.Name, tries.Write(), cancel);
                Changed?.Invoke();
                return _clock.GetUtcNow();
            }
            var wait = RenewalPlan.Wait(before.Failures + 1, RenewalPlan.IsUrgent(old, _clock.GetUtcNow()), failure.RetryAfter, _random);
            tries.Set(authority, new(before.Failures + 1, _clock.GetUtcNow() + wait, failure.Text));
            await _shelf.WriteAsync(AcmeTries.Kind, wanted.Name, tries.Write(), cancel);
            AcmeMeters.Failed(authority.Name, failure.Reason);
            _log.NotIssued(wanted.Name, authority.Name, failure.Reason, failure.Text, old?.NotAfter.UtcDateTime,
                _clock.GetUtcNow().UtcDateTime + wait);
        }
        return options.Authorities.Count == 0 ? DateTimeOffset.MaxValue : options.Authorities.Min(a => tries.Of(a).NotBefore);
    }

    private async Task<AcmeFailure?> TryAsync(
        AcmeAuthority authority, WantedCertificate wanted, StoredCertificate? old, AcmeOptions options, CancellationToken cancel)
    {
        if (AnswerFor(wanted, options) is not { } answer) return new("settings", "DNS-01 needs `tls.acme.dns`");
        var (key, account) = await ReadAccountAsync(authority, cancel);
        using var owned = key;
        using var client = new AcmeClient(authority, key, _handler(authority), _clock) { Account = account };
        var order = new AcmeOrder(client, wanted, answer, options.Contact, await _keys.ChooseAsync(wanted, old, cancel), _clock);
        var replaces = old?.Directory == authority.Directory.AbsoluteUri && old.Fits(wanted) ? old.AriId : "";
        var failure = await order.RunAsync(replaces, cancel);
        if (client.Account != account) await WriteAccountAsync(authority, key, client.Account, cancel);
        if (failure is not null) return failure;
        var fresh = StoredCertificate.Make(wanted.Name, order.Chain, order.KeyPem, authority.Directory.AbsoluteUri);
        lock (_gate) _stored[wanted.Name] = fresh;
        try
        {
            await _shelf.WriteAsync(StoredCertificate.Kind, wanted.Name, fresh.Write(), cancel);
            await _keys.UsedAsync(wanted.Name, order.KeyPem, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.NotStored(e, wanted.Name);
        }
        AcmeMeters.Received(authority.Name);
        _log.WasIssued(string.Join(", ", wanted.Names), authority.Name, fresh.NotAfter.UtcDateTime, RenewalPlan.DueAt(fresh).UtcDateTime);
        return null;
    }

    private IChallengeAnswer? AnswerFor(WantedCertificate wanted, AcmeOptions options) => wanted.Method switch
    {
        AcmeMethod.Http01 => Http,
        AcmeMethod.TlsAlpn01 => Alpn,
        _ => options.Dns is { } dns ? new DnsChallenges(dns, _resolver, options.DnsChecks, options.DnsPatience, _log, _clock) : null,
    };

    private async Task<StoredCertificate> AskRenewalInfoAsync(StoredCertificate certificate, CancellationToken cancel)
    {
        if (certificate.AriAskAt > _clock.GetUtcNow()) return certificate;
        if (_options.Authorities.FirstOrDefault(a => a.Directory.AbsoluteUri == certificate.Directory) is not { } authority)
            return certificate with { AriAskAt = DateTimeOffset.MaxValue };
        using var key = AcmeKey.Make(); // Nothing is signed: renewal information is public.
        using var client = new AcmeClient(authority, key, _handler(authority), _clock);
        var (asked, explanation) = await RenewalInfo.AskAsync(certificate, client, _random, _clock.GetUtcNow(), cancel);
        if (asked.AriAt != certificate.AriAt) _log.RenewalMoved(certificate.Name, authority.Name, asked.AriAt?.UtcDateTime, explanation);
        await _shelf.WriteAsync(StoredCertificate.Kind, certificate.Name, asked.Write(), cancel);
        lock (_gate) _stored[certificate.Name] = asked;
        return asked;
    }

    private async Task<(AcmeKey Key, string? Account)> ReadAccountAsync(AcmeAuthority authority, CancellationToken cancel)
    {
        var name = authority.Directory.AbsoluteUri;
        if ((await _shelf.ListAsync(AccountKind, cancel)).GetValueOrDefault(name) is { } value)
        {
            try
            {
                var json = AcmeJson.Parse(value);
                return (AcmeKey.FromPem(AcmeJson.Text(json, "key")), AcmeJson.Text(json, "url") is { Length: > 0 } url ? url : null);
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                _log.AccountUnreadable(authority.Name);
            }
        }
        var key = AcmeKey.Make();
        await WriteAccountAsync(authority, key, null, cancel);
        return (key, null);
    }

    private Task WriteAccountAsync(AcmeAuthority authority, AcmeKey key, string? url, CancellationToken cancel) =>
        _shelf.WriteAsync(AccountKind, authority.Directory.AbsoluteUri,
            AcmeJson.Octets(new() { ["key"] = key.ExportPem(), ["url"] = url ?? "" }), cancel);

    private async Task WaitAsync(TimeSpan sleep, CancellationToken cancel)
    {
        using var timer = new CancellationTokenSource(sleep, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancel);
        try
        {
            await _wake.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Slept enough.
        }
    }
}
