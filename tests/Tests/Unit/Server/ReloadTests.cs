using Aviso.Server;
using Aviso.Settings;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Smtp;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>Settings read again: all parts take them or none does, and no change of a file is missed.</summary>
public sealed class ReloadTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-reload-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static SettingsLoad Good => SettingsText.Parse(SettingsText.Good);

    private static async Task<Parts> OpenAsync(params IPart[] parts)
    {
        var all = new Parts(NullLogger.Instance);
        var settings = Good.Settings!;
        await all.OpenAsync(
            [.. parts.Select(p => (OpenPart)((_, _, _) => Task.FromResult(p)))], new(settings, NullLoggerFactory.Instance, TimeProvider.System), settings, default);
        return all;
    }

    private static async Task<Reload> BeginAsync(Func<Task<SettingsLoad>> load, ILogger? log = null, TimeProvider? clock = null, params IPart[] parts)
    {
        var reload = new Reload(
            Good.Settings!, Good, (_, _) => load(), await OpenAsync(parts), log ?? NullLogger.Instance, clock ?? TimeProvider.System);
        reload.Begin();
        return reload;
    }

    [Fact]
    public async Task Wrong_settings_on_reload_keep_the_old_ones()
    {
        var next = SettingsText.Parse("nonsense: 1\n");
        await using var reload = await BeginAsync(() => Task.FromResult(next));
        var before = reload.Settings;
        Assert.False((await reload.NowAsync("test")).Ok);
        Assert.Same(before, reload.Settings);
        next = SettingsText.Parse(SettingsText.Good + "log: { format: json }\n");
        Assert.True((await reload.NowAsync("test")).Ok);
        Assert.Equal(LogFormat.Json, reload.Settings.Log.Format);
    }

    [Fact]
    public async Task A_reload_that_ends_in_a_timeout_or_takes_long_is_said()
    {
        var (clock, log) = (new ManualClock(), new LogLines());
        var reading = new TaskCompletionSource<SettingsLoad>();
        await using var reload = await BeginAsync(() => reading.Task, log, clock);
        var first = reload.NowAsync("test");
        clock.Advance(Reload.Patience);
        Assert.Contains("settings: reading them again (test) is not done after 20 s", log.Lines.Last(), StringComparison.Ordinal);
        // As HttpClient says a timeout.
        reading.SetException(new TaskCanceledException("no answer in time"));
        Assert.Equal((false, "no answer in time"), ((await first).Ok, (await first).Notes.Single()));
        Assert.Contains("failed; the old ones stay", log.Lines.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_are_taken_by_all_parts_or_by_none_and_the_caller_hears_why()
    {
        var (easy, picky) = (new Picky(null), new Picky("a@x stands twice"));
        await using (var reload = await BeginAsync(() => Task.FromResult(Good), null, null, easy, picky))
        {
            var (ok, notes) = await reload.NowAsync("test");
            Assert.False(ok);
            Assert.Equal(["a@x stands twice"], notes);
            Assert.Equal(0, easy.Taken);
        }
        await using (var reload = await BeginAsync(() => Task.FromResult(Good), null, null, easy))
            Assert.Equal(["limits hold after a restart"], (await reload.NowAsync("test")).Notes);
    }

    [Fact]
    public async Task What_waits_for_a_restart_is_said_at_every_reload()
    {
        await using var reload = await BeginAsync(() => Task.FromResult(SettingsText.Parse(SettingsText.Good + "limits: { recipients: 500 }\n")));
        for (var i = 0; i < 2; i++)
            Assert.Equal(["changes of limits.recipients hold after a restart"], (await reload.NowAsync("test")).Notes);
    }

    [Fact]
    public async Task A_reload_that_is_asked_for_during_the_start_is_done_when_all_parts_are_open()
    {
        var part = new Picky(null);
        await using var reload = new Reload(Good.Settings!, Good, (_, _) => Task.FromResult(Good), await OpenAsync(part), NullLogger.Instance, TimeProvider.System);
        var asked = reload.NowAsync("SIGHUP");
        await Task.Delay(20);
        Assert.Equal((false, 0), (asked.IsCompleted, part.Taken));
        reload.Begin();
        Assert.True((await asked).Ok);
        Assert.Equal(1, part.Taken);
    }

    [Fact]
    public async Task Settings_that_change_during_the_start_or_during_a_reload_are_read()
    {
        var file = Path.Combine(_folder, "aviso.yaml");
        Write("info");
        var first = SettingsFile.Load(file);
        // The parts are opened now, which takes seconds; meanwhile:
        Write("warning");
        var clock = new ManualClock();
        var (during, loads) = ("error", 0);
        await using var reload = new Reload(first.Settings!, first, (_, _) =>
        {
            var read = SettingsFile.Load(file);
            loads++;
            if (during.Length > 0) Write(during);
            during = "";
            return Task.FromResult(read);
        }, await OpenAsync(), NullLogger.Instance, clock);
        reload.Begin();
        await LookUntilAsync(LogLevel.Warning);
        await LookUntilAsync(LogLevel.Error);
        for (var i = 0; i < 5; i++) await LookAsync();
        Assert.Equal(2, loads);

        void Write(string level) => File.WriteAllText(file, SettingsText.Good.Replace("env:ALICE_PASSWORD", "secret", StringComparison.Ordinal) + $"log: {{ level: {level} }}\n");

        async Task LookAsync()
        {
            clock.Advance(Reload.Interval);
            await Task.Delay(20);
        }

        async Task LookUntilAsync(LogLevel level)
        {
            for (var i = 0; i < 100 && reload.Settings.Log.Level != level; i++) await LookAsync();
            Assert.Equal(level, reload.Settings.Log.Level);
        }
    }

    [Fact]
    public void The_signature_of_a_reading_is_that_of_its_files()
    {
        var file = Path.Combine(_folder, "aviso.yaml");
        File.WriteAllText(Path.Combine(_folder, "list"), "info@example.org alice@example.org\n");
        File.WriteAllText(file, SettingsText.Good.Replace("env:ALICE_PASSWORD", "secret", StringComparison.Ordinal) + "aliases_from: file:list\naccounts_from: file:none\n");
        var load = SettingsFile.Load(file);
        Assert.True(load.Files.Count >= 3);
        Assert.Equal(FileSignature.Of(load.Files), load.Signature);
        File.AppendAllText(Path.Combine(_folder, "list"), "#\n");
        Assert.NotEqual(FileSignature.Of(load.Files), load.Signature);
    }

    private sealed class Picky(string? problem) : IPart
    {
        public int Taken { get; private set; }

        public string Name => "picky";

        public Task<IReadOnlyList<string>> RefusesAsync(ServerSettings now, CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<string>>(problem is null ? [] : [problem]);

        public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
        {
            Taken++;
            return Task.FromResult<IReadOnlyList<string>>(["limits hold after a restart"]);
        }

        public ValueTask DisposeAsync() => default;
    }
}
