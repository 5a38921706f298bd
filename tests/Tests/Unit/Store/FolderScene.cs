using Aviso.Store;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>
/// A data folder with everything in it (small and large mail, flags, a moved and an expunged message, documents, an index, learned words),
/// closed cleanly, and a copy of it as it was an hour and some mail earlier.
/// </summary>
internal sealed class FolderScene : IDisposable
{
    private static readonly string Root = Path.Combine(Path.GetTempPath(), "aviso-folder-" + Path.GetRandomFileName());

    public string Folder { get; } = Path.Combine(Root, Path.GetRandomFileName());

    public string Older => Folder + "-older";

    public TestClock Clock { get; } = new();

    public AccountId Account { get; private set; }

    /// <summary>Text of every message that was acknowledged and not expunged, by mailbox and UID.</summary>
    public Dictionary<(string Mailbox, uint Uid), string> Mail { get; } = [];

    public static async Task<FolderScene> MakeAsync()
    {
        var scene = new FolderScene();
        await using (var t = await OpenAsync(scene)) await scene.FirstAsync(t);
        Copy(scene.Folder, scene.Older);
        scene.Clock.Advance(TimeSpan.FromHours(1));
        await using (var t = await OpenAsync(scene)) await scene.LaterAsync(t);
        return scene;
    }

    public static Task<TestStore> OpenAsync(FolderScene scene) => TestStore.OpenAsync(scene.Folder, clock: scene.Clock);

    /// <summary>Every file below the folder with its octets.</summary>
    public Dictionary<string, byte[]> Picture() => Directory.GetFiles(Folder, "*", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetRelativePath(Folder, path), File.ReadAllBytes);

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        if (Directory.Exists(Older)) Directory.Delete(Older, recursive: true);
    }

    private async Task FirstAsync(TestStore t)
    {
        (Account, var inbox) = await t.AccountAsync();
        for (var i = 0; i < 4; i++) await AddAsync(t, $"Subject: first {i}\r\n\r\n" + new string('a', 300 + i));
        await AddAsync(t, "Subject: large, early\r\n\r\n" + new string('L', 2 << 20));
        await t.Store.StoreFlagsAsync(Account, inbox, [1], new(FlagOperation.Add, SystemFlags.Seen, ["mine"]), null, default);
        await t.Store.ChangeDocumentsAsync([Factor("one")], [], default);
        await t.Store.IndexAllAsync(default);
        using var rows = RowFile.Open(Path.Combine(Folder, "spam.db"), Clock, t.Log);
        rows.Change(batch => batch.Set(1, 1, "word"u8, 1, Clock.Seconds, "learned"u8));
    }

    private async Task LaterAsync(TestStore t)
    {
        var inbox = (await t.Store.FindMailboxAsync(Account, "INBOX", default))!.Id;
        for (var i = 0; i < 4; i++) await AddAsync(t, $"Subject: later {i}\r\n\r\n" + new string('b', 300 + i));
        await AddAsync(t, "Subject: large, late\r\n\r\n" + new string('M', 2 << 20));
        var trash = (await t.Store.FindMailboxAsync(Account, "Trash", default))!.Id;
        await t.Store.CopyAsync(Account, inbox, [3], trash, move: true, default);
        Mail[("Trash", 1)] = Mail[("INBOX", 3)];
        Mail.Remove(("INBOX", 3));
        await t.Store.ExpungeAsync(Account, inbox, [4], false, default);
        Mail.Remove(("INBOX", 4));
        await t.Store.ChangeDocumentsAsync([Factor("two")], [], default);
        using var rows = RowFile.Open(Path.Combine(Folder, "spam.db"), Clock, t.Log);
        rows.Change(batch => batch.Set(1, 1, "another"u8, 1, Clock.Seconds, "learned"u8));
    }

    public Document Factor(string value) => new(new(Account, "totp", "totp"), System.Text.Encoding.ASCII.GetBytes(value), Clock.Seconds);

    private async Task AddAsync(TestStore t, string text)
    {
        var entry = await t.DeliverAsync(Account, text, prefix: "");
        Mail[("INBOX", entry.Uid)] = text;
    }

    public static void Copy(string from, string to)
    {
        foreach (var path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            if (path.EndsWith("store.lock", StringComparison.Ordinal)) continue;
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(path) == "store.db") CopyOpen(path, target);
            else File.Copy(path, target, overwrite: true);
        }
    }

    /// <summary>Copies a file that a running store has locked for itself: by another process, since closing it here would end SQLite's locks.</summary>
    public static void CopyOpen(string from, string to)
    {
        using var copy = System.Diagnostics.Process.Start("cp", [from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}

/// <summary>Keeps what was logged, as a person reads it.</summary>
internal sealed class ListLog : ILogger
{
    private readonly List<string> _lines = [];

    public string All
    {
        get
        {
            lock (_lines) return string.Join('\n', _lines);
        }
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines) _lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
