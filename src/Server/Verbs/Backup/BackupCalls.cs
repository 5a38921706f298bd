using Aviso.Admin;
using Aviso.Backup;
using Aviso.Server;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Verbs;

/// <summary>What the verbs about backups do in the running server.</summary>
internal sealed class BackupCalls(BackupPart part, SqliteMailStore store, IMessageReader reader, TimeProvider clock)
{
    private const string Off = "no backups are made; say in the settings `backup: { targets: [ { name: disk, folder: PATH } ], key: "
        + "env:BACKUP_KEY }`";

    public void Add(AdminHandlers admin) => admin
        .Add("backup.create", CreateAsync)
        .Add("backup.status", (_, _) => Task.FromResult(part.Rounds is { } rounds
            ? Replies.Rows(rounds.States, AdminJson.Default.CopyState) : AdminReply.No(Off)))
        .Add("backup.drill", DrillAsync)
        .Add("backup.return", ReturnAsync, changes: true);

    /// <summary>Without a running server: opens its store for one round.</summary>
    public static async Task<AdminReply> OfflineAsync(ServerSettings settings, AdminCall call, TimeProvider clock, CancellationToken cancel)
    {
        if (call.Verb != "backup.create") throw new IOException($"no server runs on {settings.Data}; start it with `aviso serve`");
        if (BackupMapping.Options(settings) is not { } options || BackupDesk.KeyOf(settings) is not { } key) return AdminReply.No(Off);
        if (!File.Exists(Path.Combine(settings.Data, "store.db"))) return AdminReply.No($"there is no store in {settings.Data}");
        DataFolder.MakeForOurselves();
        var log = NullLogger.Instance;
        await using var store = await SqliteMailStore.OpenAsync(
            StoreMapping.Store(settings, new Delivery.MessageReader(), clock, log) with
            {
                CanaryInterval = TimeSpan.Zero,
                UpkeepInterval = TimeSpan.Zero,
                Index = false
            },
            cancel);
        await using var rounds = new BackupRounds(new(store, () => OtherFiles.In(settings.Data), store),
            [.. settings.Backup.Targets.Select(t => BackupMapping.Target(t).Open(clock))], key, options, clock, log);
        return Replies.Rows(await rounds.RoundAsync(asBase: true, all: true, cancel), AdminJson.Default.CopyState);
    }

    private async Task<AdminReply> CreateAsync(AdminCall call, CancellationToken cancel) => part.Rounds is not { } rounds
        ? AdminReply.No(Off)
        : Replies.Rows(await rounds.RoundAsync(call.Flag("base"), all: true, cancel), AdminJson.Default.CopyState);

    private async Task<AdminReply> DrillAsync(AdminCall call, CancellationToken cancel)
    {
        if (part.Rounds is not { } rounds) return AdminReply.No(Off);
        var name = call.Text("target");
        var targets = rounds.Targets.Where(t => name is null || t.Name == name).ToList();
        if (targets.Count == 0) return AdminReply.No(BackupDesk.Find(part.Settings, name).Problem);
        var reports = new List<DrillReport>();
        foreach (var target in targets) reports.Add(await rounds.DrillAsync(target, cancel));
        return Replies.Rows(reports, AdminJson.Default.DrillReport);
    }

    /// <summary>An account, a mailbox or a message comes back into the running store.</summary>
    private async Task<AdminReply> ReturnAsync(AdminCall call, CancellationToken cancel)
    {
        if (part.Rounds is not { } rounds) return AdminReply.No(Off);
        var (section, problem) = BackupDesk.Find(part.Settings, call.Text("target"));
        if (section is null) return AdminReply.No(problem);
        DateTimeOffset? to = null;
        if (call.Text("to") is { } text)
        {
            if (BackupTimes.Parse(text) is not { } at) return AdminReply.No(BackupTimes.Wrong(text));
            to = at;
        }
        var target = rounds.Targets.First(t => t.Name == section.Name);
        try
        {
            var returning = new PartRestore(target, rounds.Key, store, reader, rounds.Options.Scratch, clock);
            return Replies.One(await returning.RunAsync(new(call.Text("account") ?? "", call.Text("folder"), call.Text("message"), to),
                cancel),
                AdminJson.Default.PartReport);
        }
        catch (IOException failed)
        {
            return AdminReply.No(failed.Message);
        }
    }
}
