using System.Net;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Aviso.Trace;
using Xunit;

namespace Aviso.Tests.Unit.Trace;

/// <summary>What the store tells of what clients do, and of what the server writes itself.</summary>
public sealed class StoreTraceTests
{
    private static readonly Actor Phone = new("imap", "Mail 5", "phone", IPAddress.Parse("192.0.2.44"));

    private readonly List<CommitNews> _told = [];

    [Fact]
    public async Task Flags_moves_copies_and_deletions_are_told_with_who_did_them()
    {
        await using var test = await TestStore.OpenAsync();
        test.Store.Told = _told.Add;
        var (account, inbox) = await test.AccountAsync();
        var trash = (await test.Store.FindMailboxAsync(account, "Trash", default))!.Id;
        var first = await test.DeliverAsync(account);
        var second = await test.DeliverAsync(account);
        _told.Clear();
        Actor.Current = Phone;
        await test.Store.StoreFlagsAsync(account, inbox, [1, 2], new(FlagOperation.Add, SystemFlags.Seen, []), null, default);
        await test.Store.CopyAsync(account, inbox, [1, 2], trash, move: true, default);
        await test.Store.CopyAsync(account, trash, [1], inbox, move: false, default);
        await test.Store.ExpungeAsync(account, trash, [2], onlyDeleted: false, default);
        Actor.Current = null;
        await test.Store.ExpungeAsync(account, inbox, null, onlyDeleted: false, default);
        Assert.Equal(
        [
            $"Flagged INBOX by imap phone set Seen: {first.Email}/1 {second.Email}/2",
            $"Moved Trash from INBOX by imap phone: {first.Email}/1 {second.Email}/2",
            $"Copied INBOX by imap phone: {first.Email}/3",
            $"Expunged Trash by imap phone: {second.Email}/2",
            $"Expunged INBOX: {first.Email}/3",
        ], _told.SelectMany(n => n.Changes).Select(Text));
    }

    [Fact]
    public async Task A_mailbox_that_goes_takes_its_messages_along()
    {
        await using var test = await TestStore.OpenAsync();
        var (account, _) = await test.AccountAsync();
        var old = (await test.Store.CreateMailboxAsync(account, "Old", SpecialUse.None, default)).Value!;
        var filed = await test.DeliverAsync(account, mailbox: "Old");
        test.Store.Told = _told.Add;
        await test.Store.DeleteMailboxAsync(account, old.Id, default);
        Assert.Equal([$"Expunged Old: {filed.Email}/1"], _told.SelectMany(n => n.Changes).Select(Text));
    }

    [Fact]
    public async Task What_came_from_outside_is_not_told_twice_and_what_the_server_writes_is_told()
    {
        await using var test = await TestStore.OpenAsync();
        test.Store.Told = _told.Add;
        var (account, _) = await test.AccountAsync();
        using var body = test.Body("Subject: x\r\n\r\nhello\r\n");
        var target = new AcceptTarget(account, "INBOX", default, SystemFlags.None, []);
        await test.Store.AcceptAsync(new(body, TestStore.Rendered("1@x"), [target], null) { ReceivedAt = 1, Origin = null }, default);
        Assert.Empty(_told);
        await test.Store.AcceptAsync(new(body, TestStore.Rendered("2@x"), [target], null) { ReceivedAt = 1, Origin = "bounce" }, default);
        var made = Assert.Single(Assert.Single(_told).Made);
        Assert.Equal(("bounce", "2@x", true), (made.Origin, made.Acceptance.Rendered.MessageId, made.Accepted.Targets[0].Ok));
    }

    [Fact]
    public async Task A_change_that_fails_is_not_told()
    {
        await using var test = await TestStore.OpenAsync();
        var (account, inbox) = await test.AccountAsync();
        await test.DeliverAsync(account);
        test.Store.Told = _told.Add;
        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Store.ChangeForTestAsync(batch =>
        {
            var owner = batch.Account(account)!;
            var box = batch.Mailbox(account, inbox)!;
            batch.RemoveEntry(owner, box, batch.FindEntry(owner, box, 1)!.Value, batch.NextModSeq(owner));
            throw new InvalidOperationException("a fault");
        }));
        Assert.Empty(_told);
        Assert.Equal(1, (await test.Store.ViewAsync(account, inbox, default))!.Count);
    }

    [Fact]
    public async Task Deeds_reach_the_traces_of_their_messages()
    {
        await using var test = await TestStore.OpenAsync();
        await using var scene = new TraceScene();
        test.Store.Told = new StoreTrace(scene.Recorder, new(scene.Clock), scene.Clock).Hear;
        var (account, inbox) = await test.AccountAsync();
        for (var i = 0; i < 1200; i++) await test.DeliverAsync(account);
        Actor.Current = Phone;
        await test.Store.ExpungeAsync(account, inbox, null, onlyDeleted: false, default);
        Actor.Current = null;
        var view = scene.Find("", q => q with { Limit = 2000 });
        Assert.Equal(1200, view.Count(t => t.Events.Any(e => e.Kind == TraceKind.Expunged && e.Get(TraceField.Program) == "Mail 5"
            && e.Get(TraceField.Login) == "phone" && e.All(TraceField.Email).Count() == 1)));
    }

    private static string Text(EntryChange one) => $"{one.Deed} {one.Mailbox}{(one.From.Length > 0 ? $" from {one.From}" : "")}"
        + $"{(one.By is { } by ? $" by {by.Protocol} {by.Login}" : "")}{(one.Set != 0 ? $" set {one.Set}" : "")}"
        + $"{(one.Unset != 0 ? $" unset {one.Unset}" : "")}: {string.Join(' ', one.Emails.Select(e => $"{e.Email}/{e.Uid}"))}";
}
