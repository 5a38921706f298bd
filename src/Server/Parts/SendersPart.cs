using System.Net;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>Who sent it and who are we: verifying senders, signing keys, and rewritten senders of forwards.</summary>
internal sealed class SendersPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly AccountBook _book;
    private readonly MailVerifier _verifier;
    private readonly SigningKeys _keys;
    private volatile ServerSettings _settings;
    private volatile Networks _trusted = Networks.None;
    private Task _looking = Task.CompletedTask;

    private SendersPart(Site site, ServerSettings settings)
    {
        var resolver = site.The<IResolver>();
        (_settings, _book) = (settings, site.The<AccountBook>());
        var dkim = new DkimOptions { TrustedSealers = settings.MailAuth.TrustedSealers };
        _verifier = site.Put(new MailVerifier(resolver, new() { HostName = settings.HostName, Dkim = dkim }, site.Clock));
        var store = site.The<SqliteMailStore>();
        _keys = site.Put(new SigningKeys(store, resolver, store.Spool, site.Clock, site.Log("Delivery")));
    }

    public string Name => "senders";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var part = site.Put(new SendersPart(site, settings));
        var store = site.The<SqliteMailStore>();
        var srs = site.Put(new SenderRewriter(
            new(await SrsSecrets.OfAsync(store, site.Clock, cancel), site.Clock), store, site.Clock, site.Log("Delivery")));
        site.Put<INoticeTarget>(new NoticeTarget(part._book, srs, settings.Outbound.Capture));
        await part.TakeAsync(settings, cancel);
        // Where nothing leaves, nobody looks for our records.
        if (settings.Outbound.Capture is null) part._looking = part._keys.RunAsync(part._stop.Token);
        return part;
    }

    /// <summary>A relay or backup that is believed when it says whom it has a message from.</summary>
    public bool IsTrustedRelay(IPAddress address) => _trusted.Contains(address);

    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _settings = now;
        _trusted = new(now.Networks.TrustedRelays);
        _verifier.TrustedSealers = now.MailAuth.TrustedSealers;
        await TakeDomainsAsync(cancel);
        return [];
    }

    /// <summary>Every domain of ours has keys: those of the settings, and those added by a verb.</summary>
    public Task TakeDomainsAsync(CancellationToken cancel)
    {
        var declared = _settings.Domains.ToDictionary(
            d => Ascii(d.Name), d => (IReadOnlyList<(string, string)>)[.. d.Dkim.Select(k => (k.Selector, k.Key.Reveal()))],
            StringComparer.OrdinalIgnoreCase);
        return _keys.ApplyAsync([.. _book.Table.Domains.Select(d => (d, declared.GetValueOrDefault(d) ?? []))], cancel);
    }

    // Settings are kept as they were written; what is looked up has one form.
    private static string Ascii(string domain) => DomainName.TryParse(domain, out var name) ? name.Ascii : domain;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _keys.Dispose();
        _stop.Dispose();
    }
}
