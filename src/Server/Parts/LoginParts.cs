using System.Text.Json;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>How people log in beside the password of their account: app passwords, tokens, second factors; and the beat that ends what has expired.</summary>
internal sealed class LoginParts : IAsyncDisposable
{
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(15);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

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

    private static string Describe(ServerSettings settings) => !settings.HasOAuth ? "" : JsonSerializer.Serialize(new
    {
        settings.OAuth.Issuer,
        settings.OAuth.Audience,
        settings.OAuth.Scopes,
        settings.OAuth.AccountClaim,
        settings.OAuth.AccountDomain,
        Client = settings.OAuth.Introspection.ClientId,
        Secret = settings.OAuth.Introspection.ClientSecret.Reveal(),
        settings.OAuth.Introspection.Endpoint,
        settings.OAuth.ClockSkew,
        Ca = settings.OAuth.Ca?.Reveal(),
    });

    public void Add(AdminHandlers admin) => admin
        .Add("totp.status", (c, _) => Task.FromResult(SecondFactorService.Status(c.Text("address") ?? "") is { } status
            ? AdminReply.Done(JsonSerializer.SerializeToNode(status, Json)) : AdminReply.No($"there is no account {c.Text("address")}")))
        .Add("totp.enable", EnableAsync, changes: true)
        .Add("totp.disable", async (c, t) => Answer(await SecondFactorService.DisableAsync(c.Text("address") ?? "", t)), changes: true)
        .Add("passkey.list", async (c, t) => await SecondFactorService.PasskeysAsync(c.Text("address") ?? "", t) is { } keys
            ? AdminReply.Done(JsonSerializer.SerializeToNode(keys, Json)) : AdminReply.No($"there is no account {c.Text("address")}"))
        .Add("passkey.remove", async (c, t) => Answer(await SecondFactorService.RemovePasskeyAsync(c.Text("address") ?? "", c.Text("id") ?? "", t)), changes: true)
        .Add("app_password.list", (c, _) => Task.FromResult(List(c)))
        .Add("app_password.add", AddAsync, changes: true)
        .Add("app_password.revoke", async (c, t) => Answer(await Service.RevokeAsync(c.Text("address") ?? "", c.Text("id") ?? "", t)), changes: true);

    private static AdminReply Answer(VerbAnswer answer) => answer.Ok ? AdminReply.Done(answer.Text) : AdminReply.No(answer.Text);

    private async Task<AdminReply> EnableAsync(AdminCall call, CancellationToken cancel)
    {
        var address = call.Text("address") ?? "";
        if (call.Text("code") is { } code) return Answer(await SecondFactorService.ConfirmAsync(address, code, cancel));
        var (made, problem) = await SecondFactorService.BeginAsync(address, cancel);
        return made is null ? AdminReply.No(problem) : AdminReply.Done(JsonSerializer.SerializeToNode(made, Json));
    }

    private AdminReply List(AdminCall call) => Service.List(call.Text("address")) is { } rows
        ? AdminReply.Done(JsonSerializer.SerializeToNode(rows, Json)) : AdminReply.No($"there is no account {call.Text("address")}");

    private async Task<AdminReply> AddAsync(AdminCall call, CancellationToken cancel)
    {
        var scope = new AppPasswordScope(call.Texts("protocol"), call.Texts("mailbox"), call.Flag("read_only"), call.Flag("search_only"),
            call.Texts("send_as"), call.Texts("network"));
        var (made, problem) = await Service.AddAsync(call.Text("address") ?? "", call.Text("name") ?? "", scope, call.Text("expires"), cancel);
        return made is null ? AdminReply.No(problem) : AdminReply.Done(JsonSerializer.SerializeToNode(made, Json));
    }

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
