using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>Reports of others about us, and ours about them.</summary>
internal sealed class ReportsPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ReportBook _book;
    private readonly ReportSender _sender;
    private readonly Task _running;
    private volatile HashSet<string> _addresses;

    private ReportsPart(ReportBook book, ReportIntake intake, ReportSender sender, ServerSettings settings)
    {
        (_book, _sender, _addresses) = (book, sender, AddressesOf(settings));
        _running = Task.WhenAll(sender.RunAsync(_stop.Token), intake.RunAsync(_stop.Token));
    }

    public string Name => "reports";

    /// <summary>Mail to these is looked through for reports; lower case.</summary>
    public IReadOnlyCollection<string> Addresses => _addresses;

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (store, keys, runner) = (site.The<SqliteMailStore>(), site.The<SigningKeys>(), site.The<QueueRunner>());
        var log = site.Log("Delivery");
        var book = site.Put(new ReportBook(store, site.Clock, log) { Keep = settings.Reports.Keep });
        var intake = site.Put(new ReportIntake(book, store.Spool, log));
        var dmarc = site.Put(new DmarcTally(store, site.Clock));
        var sender = new ReportSender(ReportsMapping.Reports(settings), dmarc, site.The<TlsTally>(), store, site.Reader, site.The<IRouter>(),
            site.The<IResolver>(), site.Ids, site.Clock, log)
        {
            Queued = runner.Wake,
            Sign = (body, domain) => DkimSigner.Sign(body, keys.KeysOf(domain), SignOptions.Default, site.Clock.GetUtcNow()),
        };
        return Task.FromResult<IPart>(site.Put(new ReportsPart(book, intake, sender, settings)));
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _addresses = AddressesOf(now);
        _sender.Options = ReportsMapping.Reports(now);
        _book.Keep = now.Reports.Keep;
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static HashSet<string> AddressesOf(ServerSettings settings) =>
        [.. new[] { settings.Reports.Address, settings.Postmaster }.OfType<string>().Select(Plain)];

    // Settings are kept as they were written; what is looked up has one form.
    private static string Plain(string address) =>
        MailAddress.TryParse(address, out var read) ? $"{read.LocalPart}@{read.Domain.Ascii}".ToLowerInvariant() : address.ToLowerInvariant();
}
