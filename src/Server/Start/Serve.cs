// Server puts the parts together: Program reads the command line, Serve starts and stops everything in one order, readable here.
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Net;
using Aviso.Secrets;
using Aviso.Settings;
using Aviso.Verbs;
using Aviso.Web;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>A listener of the settings and what became of it.</summary>
/// <param name="NotBound">Why it is not listening; null when it is.</param>
public sealed record BoundListener(ListenerKind Kind, IPEndPoint Address, string? NotBound);

/// <summary>What <c>aviso serve</c> was asked.</summary>
/// <param name="Local">Local mode, else the settings come from <paramref name="Config"/>.</param>
/// <param name="PrintPortsTo">A file to write the bound addresses to, as JSON, once ready.</param>
internal sealed record ServeRequest(string Config, LocalMode? Local, string? PrintPortsTo)
{
    public async Task<SettingsLoad> LoadAsync(SettingsReader reader, bool secretsKnown, CancellationToken cancel) =>
        Local?.Load() ?? await reader.LoadAsync(secretsKnown, cancel);
}

/// <summary>Runs the server until it is told to stop.</summary>
internal sealed class Serve(ServeRequest request, TextWriter output, TextWriter errors, Stream log, TimeProvider clock)
{
    public static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>0 when stopped as asked; 1 when the settings are wrong; 3 when it could not run.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var terminate = OnSignal(PosixSignal.SIGTERM, stopping);
        using var interrupt = OnSignal(PosixSignal.SIGINT, stopping);
        using var secrets = new SecretSource(clock);
        var reader = new SettingsReader(request.Config, secrets);
        SettingsLoad load;
        try
        {
            load = await LoadAsync(reader, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"aviso: {e.Message}");
            return 3;
        }
        if (load.Settings is not { } settings) return ProblemReport.Print(load, errors);
        await using var parts = new RunningParts();
        try
        {
            await StartAsync(settings, load.Files, reader, parts, begun, stopping.Token);
        }
        catch (ContradictionException e)
        {
            foreach (var text in e.Texts) await errors.WriteLineAsync(text);
            return ExitStatus.FoundProblems;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"aviso: {e.Message}");
            return 3;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        await WaitAsync(stopping.Token);
        return 0;
    }

    /// <summary>
    /// Reads the settings. A Vault that is away or sealed, of which nothing is kept, is waited for with growing pauses for
    /// `vault.start_patience`: a cluster that starts everything at once needs that. Then the problems are said and the start ends.
    /// </summary>
    private async Task<SettingsLoad> LoadAsync(SettingsReader reader, CancellationToken cancel)
    {
        var began = clock.GetUtcNow();
        var pause = TimeSpan.FromSeconds(1);
        while (true)
        {
            var load = await request.LoadAsync(reader, secretsKnown: false, cancel);
            if (load.Settings is not null || reader.Secrets.WaitsFor is not { } why) return load;
            var left = began + reader.Secrets.StartPatience - clock.GetUtcNow();
            if (left <= TimeSpan.Zero) return load;
            pause = pause < left ? pause : left;
            await errors.WriteLineAsync($"aviso: {why}; trying again in {pause.TotalSeconds:0.#} s, for {left.TotalSeconds:0} s more");
            await Task.Delay(pause, clock, cancel);
            pause = pause < LongestPause / 2 ? pause * 2 : LongestPause;
        }
    }

    /// <summary>The start order. What is started last is stopped first, when <paramref name="parts"/> is disposed.</summary>
    private async Task StartAsync(
        ServerSettings settings, IReadOnlyList<string> files, SettingsReader reader, RunningParts parts, long begun, CancellationToken cancel)
    {
        // 1. The log, so that everything after can be heard.
        var lines = parts.Add(new LogWriter(log, settings.Log.Format, settings.Log.Level, clock));
        var logs = new LoggerFactory([lines]);
        var own = logs.CreateLogger("Aviso.Server");
        own.LogInformation("aviso {Version} starts, data in {Data}", BuildInfo.Version, settings.Data);
        NothingIsSilent(settings, own);

        PoolThreads.Make();

        // 2. Metrics, before any part makes its instruments' first measurements.
        var metrics = new MetricsRegistry();
        parts.Add(metrics);

        // 3. The data folder: the store takes its lock here, then accounts, delivery and the queue start.
        MakeDataFolder(settings.Data);
        var mail = parts.Add(await MailParts.StartAsync(settings, logs, clock, cancel));
        var secrets = new SecretParts(reader, logs.CreateLogger("Aviso.Secrets"), clock);
        secrets.Begin(settings);
        Func<Readiness> ready = () => ReadinessOf(mail.Store) with { Note = reader.Secrets.StaleNote };
        var reloadable = new List<IReloadable> { new LogReload(lines), mail, secrets };

        // 4. Listeners: mail first, then metrics and http; ready is only said when mail is taken.
        mail.Listen(settings);
        var taken = mail.Bound.ToList();
        var bound = new List<BoundListener>();
        var pages = new WebSources(metrics, ready, [settings.Hostname])
        {
            Certificates = mail.Certificates.Shown,
            Challenges = mail.Certificates.Renewer?.Http,
            Sts = new(() => mail.Transport.Published, domain => mail.Book.Table.IsLocalDomain(domain)),
            Proxies = () => mail.Wiring.Proxies,
            Gate = new(mail.Front.Gate, mail.Front.Gate.IsExempt, mail.Front.Gate),
            Decisions = new(mail.Front, clock, logs.CreateLogger("Aviso.Guard")),
            Spam = new(mail.Spam, () => mail.Store.Spool, () => mail.Wiring.Internal, () => mail.Wiring.Proxies, address => mail.Book.Table.FindAccount(address)),
            RedirectsToHttps = settings.Listeners.Any(l => l.Kind == ListenerKind.Https),
        };
        foreach (var listener in settings.Listeners) bound.Add(await ListenAsync(listener, taken, pages, parts, cancel));
        mail.CutElsewhere = client => pages.Gate.Cut(client);
        mail.Certificates.Start();

        // 5. The way in for verbs, and the eye on the settings file.
        var admin = new AdminHandlers();
        AddServerVerbs(admin, settings);
        new AccountCalls(mail.Book, mail.Accounts, mail.Brake, mail.Queue, mail.TakeDomainsAsync).Add(admin);
        new DkimCalls(mail.Senders.Keys).Add(admin);
        new ReportCalls(mail.Senders.Reports, clock).Add(admin);
        new CertificateCalls(mail.Certificates, mail.Transport, () => mail.Book.Table.Domains).Add(admin);
        new QueueCalls(mail.Queue).Add(admin);
        new SieveCalls(mail.Book, mail.Scripts, mail.Sieve, mail.SieveTrials).Add(admin);
        admin.Add("settings.waiting", (_, _) => Task.FromResult(Replies.Rows(mail.Waiting(), AdminJson.Default.WaitingKey)));
        StoreCalls.Add(admin, mail.Store);
        new LoginCalls(mail.Logins.SecondFactorService, mail.Logins.Service).Add(admin);
        new DecisionCalls(mail.Front.Gate, clock).Add(admin);
        new EnforcementCalls(mail.Front, () => new(mail.Front.Gate, ReadsProxy(settings, bound), mail.BelieveOneself, clock)).Add(admin);
        new SpamCalls(mail.Spam, mail.Store.Spool, address => mail.Book.Table.FindAccount(address)).Add(admin);
        parts.Add(AdminSocket.Start(settings.Data, admin, logs.CreateLogger("Aviso.Admin")));
        var reload = parts.Add(new Reload(settings, files, (known, stop) => request.LoadAsync(reader, known, stop), reloadable, own, clock));
        parts.Add(secrets);
        admin.Add("secrets.list", (_, _) => Task.FromResult(secrets.List()));
        secrets.Watch(reload);
        admin.Add("reload", async (_, _) => await reload.NowAsync("verb") switch
        {
            (true, var notes) => AdminReply.Done(string.Join('\n', notes.Prepend("settings read again"))),
            (_, var problems) => AdminReply.No(string.Join('\n', problems.Prepend("the new settings are wrong, the old ones stay:"))),
        }, changes: true);

        await AnnounceAsync(bound, begun, own);
    }

    private static IReadOnlyList<(ListenerKind, IPEndPoint)> ReadsProxy(ServerSettings settings, List<BoundListener> bound) =>
        [.. settings.Listeners.Zip(bound).Where(l => l.First.Proxy && l.Second.NotBound is null).Select(l => (l.Second.Kind, l.Second.Address))];

    private static async Task<BoundListener> ListenAsync(
        ListenerSection listener, List<(ListenerSettings Settings, IPEndPoint Bound)> mail, WebSources pages, RunningParts parts, CancellationToken cancel)
    {
        if (listener.NotYet is { } why) return new(listener.Kind, listener.Address, why);
        if (!ListenerKinds.IsMail(listener.Kind))
        {
            var web = await WebListener.StartAsync(new(listener.Kind, listener.Address) { Proxy = listener.Proxy }, pages, cancel);
            return new(listener.Kind, parts.Add(web).Bound, null);
        }
        // The host binds in the order of the settings.
        var taken = mail[0];
        mail.RemoveAt(0);
        return new(listener.Kind, taken.Bound, null);
    }

    // A tight spool still takes what people send and small mail; a balancer should take the rest elsewhere.
    private static Readiness ReadinessOf(Store.IMailStore store) =>
        store.Health is { CanAccept: false } ill ? new(false, ill.Reason) : new(!store.Spool.IsTight, store.Spool.TightText);

    private static void MakeDataFolder(string data)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(data);
        else Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void AddServerVerbs(AdminHandlers admin, ServerSettings settings) =>
        admin.Add("ping", (_, _) => Task.FromResult(AdminReply.Done(new JsonObject { ["version"] = BuildInfo.Version, ["hostname"] = settings.Hostname })));

    /// <summary>A key that has no effect yet is said at the start, not discovered later.</summary>
    private static void NothingIsSilent(ServerSettings settings, ILogger own)
    {
        foreach (var key in ServerSettings.Table.Keys.Where(k => k.Later is not null && settings.Has(k.Name)))
            own.LogWarning("settings: {Key} is set and has no effect yet: {Part} comes later", key.Name, key.Later);
    }

    private async Task AnnounceAsync(IReadOnlyList<BoundListener> bound, long begun, ILogger own)
    {
        foreach (var listener in bound)
        {
            var name = listener.Kind.ToString().ToLowerInvariant();
            if (listener.NotBound is { } why) own.LogWarning("{Kind} {Address} is not bound: {Reason}", name, listener.Address, why);
            else own.LogInformation("{Kind} listens on {Address}", name, listener.Address);
        }
        if (request.PrintPortsTo is { } file) WritePorts(file, bound);
        var took = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        own.LogInformation("ready after {Milliseconds} ms", (long)took);
        if (request.Local is null) return;
        foreach (var b in bound)
            await output.WriteLineAsync($"  {b.Kind.ToString().ToLowerInvariant(),-12} {b.Address}{(b.NotBound is { } why ? $"  (not bound: {why})" : "")}");
        await output.WriteAsync(request.Local.WhatNext(bound));
        await output.WriteLineAsync($"\nready after {took:0} ms; Ctrl-C stops\n");
        await output.FlushAsync();
    }

    /// <summary>{"smtp": 2525, ...}, the first listener of each kind; written whole or not at all.</summary>
    internal static void WritePorts(string file, IReadOnlyList<BoundListener> bound)
    {
        var ports = bound.Where(b => b.NotBound is null).GroupBy(b => b.Kind.ToString().ToLowerInvariant())
            .ToDictionary(g => g.Key, g => g.First().Address.Port);
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(ports, StartJson.Default.DictionaryStringInt32));
        File.Move(file + ".new", file, overwrite: true);
    }

    private static PosixSignalRegistration OnSignal(PosixSignal signal, CancellationTokenSource stopping) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stopping.Cancel();
        });

    private static async Task WaitAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource();
        await using var _ = stop.Register(stopped.SetResult);
        await stopped.Task;
    }

    private sealed class LogReload(LogWriter lines) : IReloadable
    {
        public string Name => "log";

        public Task<string?> ReloadAsync(ServerSettings old, ServerSettings now, CancellationToken cancel)
        {
            (lines.Format, lines.Level) = (now.Log.Format, now.Log.Level);
            return Task.FromResult<string?>(null);
        }
    }
}

/// <summary>What has been started, stopped in reverse order. One that fails to stop does not keep the others from it.</summary>
internal sealed class RunningParts : IAsyncDisposable
{
    private readonly Stack<object> _parts = new();

    public T Add<T>(T part) where T : notnull
    {
        _parts.Push(part);
        return part;
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            try
            {
                if (part is IAsyncDisposable later) await later.DisposeAsync();
                else if (part is IDisposable now) now.Dispose();
            }
            catch (Exception e)
            {
                await Console.Error.WriteLineAsync($"aviso: stopping {part.GetType().Name}: {e.Message}");
            }
        }
    }
}
