using Aviso.Accounts;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Settings;

namespace Aviso.Server;

/// <summary>
/// Certificates are renewed, and what the DNS says about them is looked at. Begins when the listeners that answer challenges are bound.
/// </summary>
internal sealed class RenewalPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly OwnRecords _records;
    private readonly Task _running;

    private RenewalPart(CertificatesPart certificates, OwnRecords records, bool looksAtDns)
    {
        _records = records;
        certificates.SayWhatEndsSoon();
        _running = Task.WhenAll(
            certificates.Renewer?.RunAsync(_stop.Token) ?? Task.CompletedTask, looksAtDns ? records.WatchAsync(_stop.Token) : Task.CompletedTask);
    }

    public string Name => "renewal";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (certificates, book) = (site.The<CertificatesPart>(), site.The<AccountBook>());
        var records = site.Put(new OwnRecords(
            settings.HostName, certificates.Shown, certificates.Renewer, () => book.Table.Domains, site.The<IResolver>(), site.Clock, site.Log("Doctor"))
        {
            Published = MtaStsMapping.Published(settings),
        });
        return Task.FromResult<IPart>(new RenewalPart(certificates, records, settings.Outbound.Capture is null));
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _records.Published = MtaStsMapping.Published(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
