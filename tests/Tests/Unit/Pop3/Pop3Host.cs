using Aviso.Net;
using Aviso.Pop3;
using Aviso.Store;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Pop3;

/// <summary>A whole POP3 server on a real store in a folder of its own; connections are in memory. Alice's password is "se cret".</summary>
internal sealed class Pop3Host : IAsyncDisposable
{
    private Pop3Host(TestStore store, AccountId account, MailboxId inbox, Pop3Options options, LoginScope? scope, TimeProvider clock)
    {
        (Mail, Account, Inbox) = (store, account, inbox);
        Server = new(options, store.Store, new OnePassword(account.Value, scope), clock, NullLogger.Instance);
    }

    public TestStore Mail { get; }

    public AccountId Account { get; }

    public MailboxId Inbox { get; }

    public Pop3Server Server { get; }

    public static async Task<Pop3Host> StartAsync(
        IEnumerable<string>? messages = null, Func<Pop3Options, Pop3Options>? with = null, LoginScope? scope = null,
        TimeProvider? clock = null)
    {
        var store = await TestStore.OpenAsync();
        var (account, inbox) = await store.AccountAsync();
        foreach (var message in messages ?? []) await store.DeliverAsync(account, message, prefix: "");
        var options = new Pop3Options { HostName = "mail.example.test", FailedLoginDelay = TimeSpan.Zero };
        return new(store, account, inbox, with?.Invoke(options) ?? options, scope, clock ?? TimeProvider.System);
    }

    public static WirePair Connect(bool cleartext = true, bool tls = false, TimeProvider? clock = null) => new(
        ListenerKind.Pop3, clock: clock ?? TimeProvider.System, certificates: tls ? TestCertificates.Shared : null,
        origin: o => o with { ClearLoginAllowed = cleartext });

    /// <summary>All that the server says to a client that says <paramref name="text"/> and closes.</summary>
    public async Task<string> AllAsync(string text)
    {
        await using var pair = Connect();
        var run = Server.RunAsync(pair.Server);
        var said = pair.ReceiveAllAsync();
        await pair.SendInPiecesAsync(System.Text.Encoding.UTF8.GetBytes(text), int.MaxValue);
        await pair.FinishAsync();
        await run;
        await pair.Server.DisposeAsync();
        return await said;
    }

    /// <summary>As <see cref="AllAsync"/>, after the login.</summary>
    public Task<string> LoggedInAsync(string text) => AllAsync("USER alice@example.test\r\nPASS se cret\r\n" + text);

    public async Task<IReadOnlyList<Entry>> EntriesAsync()
    {
        var view = await Mail.Store.ViewAsync(Account, Inbox, default);
        return [.. Enumerable.Range(0, view!.Count).Select(i => view[i])];
    }

    public ValueTask DisposeAsync() => Mail.DisposeAsync();

    private sealed class OnePassword(long account, LoginScope? scope) : IAuthenticator
    {
        public bool ScramOffered => false;

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel) =>
            new(user == "alice@example.test" && password == "se cret" ? new Principal(account, user) { Scope = scope } : null);

        public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel) =>
            throw new NotSupportedException();

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel) =>
            new((Principal?)null);
    }
}
