using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Learning;

public sealed class JunkLearnerTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private RowFile _file = null!;
    private LearnedWords _words = null!;
    private Correspondents _correspondents = null!;
    private Reputation _reputation = null!;
    private JunkLearner _learner = null!;
    private AccountId _alice;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_alice, _) = await _store.AccountAsync();
        Open();
        await _learner.FollowAsync(_alice, default);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task A_move_into_Junk_teaches_spam_once()
    {
        var mail = await DeliverAsync("INBOX");
        await MoveAsync("INBOX", "Junk", mail.Uid);
        Assert.Equal(1, await _learner.FollowAsync(_alice, default));
        Assert.True(Said(mail));
        Assert.Equal(0, await _learner.FollowAsync(_alice, default));
    }

    [Fact]
    public async Task A_move_out_of_Junk_teaches_ham_and_a_changed_mind_replaces_it()
    {
        var mail = await DeliverAsync("INBOX");
        var inJunk = await MoveAsync("INBOX", "Junk", mail.Uid);
        await _learner.FollowAsync(_alice, default);
        var back = await MoveAsync("Junk", "INBOX", inJunk);
        await _learner.FollowAsync(_alice, default);
        Assert.False(Said(mail));
        await MoveAsync("INBOX", "Junk", back);
        await _learner.FollowAsync(_alice, default);
        Assert.True(Said(mail));
    }

    [Fact]
    public async Task Both_moves_between_two_looks_teach_the_last()
    {
        var mail = await DeliverAsync("INBOX");
        var inJunk = await MoveAsync("INBOX", "Junk", mail.Uid);
        await MoveAsync("Junk", "INBOX", inJunk);
        await _learner.FollowAsync(_alice, default);
        Assert.False(Said(mail));
    }

    [Fact]
    public async Task What_delivery_filed_into_Junk_teaches_nothing_until_somebody_takes_it_out()
    {
        var mail = await DeliverAsync("Junk");
        Assert.Equal(0, await _learner.FollowAsync(_alice, default));
        Assert.Null(Said(mail));
        await MoveAsync("Junk", "Archive", mail.Uid);
        Assert.Equal(1, await _learner.FollowAsync(_alice, default));
        Assert.False(Said(mail));
    }

    [Theory]
    [InlineData("Junk", "Trash", null)]
    [InlineData("INBOX", "Trash", null)]
    [InlineData("INBOX", "Archive", null)]
    [InlineData("Archive", "Junk", true)]
    [InlineData("Trash", "Junk", true)]
    public async Task Only_Junk_teaches(string from, string to, bool? said)
    {
        var mail = await DeliverAsync(from);
        await MoveAsync(from, to, mail.Uid);
        await _learner.FollowAsync(_alice, default);
        Assert.Equal(said, Said(mail));
    }

    [Theory]
    [InlineData("INBOX", "Junk", true)]
    [InlineData("Junk", "INBOX", false)]
    public async Task A_copy_teaches_like_a_move(string from, string to, bool said)
    {
        var mail = await DeliverAsync(from);
        await _learner.FollowAsync(_alice, default);
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        await MoveAsync(from, to, mail.Uid, move: false);
        await _learner.FollowAsync(_alice, default);
        Assert.Equal(said, Said(mail));
        // Reading the copy changes its flags and nothing else.
        await FlagAsync(from, mail.Uid, SystemFlags.Seen);
        Assert.Equal(0, await _learner.FollowAsync(_alice, default));
    }

    [Fact]
    public async Task A_copy_in_Junk_stays_spam_when_the_original_is_archived()
    {
        var mail = await DeliverAsync("INBOX");
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        await MoveAsync("INBOX", "Junk", mail.Uid, move: false);
        await _learner.FollowAsync(_alice, default);
        await MoveAsync("INBOX", "Archive", mail.Uid);
        Assert.Equal(0, await _learner.FollowAsync(_alice, default));
        Assert.True(Said(mail));
    }

    [Fact]
    public async Task An_answer_teaches_ham()
    {
        var mail = await DeliverAsync("INBOX");
        await FlagAsync("INBOX", mail.Uid, SystemFlags.Answered);
        Assert.Equal(1, await _learner.FollowAsync(_alice, default));
        Assert.False(Said(mail));
    }

    [Fact]
    public async Task What_happened_while_nobody_looked_is_learned_after_a_restart()
    {
        var mail = await DeliverAsync("INBOX");
        await CloseAsync();
        await MoveAsync("INBOX", "Junk", mail.Uid);
        Open();
        Assert.Equal(1, await _learner.FollowAsync(_alice, default));
        Assert.True(Said(mail));
    }

    [Fact]
    public async Task What_lay_in_Junk_before_the_first_look_teaches_nothing()
    {
        var (bob, _) = await _store.AccountAsync("bob@example.test");
        var mail = await _store.DeliverAsync(bob, Letters.Spam(1), "INBOX");
        _store.Clock.Advance(TimeSpan.FromHours(1));
        await MoveAsync("INBOX", "Junk", mail.Uid, account: bob);
        Assert.Equal(0, await _learner.FollowAsync(bob, default));
        Assert.Equal(0, await _learner.FollowAsync(bob, default));
        Assert.Null(_words.Said(bob, JunkLearner.KeyOf(mail.Email)));
    }

    [Fact]
    public async Task Switched_off_it_reads_past()
    {
        var mail = await DeliverAsync("INBOX");
        _learner.Enabled = false;
        await MoveAsync("INBOX", "Junk", mail.Uid);
        await _learner.FollowAsync(_alice, default);
        _learner.Enabled = true;
        Assert.Equal(0, await _learner.FollowAsync(_alice, default));
    }

    [Fact]
    public async Task Learning_without_our_own_trace_fields()
    {
        var mail = await DeliverAsync("INBOX", "Subject: plain\r\n\r\ntext\r\n", "Return-Path: <x@y>\r\nX-Mailer: ours\r\n");
        await MoveAsync("INBOX", "Junk", mail.Uid);
        await _learner.FollowAsync(_alice, default);
        var learned = Assert.Single(new LearnedMessages(_file, _store.Clock).Read(_alice.Value, 10)).Tokens;
        var context = Letters.Context("Subject: plain\n\ntext\n");
        using var tokens = new TokenSet();
        MessageTokens.Read(context.Content, context.Input.Root, tokens);
        Assert.Equal(tokens.ToArray(), learned);
    }

    [Fact]
    public async Task Mail_in_Sent_tells_whom_the_account_writes_to()
    {
        await DeliverAsync("Sent",
            "From: alice@example.test\r\nTo: Bob <Bob@Example.net>\r\nCc: c@example.net\r\nMessage-ID: <one@example.test>\r\n\r\nhi\r\n");
        await _learner.FollowAsync(_alice, default);
        Assert.True(_correspondents.HasWrittenTo(_alice, "bob@example.net"));
        Assert.True(_correspondents.HasWrittenTo(_alice, "c@example.net"));
        Assert.False(_correspondents.HasWrittenTo(new(99), "bob@example.net"));
        Assert.True(_correspondents.HasSent(_alice, "one@example.test"));
    }

    [Fact]
    public async Task The_background_follows_by_itself()
    {
        var mail = await DeliverAsync("INBOX");
        _learner.Start();
        await MoveAsync("INBOX", "Junk", mail.Uid);
        await Patience.UntilAsync(() => Said(mail) == true, "the background learned from the move", pause: 5);
    }

    private void Open()
    {
        _file = RowFile.Open(Path.Combine(_store.Folder, "spam.db"), _store.Clock, NullLogger.Instance);
        _words = new(_file, TimeProvider.System, NullLogger.Instance);
        _correspondents = new(_file, _store.Clock);
        _reputation = new(_file, _store.Clock);
        _learner = new(_store.Store, _words, _correspondents, _reputation, _file, _store.Clock, NullLogger.Instance);
    }

    private async Task CloseAsync()
    {
        await _learner.DisposeAsync();
        await _reputation.DisposeAsync();
        _words.Dispose();
        _file.Dispose();
    }

    private Task<AppendedEntry> DeliverAsync(string mailbox, string? text = null, string prefix = "Return-Path: <a@b>\r\n") =>
        _store.DeliverAsync(_alice, text ?? Letters.Spam(1), mailbox, prefix);

    private async Task<uint> MoveAsync(string from, string to, uint uid, bool move = true, AccountId? account = null)
    {
        var owner = account ?? _alice;
        var copied = await _store.Store.CopyAsync(owner, (await _store.Store.FindMailboxAsync(owner, from, default))!.Id, [uid],
            (await _store.Store.FindMailboxAsync(owner, to, default))!.Id, move, default);
        Assert.True(copied.Ok);
        return copied.Value!.Destination[0];
    }

    private async Task FlagAsync(string mailbox, uint uid, SystemFlags flag) =>
        await _store.Store.StoreFlagsAsync(_alice, (await _store.Store.FindMailboxAsync(_alice, mailbox, default))!.Id, [uid],
            new(FlagOperation.Add, flag, []), null, default);

    private bool? Said(AppendedEntry mail) => _words.Said(_alice, JunkLearner.KeyOf(mail.Email));
}
