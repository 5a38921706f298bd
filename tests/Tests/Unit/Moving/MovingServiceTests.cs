using Aviso.Accounts;
using Aviso.Moving;
using Aviso.Net;
using Aviso.Tests.Unit.Accounts;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>A move from its start to the word on how it ended.</summary>
public sealed class MovingServiceTests
{
    [Theory]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData("two words")]
    [InlineData("tab\t")]
    [InlineData("")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901")]
    public async Task A_label_that_notes_could_not_be_found_by_again_is_refused(string label)
    {
        await using var scene = await ServiceScene.OpenAsync();
        var old = scene.Move.Maildir("one");
        old.Add("Subject: 1\n\nx\n");
        old.Save();
        var request = new MoveRequest("maildir", old.Path, "alice@example.org");
        var refused = scene.Service.Start(request, new() { Label = label }, compares: false);
        Assert.Equal("a label is one word without `/`, 1 to 100 characters", refused);
        var e = await Assert.ThrowsAsync<SourceException>(() => scene.Service.PlanAsync(request, new() { Label = label }, default));
        Assert.Equal(refused, e.Message);
        foreach (var _ in (int[])[1, 2]) Assert.True((await scene.RunAsync(request, new() { Label = "wörd.1" })).IsGood);
        Assert.Equal(1, scene.Service.Status().Results[0].Same);
    }

    [Fact]
    public async Task A_folder_that_is_left_out_is_no_good_end()
    {
        await using var scene = await ServiceScene.OpenAsync();
        var old = scene.Move.Maildir("one");
        old.Save();
        // Two folders that are one name here: modified UTF-7 and the letter itself.
        foreach (var name in (string[])["&AOQ-", "\u00e4", "a..b"])
        {
            var folder = old.Folder(name);
            folder.Add("Subject: 1\n\nx\n");
            folder.Save();
        }
        var request = new MoveRequest("maildir", old.Path, "alice@example.org");
        var end = await scene.RunAsync(request);
        Assert.False(end.IsGood);
        Assert.StartsWith("nothing was begun, for 2 things", end.Results[0].Stopped, StringComparison.Ordinal);
        end = await scene.RunAsync(request, new() { SkipDamaged = true });
        Assert.Equal((false, 1L), (end.IsGood, end.Results[0].Taken));
    }

    [Fact]
    public async Task A_name_that_no_mailbox_can_have_is_said_before_anything_is_done()
    {
        await using var scene = await ServiceScene.OpenAsync();
        var deep = Path.Combine([scene.Move.Folder, "mail", .. Enumerable.Repeat("d", 33)]);
        Directory.CreateDirectory(deep);
        await File.WriteAllTextAsync(Path.Combine(deep, "1.mbox"), "From a x\nSubject: 1\n\nx\n");
        await File.WriteAllTextAsync(Path.Combine(scene.Move.Folder, "mail", "Good.mbox"), "From a x\nSubject: 2\n\nx\n");
        var request = new MoveRequest("mbox", Path.Combine(scene.Move.Folder, "mail"), "alice@example.org");
        var end = await scene.RunAsync(request);
        Assert.Equal((false, 0L), (end.IsGood, end.Results[0].Taken));
        Assert.Contains("no mailbox can have this name here", end.Results[0].Stopped, StringComparison.Ordinal);
        Assert.True((await scene.Service.PlanAsync(request, new(), default)).HasDamage);
        end = await scene.RunAsync(request, new() { SkipDamaged = true });
        Assert.Equal((false, 1L), (end.IsGood, end.Results[0].Taken));
    }

    [Fact]
    public async Task An_account_whose_run_was_killed_before_its_hash_was_set_gets_its_password()
    {
        await using var scene = await ServiceScene.OpenAsync();
        var hash = "{SSHA}" + Convert.ToBase64String([.. System.Security.Cryptography.SHA1.HashData("secret of davesalt"u8), .. "salt"u8]);
        var request = await scene.MailserverAsync("dave@example.org", hash);
        Assert.True((await scene.Accounts.AddAccountAsync("dave@example.org", new(), default)).Ok);
        Assert.True((await scene.RunAsync(request)).IsGood);
        Assert.NotNull(await LoginAsync("secret of dave"));
        // A password that somebody set here stays.
        Assert.True((await scene.Accounts.SetAccountAsync("dave@example.org", new("another one"), default)).Ok);
        Assert.True((await scene.RunAsync(request)).IsGood);
        Assert.NotNull(await LoginAsync("another one"));
        Assert.True((await scene.Accounts.SetAccountAsync("dave@example.org", new(Suspended: true), default)).Ok);
        Assert.True((await scene.RunAsync(request)).IsGood);
        Assert.True((await scene.Accounts.SetAccountAsync("dave@example.org", new(Suspended: false), default)).Ok);
        Assert.NotNull(await LoginAsync("another one"));

        ValueTask<Principal?> LoginAsync(string password) => scene.Logins.CheckPasswordAsync(
            new("s", ListenerKind.Imaps, System.Net.IPAddress.Loopback, "PLAIN"), "dave@example.org", password, default);
    }

    [Fact]
    public async Task An_alias_that_could_not_be_made_is_no_good_end()
    {
        await using var scene = await ServiceScene.OpenAsync();
        var request = await scene.MailserverAsync("dave@example.org", "x");
        Assert.True((await scene.RunAsync(request)).IsGood);
        // An account is no alias.
        await File.WriteAllTextAsync(Path.Combine(request.Path, "postfix-virtual.cf"), "bob@example.org dave@example.org\n");
        var end = await scene.RunAsync(request);
        Assert.Contains(
            end.Notes, note => note.Kind == NoteKind.Damaged && note.Text.Contains("bob@example.org", StringComparison.Ordinal));
        Assert.False(end.IsGood);
    }
}

