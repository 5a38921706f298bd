using Aviso.Accounts;
using Aviso.ManageSieve;
using Aviso.Net;
using Aviso.Sieve;
using Aviso.Store;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.ManageSieve;

/// <summary>A whole ManageSieve server on a real store in a folder of its own; connections are in memory.</summary>
internal sealed class ManageSieveHost : IAsyncDisposable
{
    private readonly TestStore _store;

    private ManageSieveHost(
        TestStore store, AccountId account, ManageSieveOptions options, SieveScriptLimits limits, TimeProvider clock, ILogger? log)
    {
        (_store, Account) = (store, account);
        Scripts = new(store.Store, store.Clock, limits);
        Server = new(options, SieveOptions.Default, Scripts, new OnePassword(account.Value), clock, log ?? NullLogger.Instance);
    }

    public AccountId Account { get; }

    public SieveScripts Scripts { get; }

    public ManageSieveServer Server { get; }

    public static async Task<ManageSieveHost> StartAsync(
        Func<ManageSieveOptions, ManageSieveOptions>? with = null, TimeProvider? clock = null, ILogger? log = null)
    {
        var store = await TestStore.OpenAsync();
        var (account, _) = await store.AccountAsync();
        var options = new ManageSieveOptions { FailedLoginDelay = TimeSpan.Zero };
        return new(store, account, with?.Invoke(options) ?? options, new() { Size = 1000, Count = 3, Octets = 2000 }, clock ?? TimeProvider.System, log);
    }

    /// <summary>A server over scripts that others have too; alice's password is secret.</summary>
    public static ManageSieveServer Over(SieveScripts scripts, AccountId account) => new(
        new() { FailedLoginDelay = TimeSpan.Zero }, SieveOptions.Default, scripts, new OnePassword(account.Value), TimeProvider.System,
        NullLogger.Instance);

    public static WirePair Connect(bool cleartext = true, bool tls = false, TimeProvider? clock = null, bool isInternal = false) => new(
        ListenerKind.ManageSieve, clock: clock ?? TimeProvider.System, certificates: tls ? TestCertificates.Shared : null,
        origin: o => o with { ClearLoginAllowed = cleartext, IsInternal = isInternal });

    public async ValueTask DisposeAsync()
    {
        Scripts.Dispose();
        await _store.DisposeAsync();
    }

    private sealed class OnePassword(long account) : IAuthenticator
    {
        public bool ScramOffered => false;

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel) =>
            new(user == "alice@example.test" && password == "secret" ? new Principal(account, user) : null);

        public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel) => throw new NotSupportedException();

        public TokenOffer? Tokens => TestTokens.Offer;

        public ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel) =>
            TestTokens.CheckAsync(attempt, user, token, account);

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel) => new((Principal?)null);
    }
}
