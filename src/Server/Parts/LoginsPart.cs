using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// Who logs in and how: passwords, app passwords, tokens, second factors; and the beat that ends what has expired.
/// </summary>
internal sealed class LoginsPart : IPart
{
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _stop = new();
    private readonly AccountBook _book;
    private readonly AppPasswords _appPasswords;
    private readonly SecondFactors _secondFactors;
    private readonly Passkeys _passkeys;
    private readonly WebSessions _webSessions;
    private readonly SignInHistory _history;
    private readonly Authenticator _authenticator;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private volatile bool _twoStepNeedsAppPassword;
    private string _tokens = "";
    private Task _upkeep = Task.CompletedTask, _preparing = Task.CompletedTask;

    private LoginsPart(Site site, ServerSettings settings)
    {
        (_clock, _log, _book) = (site.Clock, site.Log("Accounts"), site.The<AccountBook>());
        var rows = site.The<SqliteMailStore>();
        (_appPasswords, _secondFactors) = (new(rows, _clock, _log), new(rows, _clock, _log));
        (_passkeys, _history) = (new(rows, _clock, _log), new(rows, _clock));
        _webSessions = new(rows, new(_book, _secondFactors, _appPasswords), _clock, _log);
        _book.CredentialChanged += _webSessions.LookAgain;
        _authenticator = new(_book)
        {
            AppPasswords = _appPasswords,
            SecondFactors = _secondFactors,
            IsTwoStep = account => _secondFactors.IsUnknown(account) || (_twoStepNeedsAppPassword && _secondFactors.IsOn(account)),
        };
    }

    public string Name => "logins";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var part = new LoginsPart(site, settings);
        try
        {
            await part._appPasswords.LoadAsync(cancel);
            await part._secondFactors.LoadAsync(cancel);
            await part._webSessions.LoadAsync(cancel);
            await part.TakeAsync(settings, cancel);
        }
        catch
        {
            await part.DisposeAsync();
            throw;
        }
        site.Put(part._authenticator);
        site.Put(new AccountService(part._book, part._authenticator));
        site.Put(new AppPasswordService(part._book, part._authenticator, part._appPasswords));
        site.Put(new SecondFactorService(part._book, part._secondFactors, part._passkeys, settings.HostName));
        site.Put(part._passkeys);
        site.Put(part._webSessions);
        site.Put(part._history);
        part._upkeep = part.UpkeepAsync();
        return part;
    }

    /// <summary>Keys of the provider that were read stay unless something about it changed.</summary>
    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _twoStepNeedsAppPassword = now.Logins.TwoStepNeedsAppPassword;
        // Passwords of the settings may be new.
        if (_preparing.IsCompleted) _preparing = _authenticator.PrepareAsync(_stop.Token);
        if (Describe(now) is var wanted && wanted != _tokens)
        {
            _tokens = wanted;
            // The old one is left to logins that are using it.
            _authenticator.TokenLogins = OAuthMapping.Tokens(now) is { } options ? new(options, _book) : null;
        }
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_upkeep, _preparing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // What was used in the last seconds.
        await OnceAsync(CancellationToken.None);
        _book.CredentialChanged -= _webSessions.LookAgain;
        _appPasswords.Dispose();
        _secondFactors.Dispose();
        _passkeys.Dispose();
        _webSessions.Dispose();
        _history.Dispose();
        _authenticator.Dispose();
        _stop.Dispose();
    }

    private static string Describe(ServerSettings settings) => !settings.HasOAuth ? "" : new JsonArray(
        settings.OAuth.Issuer,
        List(settings.OAuth.Audience),
        List(settings.OAuth.Scopes),
        settings.OAuth.AccountClaim,
        settings.OAuth.AccountDomain,
        settings.OAuth.Introspection.ClientId,
        settings.OAuth.Introspection.ClientSecret.Reveal(),
        settings.OAuth.Introspection.Endpoint,
        settings.OAuth.SignIn.ClientId,
        settings.OAuth.SignIn.ClientSecret?.Reveal(),
        List(settings.OAuth.SignIn.Scopes),
        settings.OAuth.SignIn.Label,
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
            foreach (var account in await _appPasswords.UpkeepAsync(cancel)) _book.EndSessions(account);
            await _webSessions.UpkeepAsync(cancel);
            await _history.UpkeepAsync(cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.AppPasswordsNotWritten(e.Message);
        }
    }
}
