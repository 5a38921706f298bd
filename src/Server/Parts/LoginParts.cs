using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>How people log in beside the password of their account: app passwords, tokens, second factors; and the beat that ends what has expired.</summary>
internal sealed class LoginParts : IAsyncDisposable
{
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _stop = new();
    private readonly AccountBook _book;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private volatile bool _twoStepNeedsAppPassword;
    private Task _upkeep = Task.CompletedTask;

    private LoginParts(AccountBook book, AppPasswords appPasswords, TimeProvider clock, ILogger log) =>
        (_book, AppPasswords, _clock, _log) = (book, appPasswords, clock, log);

    public AppPasswords AppPasswords { get; }

    public SecondFactors SecondFactors { get; private set; } = null!;

    public Passkeys Passkeys { get; private set; } = null!;

    public SecondFactorService SecondFactorService { get; private set; } = null!;

    public Authenticator Authenticator { get; private set; } = null!;

    public AppPasswordService Service { get; private set; } = null!;

    public static async Task<LoginParts> OpenAsync(ServerSettings settings, AccountBook book, IDocumentRows rows, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var parts = new LoginParts(book, new(rows, clock, log), clock, log);
        await parts.AppPasswords.LoadAsync(cancel);
        parts.SecondFactors = new(rows, clock, log);
        await parts.SecondFactors.LoadAsync(cancel);
        parts.Passkeys = new(rows, new(settings.Hostname, [$"https://{settings.Hostname}"]), clock, log);
        parts.SecondFactorService = new(book, parts.SecondFactors, parts.Passkeys, settings.Hostname);
        parts.Authenticator = new(book)
        {
            AppPasswords = parts.AppPasswords,
            IsTwoStep = account => parts.SecondFactors.IsUnknown(account) || (parts._twoStepNeedsAppPassword && parts.SecondFactors.IsOn(account)),
        };
        parts.Service = new(book, parts.Authenticator, parts.AppPasswords);
        parts.Take(settings);
        parts._upkeep = parts.UpkeepAsync();
        return parts;
    }

    /// <summary>New settings. Keys of the provider that were read stay unless something about it changed.</summary>
    public void Take(ServerSettings settings)
    {
        _twoStepNeedsAppPassword = settings.Logins.TwoStepNeedsAppPassword;
        var wanted = Describe(settings);
        if (wanted == _tokens) return;
        _tokens = wanted;
        // The old one is left to logins that are using it.
        Authenticator.TokenLogins = Mapping.Tokens(settings) is { } options ? new(options, _book) : null;
    }

    private string _tokens = "";

    private static string Describe(ServerSettings settings) => !settings.HasOAuth ? "" : new JsonArray(
        settings.OAuth.Issuer,
        List(settings.OAuth.Audience),
        List(settings.OAuth.Scopes),
        settings.OAuth.AccountClaim,
        settings.OAuth.AccountDomain,
        settings.OAuth.Introspection.ClientId,
        settings.OAuth.Introspection.ClientSecret.Reveal(),
        settings.OAuth.Introspection.Endpoint,
        settings.OAuth.ClockSkew.Ticks,
        settings.OAuth.Ca?.Reveal()).ToJsonString();

    private static JsonArray List(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];

    private async Task UpkeepAsync()
    {
        using var timer = new PeriodicTimer(UpkeepEvery, _clock);
        while (await timer.WaitForNextTickAsync(_stop.Token)) await OnceAsync(_stop.Token);
    }

    private async Task OnceAsync(CancellationToken cancel)
    {
        try
        {
            foreach (var account in await AppPasswords.UpkeepAsync(cancel)) _book.EndSessions(account);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.LogWarning("the use of app passwords could not be written: {Error}", e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _upkeep.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // What was used in the last seconds.
        await OnceAsync(CancellationToken.None);
        AppPasswords.Dispose();
        SecondFactors?.Dispose();
        Passkeys?.Dispose();
        Authenticator.Dispose();
        _stop.Dispose();
    }
}
