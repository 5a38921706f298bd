using Aviso.Secrets;
using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// Looks at Vault again and again while the server runs, and has the settings read again when a value has changed. Also the part of a
/// reload that says: these values are in use now. The last of the parts, so that every other has taken them.
/// </summary>
internal sealed class SecretsPart : IPart
{
    // Values that the settings cannot be made of are tried again, but not at each look.
    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly SettingsReader _reader;
    private readonly Reload _reload;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Task _looking;
    private DateTimeOffset? _refusedAt;

    private SecretsPart(SettingsReader reader, Reload reload, TimeProvider clock, ILogger log)
    {
        (_reader, _reload, _clock, _log) = (reader, reload, clock, log);
        _looking = LookAsync();
    }

    public string Name => "secrets";

    /// <summary>The server has started with these values.</summary>
    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (reader, log) = (site.The<SettingsReader>(), site.Log("Secrets"));
        reader.Secrets.Log = log;
        reader.Secrets.SayAgain();
        reader.Secrets.KeepIn(settings);
        reader.Secrets.Accept();
        return Task.FromResult<IPart>(new SecretsPart(reader, site.The<Reload>(), site.Clock, log));
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        _reader.Secrets.KeepIn(now);
        _reader.Secrets.Accept();
        return Task.FromResult<IReadOnlyList<string>>(_reader.Secrets.StaleNote is { } note ? [note] : []);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task<bool> ChangedAsync()
    {
        var before = _reader.Secrets.Changes;
        return await _reader.LookAsync(_stop.Token)
            && (_refusedAt is null || _reader.Secrets.Changes != before || _clock.GetUtcNow() - _refusedAt > TryAgain);
    }

    private async Task LookAsync()
    {
        while (true)
        {
            await Task.Delay(_reader.Secrets.NextLook, _clock, _stop.Token);
            if (!_reader.Secrets.HasWishes) continue;
            try
            {
                if (await _reload.IfAsync("secrets changed", ChangedAsync) is { } done)
                    _refusedAt = done.Ok ? null : _clock.GetUtcNow();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _log.LookFailed(e);
            }
        }
    }
}
