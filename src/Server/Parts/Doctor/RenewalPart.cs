using Aviso.Settings;

namespace Aviso.Server;

/// <summary>Certificates are renewed. Begins when the listeners that answer challenges are bound.</summary>
internal sealed class RenewalPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private RenewalPart(CertificatesPart certificates)
    {
        certificates.SayWhatEndsSoon();
        _running = certificates.Renewer?.RunAsync(_stop.Token) ?? Task.CompletedTask;
    }

    public string Name => "renewal";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel) =>
        Task.FromResult<IPart>(new RenewalPart(site.The<CertificatesPart>()));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
