using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>A part that takes new settings while it runs. It drops no connection for it.</summary>
public interface IReloadable
{
    /// <summary>For the log, such as "certificates".</summary>
    string Name { get; }

    /// <summary>What is wrong with these settings that only this part can see. With anything here none of them is taken.</summary>
    Task<IReadOnlyList<string>> RefusesAsync(ServerSettings now, CancellationToken cancel) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>What of the change does not hold and why, such as what needs a restart; null when all of it holds now.</summary>
    Task<string?> ReloadAsync(ServerSettings old, ServerSettings now, CancellationToken cancel);
}

/// <summary>
/// Reads the settings again on SIGHUP, and when the file or one it refers to has changed and then stood still for one look.
/// Looks every two seconds: mounted configuration is swapped by links, which file events miss. Wrong settings
/// change nothing; they are an event and a count.
/// </summary>
public sealed class Reload : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>A reading that takes longer is said: whoever rotated a password must not believe that it holds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly Meter Meter = new("Aviso.Server");
    private static readonly Counter<long> Done = Meter.CreateCounter<long>("aviso_settings_reloads_total", description: "Settings read again, by result.");

    private readonly Func<bool, CancellationToken, Task<SettingsLoad>> _load;
    private readonly IReadOnlyList<IReloadable> _parts;
    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _one = new(1);
    private readonly PosixSignalRegistration? _hangUp;
    private readonly Task _looking;
    private IReadOnlyList<string> _files;

    /// <param name="load">Reads the settings; true: what they want of Vault was read just now.</param>
    public Reload(ServerSettings settings, IReadOnlyList<string> files, Func<bool, CancellationToken, Task<SettingsLoad>> load, IReadOnlyList<IReloadable> parts,
        ILogger log, TimeProvider clock)
    {
        (Settings, _files, _load, _parts, _log, _clock) = (settings, files, load, parts, log, clock);
        _hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            _log.LogInformation("settings: SIGHUP came");
            _ = Task.Run(() => NowAsync("SIGHUP"));
        });
        _looking = files.Count == 0 ? Task.CompletedTask : LookAsync();
    }

    /// <summary>The settings that hold now.</summary>
    public ServerSettings Settings { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _hangUp?.Dispose();
        await _stop.CancelAsync();
        await _looking;
        _stop.Dispose();
    }

    /// <summary>Reads again. Not Ok when the new settings are wrong and the old ones stay; notes say why, or what does not hold yet.</summary>
    public async Task<(bool Ok, IReadOnlyList<string> Notes)> NowAsync(string reason) =>
        await IfAsync(reason, null) ?? throw new InvalidOperationException("a reload without a condition was not done");

    /// <summary>As above, when <paramref name="look"/> says that secrets have changed; null when it does not. Nothing else is read meanwhile.</summary>
    public async Task<(bool Ok, IReadOnlyList<string> Notes)?> IfAsync(string reason, Func<Task<bool>>? look)
    {
        using var late = _clock.CreateTimer(_ => _log.LogError("settings: reading them again ({Reason}) is not done after {Seconds} s; until then the old ones hold",
            reason, Patience.TotalSeconds), null, Patience, Timeout.InfiniteTimeSpan);
        await _one.WaitAsync(_stop.Token);
        try
        {
            if (look is not null && !await look()) return null;
            var load = await _load(look is not null, _stop.Token);
            if (load.Files.Count > 0) _files = load.Files;
            if (load.Settings is not { } now) return Keep([.. load.Problems.Select(p => p.ToString())]);
            foreach (var part in _parts)
                if (await part.RefusesAsync(now, _stop.Token) is { Count: > 0 } problems) return Keep(problems);
            return (true, await ApplyAsync(now, reason));
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            _log.LogError(e, "settings: reading them again failed; the old ones stay");
            Done.Add(1, new KeyValuePair<string, object?>("result", "failed"));
            return (false, [e.Message]);
        }
        finally
        {
            _one.Release();
        }
    }

    private (bool Ok, IReadOnlyList<string> Notes) Keep(IReadOnlyList<string> problems)
    {
        foreach (var problem in problems) _log.LogError("settings: {Problem}", problem);
        _log.LogError("settings: {Problems}; the old settings stay", problems.Count == 1 ? "one problem" : $"{problems.Count} problems");
        Done.Add(1, new KeyValuePair<string, object?>("result", "refused"));
        return (false, problems);
    }

    private async Task<IReadOnlyList<string>> ApplyAsync(ServerSettings now, string reason)
    {
        var old = Settings;
        var notes = new List<string>();
        foreach (var part in _parts)
        {
            if (await part.ReloadAsync(old, now, _stop.Token) is not { } later) continue;
            _log.LogWarning("settings: {Part}: {Later}", part.Name, later);
            notes.Add(later);
        }
        Settings = now;
        _log.LogInformation("settings: read again ({Reason})", reason);
        Done.Add(1, new KeyValuePair<string, object?>("result", "applied"));
        return notes;
    }

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        var known = Signature(_files);
        var last = known;
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var now = Signature(_files);
                if (now != known && now == last)
                {
                    await NowAsync("a file changed");
                    known = now = Signature(_files);
                }
                last = now;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <summary>Of the contents: a touched file is no change, a swapped link is.</summary>
    private static string Signature(IReadOnlyList<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(file));
            try
            {
                hash.AppendData(File.ReadAllBytes(file));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                hash.AppendData("missing"u8);
            }
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
