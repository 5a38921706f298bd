using System.Text;
using Aviso.Base;
using Aviso.Store;
using Aviso.Store.Rebuild;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>A store in a folder of its own, with a clock that only tests move. Checks itself when it is disposed.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly bool _ownsFolder;

    private TestStore(string folder, SqliteMailStore store, TestClock clock, bool ownsFolder) =>
        (Folder, Store, Clock, _ownsFolder) = (folder, store, clock, ownsFolder);

    public string Folder { get; }

    public SqliteMailStore Store { get; private set; }

    public TestClock Clock { get; }

    public bool CheckAtEnd { get; set; } = true;

    public ILogger Log => NullLogger.Instance;

    public static async Task<TestStore> OpenAsync(
        string? folder = null, Func<StoreOptions, StoreOptions>? with = null, TestClock? clock = null)
    {
        clock ??= new();
        var at = folder ?? Path.Combine(Path.GetTempPath(), "aviso-store-" + Path.GetRandomFileName());
        var options = Options(at, clock);
        return new(at, await SqliteMailStore.OpenAsync(with?.Invoke(options) ?? options, default), clock, folder is null);
    }

    public static StoreOptions Options(string folder, TimeProvider clock) => new()
    {
        DataFolder = folder,
        Clock = clock,
        Log = NullLogger.Instance,
        Reader = new TestReader(),
        CanaryInterval = TimeSpan.Zero,
        UpkeepInterval = TimeSpan.Zero,
        FreeOctets = () => long.MaxValue,
    };

    public async Task ReopenAsync(Func<StoreOptions, StoreOptions>? with = null)
    {
        await Store.DisposeAsync();
        var options = Options(Folder, Clock);
        Store = await SqliteMailStore.OpenAsync(with?.Invoke(options) ?? options, default);
    }

    public async Task RebuildAsync()
    {
        await Store.DisposeAsync();
        StoreRebuild.Run(Options(Folder, Clock), RebuildWishes.None, default);
        Store = await SqliteMailStore.OpenAsync(Options(Folder, Clock), default);
    }

    public async Task<(AccountId Account, MailboxId Inbox)> AccountAsync(string address = "alice@example.test")
    {
        var account = await Store.EnsureAccountAsync(address, declared: true, default);
        return (account.Id, (await Store.FindMailboxAsync(account.Id, "INBOX", default))!.Id);
    }

    public SpooledBody Body(string text)
    {
        var body = Store.Spool.Begin();
        body.Write(Encoding.UTF8.GetBytes(text));
        return body;
    }

    public static Rendered Rendered(string messageId = "", params string[] references) =>
        new(1, "(env)"u8.ToArray(), "(bs)"u8.ToArray(), "(b)"u8.ToArray(), [1, 2, 3], "preview")
        {
            MessageId = messageId,
            References = references,
            BaseSubject = "SUBJECT",
            SentDate = 1_700_000_000,
            HeaderSize = 10,
        };

    public async Task<AppendedEntry> DeliverAsync(
        AccountId account, string text = "Subject: x\r\n\r\nhello\r\n", string mailbox = "INBOX", string prefix = "Return-Path: <a@b>\r\n",
        params string[] keywords)
    {
        using var body = Body(text);
        var accepted = await Store.AcceptAsync(
            new(body, Rendered(), [new(account, mailbox, Encoding.ASCII.GetBytes(prefix), SystemFlags.None, keywords)], null)
            {
                ReceivedAt = Clock.Seconds,
            },
            default);
        Assert.True(accepted.Ok);
        Assert.True(accepted.Value!.Targets[0].Ok);
        return accepted.Value.Targets[0].Value!;
    }

    public async Task<string> ReadAsync(AccountId account, EmailId email)
    {
        using var body = await Store.OpenBodyAsync(account, email, default);
        Assert.NotNull(body);
        return Read(body);
    }

    public static string Read(StoredBody body)
    {
        var octets = new byte[body.Length];
        for (var at = 0; at < octets.Length;)
        {
            var read = body.Read(at, octets.AsSpan(at));
            Assert.NotEqual(0, read);
            at += read;
        }
        return Encoding.UTF8.GetString(octets);
    }

    public async Task AssertSoundAsync()
    {
        var findings = new List<StoreFinding>();
        await foreach (var finding in Store.CheckAsync(StoreCheckDepth.Bodies, default)) findings.Add(finding);
        Assert.Empty(findings);
    }

    public async ValueTask DisposeAsync()
    {
        if (CheckAtEnd) await AssertSoundAsync();
        await Store.DisposeAsync();
        if (_ownsFolder) Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>A clock that stands still until a test moves it.</summary>
internal sealed class TestClock : TimeProvider
{
    private long _milliseconds = 1_790_000_000_000;
    private long _wrong;

    public long Seconds => GetUtcNow().ToUnixTimeSeconds();

    public override DateTimeOffset GetUtcNow() =>
        DateTimeOffset.FromUnixTimeMilliseconds(Volatile.Read(ref _milliseconds) + Volatile.Read(ref _wrong));

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Volatile.Read(ref _milliseconds);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _milliseconds, (long)by.TotalMilliseconds);

    /// <summary>Somebody sets the time of day; no time passes.</summary>
    public void Jump(TimeSpan by) => Interlocked.Add(ref _wrong, (long)by.TotalMilliseconds);
}

/// <summary>Reads a message as plain text, which is all these tests store.</summary>
internal sealed class TestReader : IMessageReader
{
    public int Version { get; init; } = 1;

    public Rendered Render(SpooledBody body) => TestStore.Rendered() with { Version = Version, Preview = "rendered anew" };

    public (string Text, bool Whole) ExtractText(SpooledBody body, int limit)
    {
        var octets = new byte[Math.Min(limit, body.Length)];
        var read = body.Read(0, octets);
        return (Encoding.UTF8.GetString(octets.AsSpan(0, read)), body.Length < limit);
    }
}
