using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Aviso.Base;
using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// Reads the settings again on SIGHUP, and when the file or one it refers to has changed and then stood still for one look.
/// Looks every two seconds: mounted configuration is swapped by links, which file events miss. Wrong settings
/// change nothing; they are an event and a count. What is asked for during the start is done when all parts are open.
/// </summary>
public sealed class Reload : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>A reading that takes longer is said: whoever rotated a password must not believe that it holds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly Meter Meter = new("Aviso.Server");

    [ModuleInitializer]
    internal static void Publish() => Instruments.StartAtZero(() =>
    {
        foreach (var result in (string[])["applied", "refused", "failed"]) Done.Add(0, new KeyValuePair<string, object?>("result", result));
    });
    private static readonly Counter<long> Done = Meter.CreateCounter<long>("aviso_settings_reloads_total", description: "Settings read again, by result.");

    private readonly Func<bool, CancellationToken, Task<SettingsLoad>> _load;
    private readonly Parts _parts;
    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private readonly ServerSettings _started;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _one = new(0, 1);
    private readonly PosixSignalRegistration? _hangUp;
    private Task _looking = Task.CompletedTask;
    private IReadOnlyList<string> _files;
    private string _signature;

    /// <param name="started">What the parts are opened with.</param>
    /// <param name="first">How it was read: a file that has changed since is a reason to read again.</param>
    /// <param name="load">Reads the settings; true: what they want of Vault was read just now.</param>
    internal Reload(
        ServerSettings started, SettingsLoad first, Func<bool, CancellationToken, Task<SettingsLoad>> load, Parts parts, ILogger log, TimeProvider clock)
    {
        (Settings, _started, _files, _signature) = (started, started, first.Files, first.Signature);
        (_load, _parts, _log, _clock) = (load, parts, log, clock);
        _hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            _log.HangUpCame();
            _ = Task.Run(() => NowAsync("SIGHUP"));
        });
        if (IsHangUpIgnored()) _log.HangUpIsIgnored();
    }

    /// <summary>The settings that hold now.</summary>
    public ServerSettings Settings { get; private set; }

    /// <summary>Why what was read last was not taken, and when that was; null: it was taken.</summary>
    public (string Problem, DateTimeOffset At)? Refused { get; private set; }

    /// <summary>When settings were last taken after the start, and why they were read; null: never.</summary>
    public (string Reason, DateTimeOffset At)? Applied { get; private set; }

    /// <summary>Whoever asked for the reading that is made now wants it in spite of what the outside says.</summary>
    public bool IsForced { get; private set; }

    /// <summary>All parts are open: from here on they take new settings.</summary>
    public void Begin()
    {
        _one.Release();
        if (_files.Count > 0) _looking = LookAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _hangUp?.Dispose();
        await _stop.CancelAsync();
        await _looking;
        _stop.Dispose();
        _one.Dispose();
    }

    /// <summary>Reads again. Not Ok when the new settings are wrong and the old ones stay; notes say why, or what does not hold yet.</summary>
    /// <param name="force">What the DNS says against them does not count.</param>
    public async Task<(bool Ok, IReadOnlyList<string> Notes)> NowAsync(string reason, bool force = false) =>
        await IfAsync(reason, null, force) ?? throw new InvalidOperationException("a reload without a condition was not done");

    /// <summary>As above, when <paramref name="look"/> says that secrets have changed; null when it does not. Nothing else is read meanwhile.</summary>
    public async Task<(bool Ok, IReadOnlyList<string> Notes)?> IfAsync(string reason, Func<Task<bool>>? look, bool force = false)
    {
        using var late = _clock.CreateTimer(_ => _log.ReadingIsLate(reason, Patience.TotalSeconds), null, Patience, Timeout.InfiniteTimeSpan);
        await _one.WaitAsync(_stop.Token);
        try
        {
            IsForced = force;
            if (look is not null && !await look()) return null;
            var load = await _load(look is not null, _stop.Token);
            if (load.Files.Count > 0) (_files, _signature) = (load.Files, load.Signature);
            if (load.Settings is not { } now) return Keep([.. load.Problems.Select(p => p.ToString())]);
            if (await _parts.RefusesAsync(now, _stop.Token) is { Count: > 0 } problems) return Keep(problems);
            return (true, await ApplyAsync(now, reason));
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            _log.ReadingFailed(e);
            Refused = (e.Message, _clock.GetUtcNow());
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
        foreach (var problem in problems) _log.SettingsProblem(problem);
        _log.OldSettingsStay(problems.Count == 1 ? "one problem" : $"{problems.Count} problems");
        Refused = (Doctor.Sightings.First(3, "; ", problems), _clock.GetUtcNow());
        Done.Add(1, new KeyValuePair<string, object?>("result", "refused"));
        return (false, problems);
    }

    private async Task<IReadOnlyList<string>> ApplyAsync(ServerSettings now, string reason)
    {
        var notes = (await _parts.TakeAsync(now, _stop.Token)).ToList();
        Settings = now;
        // Compared with what the parts were started with, so that a change that still waits is said at every reload.
        if (SettingsTables.NeedsRestart(_started, now) is { Count: > 0 } keys)
        {
            notes.Add($"changes of {string.Join(", ", keys)} hold after a restart");
            _log.HoldsNotYet("settings", notes[^1]);
        }
        Refused = null;
        Applied = (reason, _clock.GetUtcNow());
        _log.ReadAgain(reason);
        Done.Add(1, new KeyValuePair<string, object?>("result", "applied"));
        return notes;
    }

    // proc(5): "SigIgn" is a mask in hexadecimal digits, and bit 0 of it SIGHUP. The runtime leaves a signal ignored that was so before.
    private static bool IsHangUpIgnored()
    {
        const string Status = "/proc/self/status", Field = "SigIgn:";
        if (!File.Exists(Status)) return false;
        var line = File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(line.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, null, out var mask) && (mask & 1) != 0;
    }

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        var last = _signature;
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var now = FileSignature.Of(_files);
                if (now != _signature && now == last)
                {
                    await NowAsync("a file changed");
                    // What cannot be read at all is not tried at each look.
                    if (FileSignature.Of(_files) == now) _signature = now;
                }
                last = now;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
