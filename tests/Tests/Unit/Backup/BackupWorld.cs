using Aviso.Backup;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>A store that is copied to a folder, and restores of it.</summary>
internal sealed class BackupWorld : IAsyncDisposable
{
    private BackupWorld(TestStore store, string folder, BackupKey key)
    {
        (Store, Folder, Key) = (store, folder, key);
        Directory.CreateDirectory(Place);
        Shaky = new(new FolderTarget("disk", Place));
        Rounds = Begin();
    }

    public TestStore Store { get; }

    /// <summary>Of everything beside the store.</summary>
    public string Folder { get; }

    public BackupKey Key { get; }

    public string Place => Path.Combine(Folder, "target");

    public BackupRounds Rounds { get; private set; }

    public List<OtherFile> Others { get; } = [];

    /// <summary>What stands between the rounds and the folder.</summary>
    public ShakyTarget Shaky { get; }

    public ITarget Target => Rounds.Targets[0];

    public KeepRule Keep { get; set; } = KeepRule.Standard;

    public static async Task<BackupWorld> OpenAsync(Func<StoreOptions, StoreOptions>? with = null)
    {
        Assert.True(BackupKey.TryParse(BackupKey.New(), out var key));
        var store = await TestStore.OpenAsync(with: with ?? (o => o with { SegmentOctets = 20_000, LargeBodyOctets = 8_000 }));
        return new(store, Directory.CreateTempSubdirectory("aviso-backup-").FullName, key);
    }

    /// <summary>As after a restart: nothing is remembered.</summary>
    public async Task AnewAsync()
    {
        await Rounds.DisposeAsync();
        Rounds = Begin();
    }

    public async Task RoundAsync(bool asBase = false)
    {
        var state = Assert.Single(await Rounds.RoundAsync(asBase, all: true, default));
        Assert.Null(state.Problem);
    }

    /// <summary>A round that the target does not take whole.</summary>
    public async Task FailingRoundAsync(Shakes shakes)
    {
        Shaky.Shakes = shakes;
        Assert.NotNull(Assert.Single(await Rounds.RoundAsync(asBase: false, all: true, default)).Problem);
        Shaky.Shakes = Shakes.Nothing;
    }

    /// <summary>Commits pause, and the store moves its log into the database.</summary>
    public async Task IdleAsync()
    {
        var database = Path.Combine(Store.Folder, "store.db");
        var before = File.GetLastWriteTimeUtc(database);
        await Store.Store.ChangeDocumentsAsync([new(new(default, "test", "idle"), [1], Store.Clock.Seconds)], [], default);
        await Patience.UntilAsync(() => File.GetLastWriteTimeUtc(database) > before, "the store is idle and checkpoints");
    }

    /// <summary>Messages in a mailbox of a restored folder, by name.</summary>
    public async Task<int> CountAsync(string name, AccountId account, MailboxId mailbox)
    {
        await using var restored = await OpenRestoredAsync(name);
        return (await restored.Store.ViewAsync(account, mailbox, default))!.Count;
    }

    /// <summary>Restores into a folder of its own.</summary>
    public async Task<WholeReport> RestoreAsync(string name, DateTimeOffset? to = null) =>
        await new WholeRestore(Target, Key, Store.Clock).RunAsync(new(Path.Combine(Folder, name), to, NewUidValidity: false), default);

    public Task<TestStore> OpenRestoredAsync(string name) => TestStore.OpenAsync(Path.Combine(Folder, name), clock: Store.Clock);

    public Task<VerifyReport> VerifyAsync() =>
        new Verifier(new FolderTarget("disk", Place), Key, Store.Clock).RunAsync(Path.Combine(Folder, "verify"), Keep, default);

    public IReadOnlyList<string> Objects() => [.. Directory.GetFiles(Place, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        await Rounds.DisposeAsync();
        await Store.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private BackupRounds Begin() => new(new(Store.Store, () => Others, Store.Store), [Shaky], Key,
        new("mail.example.test", TimeSpan.FromMinutes(1), TimeSpan.FromDays(1), Keep, 0, Path.Combine(Folder, "scratch")), Store.Clock,
            NullLogger.Instance);
}
