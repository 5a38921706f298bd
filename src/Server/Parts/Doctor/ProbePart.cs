using System.Security.Cryptography.X509Certificates;
using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.MailAuth;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>Round trips of mail: begins when everything that they go through is there.</summary>
internal sealed class ProbePart : IPart
{
    private const string PasswordName = "round-trip probe";

    private readonly CancellationTokenSource _stop = new();
    private readonly Prober _prober;
    private readonly BoundListeners _bound;
    private Task _running = Task.CompletedTask;

    private ProbePart(Prober prober, BoundListeners bound) => (_prober, _bound) = (prober, bound);

    public string Name => "probe";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (book, keys, log) = (site.The<AccountBook>(), site.The<SigningKeys>(), site.Log("Doctor"));
        var passwords = new ProbePassword(site.The<AppPasswordService>(), site.Clock);
        Prober? prober = null;
        prober = site.Put(new Prober(new(site.The<SqliteMailStore>(), site.Reader, site.The<IResolver>(), site.The<ProbeDepartures>(),
            (body, domain) => DkimSigner.Sign(body, keys.KeysOf(domain), SignOptions.Default, site.Clock.GetUtcNow()),
            site.The<QueueRunner>().Wake, address => book.Table.FindAccount(address),
            stop => passwords.GetAsync(prober!.Options!.Account.Wire, stop), site.Clock, log), null));
        var part = new ProbePart(prober, site.The<BoundListeners>());
        prober.Options = part.Options(settings);
        part._running = prober.RunAsync(part._stop.Token);
        return Task.FromResult<IPart>(part);
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _prober.Options = Options(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _prober.Dispose();
        _stop.Dispose();
    }

    // With an authority of our own, clients are given it; so is this one.
    private ProbeOptions? Options(ServerSettings settings)
    {
        var own = Path.Combine(settings.Data, "tls", "ca.pem");
        X509Certificate2Collection? roots = null;
        if (settings.Tls.SelfSigned && File.Exists(own))
        {
            roots = [];
            roots.ImportFromPemFile(own);
        }
        return ProbeMapping.Probe(
            settings, roots, kind => _bound.All.FirstOrDefault(b => b.Kind == kind)?.Address.Port);
    }

    /// <summary>An app password for reading, made anew each day; nobody ever sees it.</summary>
    private sealed class ProbePassword(AppPasswordService passwords, TimeProvider clock)
    {
        private static readonly TimeSpan Renewed = TimeSpan.FromDays(1);
        private static readonly AppPasswordScope Scope = AppPasswordScope.All with { Protocols = ["imap", "jmap"], ReadOnly = true };

        private string? _secret;
        private string _address = "";
        private long _madeAt;

        public async Task<string> GetAsync(string address, CancellationToken cancel)
        {
            if (_secret is { } kept && _address == address && clock.GetElapsedTime(_madeAt) < Renewed) return kept;
            await passwords.RevokeAsync(address, PasswordName, cancel);
            var (made, problem) = await passwords.AddAsync(address, PasswordName, Scope, "2d", cancel);
            if (made is null) throw new ProbeException(ProbeStage.Imap, $"no password can be made to look with: {problem}");
            (_secret, _address, _madeAt) = (made.Password, address, clock.GetTimestamp());
            return made.Password;
        }
    }
}