/// <summary>The service with a real store, and accounts whose rows are in it.</summary>
internal sealed class ServiceScene : IAsyncDisposable
{
    private ServiceScene(MoveScene move, AccountBook book)
    {
        (Move, Book, Logins) = (move, book, new(book));
        Accounts = new(book, Logins);
        Service = new(move.Target, book, Accounts, Host, NullLogger.Instance);
    }

    public MoveScene Move { get; }

    public AccountBook Book { get; }

    public Authenticator Logins { get; }

    public AccountService Accounts { get; }

    public MovingService Service { get; }

    public KnownHost Host { get; } = new();

    public static async Task<ServiceScene> OpenAsync()
    {
        var move = await MoveScene.OpenAsync();
        var book = new AccountBook(move.Test.Store, move.Test.Clock, NullLogger.Instance);
        Assert.Empty((await book.ApplyAsync(Declare.All(), default)).Contradictions);
        return new(move, book);
    }

    public async Task<MoveStatus> RunAsync(MoveRequest request, MoveWishes? wishes = null, bool compares = false)
    {
        Assert.Null(Service.Start(request, wishes ?? new(), compares));
        await Patience.UntilAsync(() => Service.Status().State != "running", "the move ends", pause: 5);
        return Service.Status();
    }

    /// <summary>A docker-mailserver with one account.</summary>
    public async Task<MoveRequest> MailserverAsync(string address, string hash)
    {
        var config = Directory.CreateDirectory(Path.Combine(Move.Folder, "config")).FullName;
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-accounts.cf"), $"{address}|{hash}\n");
        Directory.CreateDirectory(Path.Combine(Move.Folder, "mail-data"));
        return new("docker-mailserver", config, null);
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        Logins.Dispose();
        Book.Dispose();
        await Move.DisposeAsync();
    }

    /// <summary>A server that takes every key.</summary>
    internal sealed class KnownHost : IMoveHost
    {
        public Task TakeDomainsAsync(CancellationToken cancel) => Task.CompletedTask;

        public Task<string?> TakeKeyAsync(MoveKey key, CancellationToken cancel) => Task.FromResult<string?>(null);
    }
}
