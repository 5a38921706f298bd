using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// Who sent it and who are we: verifying senders, signing keys, rewritten senders of forwards, and the reports about all of it.
/// </summary>
internal sealed class SenderParts : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private readonly AccountBook _book;
    private volatile ServerSettings _settings;
    private volatile HashSet<string> _reportAddresses = [];
    private Networks _trusted = Networks.None;

    private SenderParts(ServerSettings settings, AccountBook book) => (_settings, _book) = (settings, book);

    public MailVerifier Verifier { get; private set; } = null!;

    public SigningKeys Keys { get; private set; } = null!;

    public SenderRewriter Srs { get; private set; } = null!;

    public ReportBook Reports { get; private set; } = null!;

    public ReportIntake Intake { get; private set; } = null!;

    public DmarcTally Tally { get; private set; } = null!;

    public TlsTally Tls { get; private set; } = null!;

    private ReportSender Sender { get; set; } = null!;

    public static async Task<SenderParts> OpenAsync(
        ServerSettings settings, AccountBook book, IMailStore store, MessageReader reader, IRouter router, IResolver resolver, IdSource ids, Action queued,
        TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var parts = new SenderParts(settings, book)
        {
            Keys = new(store, resolver, store.Spool, clock, log),
            Verifier = new(resolver, new() { HostName = settings.Hostname, Dkim = new() { TrustedSealers = settings.MailAuth.TrustedSealers } }, clock),
            Srs = new(new(await SrsSecrets.OfAsync(store, clock, cancel), clock), store, clock, log),
            Reports = new(store, clock, log) { Keep = settings.Reports.Keep },
            Tally = new(store, clock),
            Tls = new(store, clock),
        };
        parts.Intake = new(parts.Reports, store.Spool, log);
        parts.Sender = new(Options(settings), parts.Tally, parts.Tls, store, reader, router, resolver, ids, clock, log)
        {
            Queued = queued,
            Sign = (body, domain) => DkimSigner.Sign(body, parts.Keys.KeysOf(domain), SignOptions.Default, clock.GetUtcNow()),
        };
        await parts.ApplyAsync(settings, cancel);
        return parts;
    }

    /// <summary>Looking at the DNS and sending reports, in the background. Where nothing leaves, nobody looks for our records.</summary>
    public void Start() => _running = Task.WhenAll(
        _settings.Outbound.Capture is null ? Keys.RunAsync(_stop.Token) : Task.CompletedTask, Sender.RunAsync(_stop.Token), Intake.RunAsync(_stop.Token));

    public async Task ApplyAsync(ServerSettings settings, CancellationToken cancel)
    {
        _settings = settings;
        _trusted = new(settings.Networks.TrustedRelays);
        _reportAddresses = [.. new[] { settings.Reports.Address, settings.Postmaster }.OfType<string>().Select(Plain)];
        Sender.Options = Options(settings);
        Reports.Keep = settings.Reports.Keep;
        await TakeDomainsAsync(cancel);
    }

    // Settings are kept as they were written; what is looked up has one form.
    private static string Ascii(string domain) => DomainName.TryParse(domain, out var name) ? name.Ascii : domain;

    private static string Plain(string address) =>
        MailAddress.TryParse(address, out var read) ? $"{read.LocalPart}@{read.Domain.Ascii}".ToLowerInvariant() : address.ToLowerInvariant();

    /// <summary>Every domain of ours has keys: those of the settings, and those added by a verb.</summary>
    public Task TakeDomainsAsync(CancellationToken cancel)
    {
        var declared = _settings.Domains.ToDictionary(
            d => Ascii(d.Name), d => (IReadOnlyList<(string, string)>)[.. d.Dkim.Select(k => (k.Selector, k.Key.Reveal()))], StringComparer.OrdinalIgnoreCase);
        return Keys.ApplyAsync([.. _book.Table.Domains.Select(d => (d, declared.GetValueOrDefault(d) ?? []))], cancel);
    }

    /// <summary>What the receive steps ask.</summary>
    public ReceiveFilters Filters(SpamParts spam, SieveStep sieve, SievePost post) => new()
    {
        Verifier = Verifier,
        Spam = () => _settings.Spam.Enabled ? spam.Filter : null,
        Keys = Keys,
        Srs = Srs,
        Sieve = sieve,
        Post = post,
        Tally = Tally,
        Reports = Intake,
        Correspondents = spam.Correspondents,
        Traps = spam.Traps,
        IsTrustedRelay = address => _trusted.Contains(address),
        ReportAddresses = () => _reportAddresses,
    };

    private static ReportOptions Options(ServerSettings settings) => new(
        settings.Hostname, settings.Reports.Address ?? $"postmaster@{settings.Domains.Select(d => d.Name).FirstOrDefault() ?? settings.Hostname}",
        settings.Reports.Send && settings.Outbound.Capture is null);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Keys.Dispose();
        _stop.Dispose();
    }
}
