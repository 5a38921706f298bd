using Aviso.Accounts;
using Aviso.Base;
using Aviso.Moving;
using Aviso.Store;
using Aviso.Tests.Unit.Store;

namespace Aviso.Tests.Unit.Moving;

/// <summary>An account of a real store, and a folder for the places that mail comes from.</summary>
internal sealed class MoveScene : IAsyncDisposable
{
    private SieveScripts _scripts;

    private MoveScene(TestStore test, AccountId alice) =>
        (Test, Alice, _scripts) = (test, alice, new(test.Store, test.Clock));

    public TestStore Test { get; }

    public AccountId Alice { get; }

    public MoveTarget Target => new(Test.Store, Reader, _scripts, Test.Clock);

    /// <summary>What happens while messages are read.</summary>
    public HookedReader Reader { get; } = new();

    /// <summary>Empty at first.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("aviso-move-").FullName;

    public static async Task<MoveScene> OpenAsync()
    {
        var test = await TestStore.OpenAsync();
        return new(test, (await test.AccountAsync()).Account);
    }

    public OldMaildir Maildir(string name, uint uidValidity = 77) => new(Path.Combine(Folder, name), uidValidity);

    public async Task<MoveResult> RunAsync(MailSource source, MoveWishes? wishes = null, CancellationToken cancel = default)
    {
        using (source)
        {
            var result = new MoveResult { Account = "alice@example.test" };
            await new MoveRun(Target, Alice, source, wishes ?? new(), new(Test.Clock), result).RunAsync(cancel);
            return result;
        }
    }

    public Task<MoveResult> RunAsync(OldMaildir from, MoveWishes? wishes = null, CancellationToken cancel = default) =>
        RunAsync(new MaildirSource(new(from.Path)), wishes, cancel);

    /// <summary>What a client sees: text by UID.</summary>
    public async Task<SortedDictionary<uint, string>> SightAsync(string mailbox = "INBOX")
    {
        var seen = new SortedDictionary<uint, string>();
        if (await Test.Store.FindMailboxAsync(Alice, mailbox, default) is not { } box) return seen;
        var view = (await Test.Store.ViewAsync(Alice, box.Id, default))!;
        for (var i = 0; i < view.Count; i++) seen[view[i].Uid] = await Test.ReadAsync(Alice, view[i].Email);
        return seen;
    }

    /// <summary>The store starts anew; something happens to its folder before.</summary>
    public async Task ReopenAsync(Action<string> between)
    {
        _scripts.Dispose();
        await Test.ReopenAsync(options =>
        {
            between(Test.Folder);
            return options;
        });
        _scripts = new(Test.Store, Test.Clock);
    }

    public Task DeliverAsync(string text) => Test.DeliverAsync(Alice, text, prefix: "");

    public async ValueTask DisposeAsync()
    {
        _scripts.Dispose();
        await Test.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>Reads as tests do; something may happen before each message.</summary>
internal sealed class HookedReader : IMessageReader
{
    private readonly TestReader _inner = new();

    public Action? Before { get; set; }

    public int Version => _inner.Version;

    public Rendered Render(SpooledBody body)
    {
        Before?.Invoke();
        return _inner.Render(body);
    }

    public (string Text, bool Whole) ExtractText(SpooledBody body, int limit) => _inner.ExtractText(body, limit);
}
