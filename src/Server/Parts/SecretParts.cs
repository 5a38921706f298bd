using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Secrets;
using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// Looks at Vault again and again while the server runs, and has the settings read again when a value has changed. Also the part of a
/// reload that says: these values are in use now. The last of the parts, so that every other has taken them.
/// </summary>
internal sealed class SecretParts(SettingsReader reader, ILogger log, TimeProvider clock) : IReloadable, IAsyncDisposable
{
    // Values that the settings cannot be made of are tried again, but not at each look.
    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _stop = new();
    private Task _looking = Task.CompletedTask;
    private DateTimeOffset? _refusedAt;

    public string Name => "secrets";

    public SecretSource Secrets => reader.Secrets;

    public Task<string?> ReloadAsync(ServerSettings old, ServerSettings now, CancellationToken cancel)
    {
        Secrets.KeepIn(now);
        Secrets.Accept();
        return Task.FromResult(Secrets.StaleNote);
    }

    /// <summary>The server has started with these values.</summary>
    public void Begin(ServerSettings settings)
    {
        Secrets.Log = log;
        Secrets.SayAgain();
        Secrets.KeepIn(settings);
        Secrets.Accept();
    }

    /// <summary>For `check --secrets`: what this server uses.</summary>
    public AdminReply List() => AdminReply.Done(new JsonArray([.. Secrets.InUse.Select(s => (JsonNode)new JsonObject
    {
        ["path"] = s.Path,
        ["version"] = s.Version,
        ["age_seconds"] = (long)Math.Max(0, (clock.GetUtcNow() - s.ReadAt).TotalSeconds),
    })]));

    public void Watch(Reload reload) => _looking = LookAsync(reload);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task<bool> ChangedAsync()
    {
        var before = Secrets.Changes;
        return await reader.LookAsync(_stop.Token)
            && (_refusedAt is null || Secrets.Changes != before || clock.GetUtcNow() - _refusedAt > TryAgain);
    }

    private async Task LookAsync(Reload reload)
    {
        while (true)
        {
            await Task.Delay(Secrets.NextLook, clock, _stop.Token);
            if (!Secrets.HasWishes) continue;
            try
            {
                if (await reload.IfAsync("secrets changed", ChangedAsync) is { } done)
                    _refusedAt = done.Ok ? null : clock.GetUtcNow();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.LookFailed(e);
            }
        }
    }
}
