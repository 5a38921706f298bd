// Server puts the parts together: Program reads the command line, Serve starts and stops everything in the order of Parts.
using System.Diagnostics;
using System.Runtime.InteropServices;
using Aviso.Net;
using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Verbs;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>What <c>aviso serve</c> was asked.</summary>
/// <param name="Local">Local mode, else the settings come from <paramref name="Config"/>.</param>
/// <param name="PrintPortsTo">A file to write the bound addresses to, as JSON, once ready.</param>
internal sealed record ServeRequest(string Config, LocalMode? Local, string? PrintPortsTo)
{
    public async Task<SettingsLoad> LoadAsync(SettingsReader reader, bool secretsKnown, CancellationToken cancel) =>
        Local?.Load() ?? await reader.LoadAsync(secretsKnown, cancel);

    /// <summary>The data folder that the settings name, known before secrets are.</summary>
    public string? Data => Local is { } local ? Path.GetFullPath(local.Folder) : SettingsFile.Load(Config).Data;
}

/// <summary>Runs the server until it is told to stop.</summary>
internal sealed class Serve(ServeRequest request, TextWriter output, TextWriter errors, Stream log, TimeProvider clock)
{
    public static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>0 when stopped as asked; 1 when the settings are wrong; 3 when it could not run.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var terminate = OnSignal(PosixSignal.SIGTERM, stopping);
        using var interrupt = OnSignal(PosixSignal.SIGINT, stopping);
        try
        {
            return await RunUntilAsync(stopping.Token);
        }
        catch (ContradictionException e)
        {
            foreach (var text in e.Texts) await errors.WriteLineAsync(text);
            return ExitStatus.FoundProblems;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return ExitStatus.Ok;
        }
        catch (Exception e)
        {
            await errors.WriteLineAsync($"aviso: {Sentence(e)}");
            return ExitStatus.CouldNotRun;
        }
    }

    private async Task<int> RunUntilAsync(CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        DataFolder.ServeAsHome(() => request.Data);
        using var secrets = new SecretSource(clock);
        var reader = new SettingsReader(request.Config, secrets);
        var load = await LoadAsync(reader, stop);
        if (load.Settings is not { } settings) return ProblemReport.Print(load, errors);

        // The log comes first, so that everything after can be heard.
        var lines = new LogWriter(log, settings.Log.Format, settings.Log.Level, clock);
        using var logs = new LoggerFactory([lines]);
        var own = logs.CreateLogger("Aviso.Server");
        await using var parts = new Parts(own);
        await using var reload = new Reload(settings, load, (known, cancel) => request.LoadAsync(reader, known, cancel), parts, own, clock);
        var site = new Site(settings, logs, clock);
        site.Put(lines);
        site.Put(reader);
        site.Put(reload);
        own.Starts(BuildInfo.Version, settings.Data);
        PoolThreads.Make();
        SayWhatHasNoEffect(settings, own);
        try
        {
            await parts.OpenAsync(Parts.InStartOrder, site, settings, stop);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            own.StartFailed(e);
            throw;
        }
        reload.Begin();
        await AnnounceAsync(site.The<BoundListeners>(), begun, own);
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitStatus.Ok;
    }

    /// <summary>
    /// Reads the settings. A Vault that is away or sealed, of which nothing is kept, is waited for with growing pauses for
    /// `vault.start_patience`: a cluster that starts everything at once needs that. Then the problems are said and the start ends.
    /// </summary>
    private async Task<SettingsLoad> LoadAsync(SettingsReader reader, CancellationToken cancel)
    {
        var began = clock.GetTimestamp();
        var pause = TimeSpan.FromSeconds(1);
        while (true)
        {
            var load = await request.LoadAsync(reader, secretsKnown: false, cancel);
            if (load.Settings is not null || reader.Secrets.WaitsFor is not { } why) return load;
            var left = reader.Secrets.StartPatience - clock.GetElapsedTime(began);
            if (left <= TimeSpan.Zero) return load;
            pause = pause < left ? pause : left;
            await errors.WriteLineAsync($"aviso: {why}; trying again in {pause.TotalSeconds:0.#} s, for {left.TotalSeconds:0} s more");
            await Task.Delay(pause, clock, cancel);
            pause = pause < LongestPause / 2 ? pause * 2 : LongestPause;
        }
    }

    /// <summary>A key that has no effect yet is said at the start, not discovered later.</summary>
    private static void SayWhatHasNoEffect(ServerSettings settings, ILogger own)
    {
        foreach (var key in ServerSettings.Table.Keys.Where(k => k.Later is not null && settings.Has(k.Name))) own.NoEffectYet(key.Name, key.Later!);
    }

    private async Task AnnounceAsync(BoundListeners bound, long begun, ILogger own)
    {
        foreach (var listener in bound.All)
            own.Listens(ListenerKinds.Name(listener.Kind), listener.Address);
        if (request.PrintPortsTo is { } file) bound.WritePorts(file);
        var took = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        own.Ready((long)took);
        if (request.Local is null) return;
        foreach (var b in bound.All)
            await output.WriteLineAsync($"  {ListenerKinds.Name(b.Kind),-12} {b.Address}");
        await output.WriteAsync(request.Local.WhatNext(bound.All));
        await output.WriteLineAsync($"\nready after {took:0} ms; Ctrl-C stops\n");
        await output.FlushAsync();
    }

    // One line, whatever it was: whoever starts a server reads its last line.
    private static string Sentence(Exception e)
    {
        var text = string.Join(' ', e.Message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return e is IOException or UnauthorizedAccessException ? text : $"the server cannot start: {text} ({e.GetType().Name})";
    }

    private static PosixSignalRegistration OnSignal(PosixSignal signal, CancellationTokenSource stopping) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stopping.Cancel();
        });
}
