using System.Text;
using Aviso.Base;
using Aviso.Store;
using Aviso.Store.Copying;
using Aviso.Store.Restoring;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Backup;

/// <summary>What a drill found.</summary>
/// <param name="At">Of which moment the backup is that was restored; null: none could be.</param>
/// <param name="Problems">Empty: everything is there, and the same.</param>
/// <param name="Messages">In the restored store.</param>
/// <param name="Lost">Messages whose octets are damaged on the target.</param>
public sealed record DrillReport(
    string Target, DateTimeOffset? At, IReadOnlyList<string> Problems, long Accounts, long Mailboxes, long Messages, int Objects,
    IReadOnlyList<string> Lost);

/// <summary>
/// Proves a backup: everything on the target is read and opened, the newest is restored beside the running store, opened as a server opens
/// it,
/// compared table by table with what the running store had at the same commit, every body with its checksum, and a message is delivered and
/// read there. Nothing it restores is sent anywhere.
/// </summary>
internal sealed class Drill(ITarget target, BackupKey key, KeepRule rule, string scratch, TimeProvider clock, ILogger log)
{
    private static readonly byte[] Letter = Encoding.ASCII.GetBytes(
        "From: drill@localhost\r\nTo: drill@localhost\r\nSubject: a drill of the backup\r\n\r\nIt can be read.\r\n");

    private const long LeastLeft = 2L << 30;

    /// <summary>Pieces on the target that were found damaged or gone; null: nothing was.</summary>
    public IReadOnlyList<string>? Damaged { get; private set; }

    /// <param name="bring">Brings all that there is to the target; answers what was wrong, and what the running store had.</param>
    public async Task<DrillReport> RunAsync(Func<Task<(string? Problem, StoreDigest Had)>> bring, CancellationToken cancel)
    {
        var problems = new List<string>();
        var folder = Path.Combine(scratch, "drill");
        Clear(folder);
        try
        {
            // Twice: what is compared must lie between two points.
            if (await bring() is { Problem: { } first }) return Failed($"the backup cannot be brought up to date: {first}");
            var (second, had) = await bring();
            if (second is not null) return Failed($"the backup cannot be brought up to date: {second}");
            var verified = await new Verifier(target, key, clock).RunAsync(Path.Combine(scratch, "verify"), rule, cancel);
            if (verified.Damage.Count > 0) Damaged = verified.Pieces;
            problems.AddRange(verified.Damage);
            var restorer = new Restorer(target, key);
            var restored = await restorer.DatabaseAsync(folder, new(Commit: had.Commit), cancel);
            if (!restored.Wanted) problems.Add($"it can only be restored until {restored.At:u}");
            var wants = RestoredStore.Wants(folder);
            if (LacksRoom(folder, wants.Sum(w => w.Until - w.From)) is { } full) return Failed(full);
            var damage = await restorer.BodiesAsync(restored.Chain, folder, wants, cancel);
            damage = [.. damage, .. await restorer.OthersAsync(restored.Chain, folder, cancel)];
            problems.AddRange(damage.Select(d => d.ToString()).Except(problems));
            var digest = DigestReader.OfFolder(folder);
            problems.AddRange(had.Against(digest).Select(d => $"the restored store differs: {d}"));
            // The journal is made anew by a start.
            problems.AddRange(SqliteMailStore.CheckOffline(folder, StoreCheckDepth.Bodies, cancel).Where(f => f.Code != "journal-missing")
                .Select(f => $"{f.Code}: {f.Text}"));
            var lost = damage.Where(d => d.Stretch is not null).SelectMany(d => RestoredStore.MessagesIn(folder, d.Stretch!.Value))
                .Select(m => m.ToString()).Union(verified.Messages).ToList();
            if (problems.Count == 0 && await DeliverAsync(folder, cancel) is { } wrong) problems.Add(wrong);
            return new(target.Name, DateTimeOffset.FromUnixTimeMilliseconds(restored.Chain.Last.Point.At), problems, digest.Accounts,
                digest.Mailboxes,
                digest.Messages, verified.Objects, lost);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            problems.Add(failed.Message);
            return new(target.Name, null, problems, 0, 0, 0, 0, []);
        }
        finally
        {
            Clear(folder);
        }

        DrillReport Failed(string problem) => new(target.Name, null, [problem], 0, 0, 0, 0, []);
    }

    /// <summary>Opens the restored store, puts a message into a mailbox and reads it back. Null when all is well.</summary>
    private async Task<string?> DeliverAsync(string folder, CancellationToken cancel)
    {
        await using var store = await SqliteMailStore.OpenAsync(new()
        {
            DataFolder = folder,
            Clock = clock,
            Log = NullLogger.Instance,
            Reader = new NoReader(),
            CanaryInterval = TimeSpan.Zero,
            UpkeepInterval = TimeSpan.Zero,
            Index = false,
        }, cancel);
        var account = await store.ListAccountsAsync(cancel) is [var first, ..] ? first
            : await store.EnsureAccountAsync("drill@localhost", declared: false, cancel);
        using var body = store.Spool.Make(spooled => spooled.Write(Letter));
        var place = new AcceptTarget(account.Id, "INBOX", default, SystemFlags.None, [], IgnoreQuota: true);
        var accepted = await store.AcceptAsync(
            new(body, NoReader.Nothing, [place], null) { ReceivedAt = clock.GetUtcNow().ToUnixTimeSeconds() }, cancel);
        if (!accepted.Ok || !accepted.Value!.Targets[0].Ok) return $"the restored store takes no message ({accepted.Error})";
        var entry = accepted.Value.Targets[0].Value!;
        if (await store.ViewAsync(account.Id, entry.Mailbox, cancel) is not { } view || view.IndexOf(entry.Uid) < 0)
            return "a message that the restored store took is not in its mailbox";
        using var read = await store.OpenBodyAsync(account.Id, entry.Email, cancel);
        var octets = new byte[Letter.Length];
        if (read is null || read.Length != Letter.Length || read.Read(0, octets) < octets.Length || !octets.AsSpan().SequenceEqual(Letter))
            return "a message that the restored store took cannot be read as it was";
        log.DrillRead(place.Mailbox, account.Address);
        return null;
    }

    /// <summary>A drill must not be what fills the disk.</summary>
    private static string? LacksRoom(string folder, long wanted)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        return free >= wanted + LeastLeft ? null
            : $"there is no room to restore {wanted >> 20} MB to {folder}: {free >> 20} MB are free, and {LeastLeft >> 20} MB must stay so";
    }

    private static void Clear(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>The drill looks at octets, not at what they mean.</summary>
    private sealed class NoReader : IMessageReader
    {
        public static readonly Rendered Nothing = new(1, [], [], [], [], "");

        public int Version => 1;

        public Rendered Render(SpooledBody body) => Nothing;

        public (string Text, bool Whole) ExtractText(SpooledBody body, int limit) => ("", true);
    }
}
