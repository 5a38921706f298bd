using Aviso.Store;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Rebuild;
using Aviso.Store.Sqlite;
using Xunit;

namespace Aviso.Tests.Unit.Store;

public sealed class UpkeepTests
{
    private static StoreOptions Small(StoreOptions options) => options with { SegmentOctets = 20_000 };

    [Fact]
    public async Task Expunged_mail_ends_after_the_undelete_window_and_compaction_gives_its_octets_back()
    {
        await using var t = await TestStore.OpenAsync(with: Small);
        var (account, inbox) = await t.AccountAsync();
        var kept = new Dictionary<uint, (EmailId Email, string Text)>();
        for (var i = 0; i < 60; i++)
        {
            var text = $"Subject: {i}\r\n\r\n" + new string((char)('a' + (i % 26)), 2000);
            var entry = await t.DeliverAsync(account, text, prefix: "");
            if (i % 5 == 0) kept[entry.Uid] = (entry.Email, text);
        }
        var before = Octets(t);
        var gone = Enumerable.Range(1, 60).Select(i => (uint)i).Where(uid => !kept.ContainsKey(uid)).ToArray();
        var first = (await t.Store.ViewAsync(account, inbox, default))![(int)gone[0] - 1].Email;
        await t.Store.ExpungeAsync(account, inbox, gone, false, default);
        await t.Store.UpkeepAsync(default);
        Assert.NotNull(await t.Store.OpenBodyAsync(account, first, default));   // still in the window
        Assert.Equal(before, Octets(t));

        using var open = (await t.Store.OpenBodyAsync(account, kept[1].Email, default))!;
        t.Clock.Advance(TimeSpan.FromDays(15));
        await t.Store.UpkeepAsync(default);
        Assert.Null(await t.Store.OpenBodyAsync(account, first, default));
        Assert.True(Octets(t) < before / 2, $"{Octets(t)} of {before}");
        Assert.Equal(kept[1].Text, TestStore.Read(open));   // opened before compaction
        foreach (var (email, text) in kept.Values) Assert.Equal(text, await t.ReadAsync(account, email));
        await t.AssertSoundAsync();
        await t.ReopenAsync(Small);
        foreach (var (email, text) in kept.Values) Assert.Equal(text, await t.ReadAsync(account, email));
    }

    [Fact]
    public async Task The_file_of_a_large_body_goes_with_it()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        await t.DeliverAsync(account, new string('x', 2 << 20));
        Assert.Single(Directory.GetFiles(Path.Combine(t.Folder, "large")));
        await t.Store.ExpungeAsync(account, inbox, [1], false, default);
        t.Clock.Advance(TimeSpan.FromDays(15));
        await t.Store.UpkeepAsync(default);
        Assert.Empty(Directory.GetFiles(Path.Combine(t.Folder, "large")));
    }

    [Fact]
    public async Task Below_the_floor_of_the_expunge_log_vanished_is_the_complement()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        for (var i = 0; i < 5; i++) await t.DeliverAsync(account);
        var since = (await t.Store.ViewAsync(account, inbox, default))!.HighestModSeq;
        await t.Store.ExpungeAsync(account, inbox, [2, 4], false, default);
        var fresh = await t.Store.ChangesAsync(account, inbox, since, default);
        Assert.True(fresh.Complete);
        Assert.Equal([2u, 4u], fresh.Vanished);
        t.Clock.Advance(TimeSpan.FromDays(91));
        await t.Store.UpkeepAsync(default);
        var old = await t.Store.ChangesAsync(account, inbox, since, default);
        Assert.False(old.Complete);
        Assert.Equal([2u, 4u], old.Vanished);
        Assert.True((await t.Store.ChangesAsync(account, inbox, old.ModSeq, default)).Complete);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_database_is_made_anew_from_records_and_journal(bool withBase)
    {
        await using var t = await TestStore.OpenAsync(with: Small);
        var (account, inbox) = await t.AccountAsync();
        var made = (await t.Store.CreateMailboxAsync(account, "Work/Plans", SpecialUse.None, default)).Value!;
        for (var i = 0; i < 12; i++) await t.DeliverAsync(account, $"Subject: {i}\r\n\r\n" + new string('z', i * 300), keywords: i % 2 == 0 ? ["even"] : []);
        await t.DeliverAsync(account, new string('L', 2 << 20));
        await t.Store.StoreFlagsAsync(account, inbox, [1, 2], new(FlagOperation.Add, SystemFlags.Seen, ["mine"]), null, default);
        await t.Store.CopyAsync(account, inbox, [2, 3], made.Id, move: false, default);
        if (withBase) await t.Store.WriteJournalBaseAsync(default);
        await t.Store.CopyAsync(account, inbox, [4], made.Id, move: true, default);
        await t.Store.ExpungeAsync(account, inbox, [5], false, default);
        var before = await PictureAsync(t, account);
        var oldValidity = made.UidValidity;
        await t.Store.DisposeAsync();
        var report = StoreRebuild.Run(TestStore.Options(t.Folder, t.Clock), RebuildWishes.None, default);
        Assert.Equal(0, report.Damaged);
        Assert.NotEmpty(report.Unknown);
        await t.ReopenAsync(Small);
        Assert.Equal(before, await PictureAsync(t, account));
        var rebuilt = (await t.Store.FindMailboxAsync(account, "Work/Plans", default))!;
        Assert.Equal(oldValidity, rebuilt.UidValidity);
        Assert.True(rebuilt.UidNext > 1_000_000);
        Assert.Equal("alice@example.test", Assert.Single(await t.Store.ListAccountsAsync(default)).Address);
        await t.DeliverAsync(account);
    }

    [Fact]
    public async Task Without_any_journal_a_rebuild_puts_mail_where_it_was_delivered()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account, "Subject: 1\r\n\r\n", keywords: "$Junk");
        await t.Store.DisposeAsync();
        foreach (var file in Directory.GetFiles(Path.Combine(t.Folder, "journal"))) File.Delete(file);
        var report = StoreRebuild.Run(TestStore.Options(t.Folder, t.Clock), RebuildWishes.None, default);
        Assert.Equal(1, report.Entries);
        await t.ReopenAsync();
        Assert.Equal("Return-Path: <a@b>\r\nSubject: 1\r\n\r\n", await t.ReadAsync(account, entry.Email));
        Assert.Equal(["$Junk"], (await t.Store.FindMailboxAsync(account, "INBOX", default))!.Keywords);
    }

    [Fact]
    public async Task A_torn_tail_is_cut_off_and_whole_records_behind_it_stay()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        var entry = await t.DeliverAsync(account, "kept");
        await t.Store.DisposeAsync();
        var segment = Assert.Single(Directory.GetFiles(Path.Combine(t.Folder, "segments"), "*.seg"));
        var length = new FileInfo(segment).Length;
        await using (var file = new FileStream(segment, FileMode.Append)) file.Write(File.ReadAllBytes(segment).AsSpan(0, 50));
        await t.ReopenAsync();
        Assert.Equal(length, new FileInfo(segment).Length);
        Assert.Equal("Return-Path: <a@b>\r\nkept", await t.ReadAsync(account, entry.Email));
        await t.DeliverAsync(account, "next");
    }

    [Fact]
    public async Task The_check_finds_what_is_wrong()
    {
        await using var t = await TestStore.OpenAsync();
        t.CheckAtEnd = false;
        var (account, _) = await t.AccountAsync();
        for (var i = 0; i < 3; i++) await t.DeliverAsync(account, new string('q', 500));
        await t.Store.DisposeAsync();
        using (var db = new Connection(Path.Combine(t.Folder, "store.db"), writes: true, 1000))
        {
            db.Execute("UPDATE mailbox SET unseen = 7 WHERE name = 'INBOX'");
            db.Execute("UPDATE email SET entries = 2 WHERE email_id = (SELECT min(email_id) FROM email)");
            db.Execute("DELETE FROM email WHERE email_id = (SELECT max(email_id) FROM email)");
        }
        var segment = Path.Combine(t.Folder, "segments", "00000001.seg");
        var octets = File.ReadAllBytes(segment);
        octets[^10] ^= 1;
        File.WriteAllBytes(segment, octets);
        await t.ReopenAsync();
        var codes = new HashSet<string>();
        await foreach (var finding in t.Store.CheckAsync(StoreCheckDepth.Bodies, default)) codes.Add(finding.Code);
        Assert.Equal(["body-checksum", "body-holders", "email-entries", "entry-without-email", "mailbox-counters"], codes.Order());
    }

    [Fact]
    public async Task A_newer_schema_is_refused_with_a_clear_message()
    {
        await using var t = await TestStore.OpenAsync();
        await t.Store.DisposeAsync();
        using (var db = new Connection(Path.Combine(t.Folder, "store.db"), writes: true, 1000)) db.Execute("INSERT INTO schema_version VALUES (99)");
        var refused = await Assert.ThrowsAsync<StoreOpenException>(() => t.ReopenAsync());
        Assert.Contains("version 99", refused.Message, StringComparison.Ordinal);
        using (var db = new Connection(Path.Combine(t.Folder, "store.db"), writes: true, 1000)) db.Execute("DELETE FROM schema_version WHERE version = 99");
        await t.ReopenAsync();
    }

    [Fact]
    public async Task Search_candidates_hold_every_match_and_the_tail_that_is_not_indexed()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        var (bob, _) = await t.AccountAsync("bob@example.test");
        var apple = (await t.DeliverAsync(account, "Subject: Pineapple\r\n\r\nGrüße aus Köln")).Email;
        var pear = (await t.DeliverAsync(account, "Subject: pear\r\n\r\n")).Email;
        await t.DeliverAsync(bob, "pineapple");
        await t.Store.IndexAllAsync(default);
        var late = (await t.DeliverAsync(account, "late")).Email;
        async Task<SearchCandidates?> Find(string text) => await t.Store.SearchIndex.CandidatesAsync(account, text, default);
        foreach (var text in (string[])["APPLE", "neapp", "grüss", "Köl", "pineapple\r\n", "subject: pineapple"])
        {
            var found = await Find(text);
            Assert.NotNull(found);
            Assert.Equal(text == "grüss" ? [] : [apple], found.Hits);
        }
        Assert.Contains(late, (await Find("nothing like it"))!.Unindexed.Append(late));
        Assert.Equal(new HashSet<EmailId> { pear }, (await Find("pear"))!.Hits);
        Assert.Null(await Find("ab"));
    }

    [Fact]
    public void Numbers_on_disk_do_not_change()
    {
        var header = new byte[BodyRecord.HeaderLength];
        new BodyRecord(7, 1000, 0x0102030405060708, 1_700_000_000, 0xAABBCCDD, 0x11223344).Write(header, 3, 4096);
        Assert.Equal(
            "41565243" + "01" + "00" + "0000" + "0000" + "0000" + "07000000" + "E803000000000000" + "0807060504030201" + "E803000000000000"
            + "00F1536500000000" + "DDCCBBAA" + "44332211" + "00000000",
            Convert.ToHexString(header.AsSpan(0, 60)));
        Assert.Equal(0xE3069283u, Crc32C.Of("123456789"u8));
        Assert.True(BodyRecord.TryRead(header, 3, 4096, out var read));
        Assert.Equal(1000, read.BodyLength);
        Assert.False(BodyRecord.TryRead(header, 3, 4097, out _));
        Assert.False(BodyRecord.TryRead(header, 4, 4096, out _));
        Assert.Equal(Enumerable.Range(1, 24), Enum.GetValues<JournalKind>().Select(k => (int)k));
        Assert.Equal("Account AccountGone Mailbox MailboxGone Entry Flags Expunged Keyword Subscription QueueDone Mark QueueMark QueueLeft EmailRefused Commit Counters UidNext Document DocumentGone Fact FactGone Credential Metadata SortOrder", string.Join(' ', Enum.GetNames<JournalKind>()));
        Assert.Equal("None Seen Answered Flagged Deleted Draft", string.Join(' ', Enum.GetNames<SystemFlags>()));
        Assert.Equal([0, 1, 2, 4, 8, 16], Enum.GetValues<SystemFlags>().Select(f => (int)f));
        Assert.Equal("None Inbox Drafts Sent Junk Trash Archive All Flagged Important", string.Join(' ', Enum.GetNames<SpecialUse>()));
        Assert.Equal("Waiting Held", string.Join(' ', Enum.GetNames<QueueState>()));
        Assert.Equal("Person Automatic Bulk", string.Join(' ', Enum.GetNames<QueuePriority>()));
        Assert.Equal([0, 1, 2, 4, 8], Enum.GetValues<DsnNotify>().Select(f => (int)f));
        Assert.Equal([0, 1, 2, 4, 8, 16], Enum.GetValues<QueueNeeds>().Select(f => (int)f));
        Assert.Equal([0, 1], Enum.GetValues<AccountState>().Select(f => (int)f));
        Assert.Equal(unchecked((long)0xaf63dc4c8601ec8cUL), ThreadKeys.Hash("a"));
    }

    private static long Octets(TestStore t) =>
        Directory.GetFiles(Path.Combine(t.Folder, "segments"), "*.seg").Sum(path => new FileInfo(path).Length);

    /// <summary>What a person sees: every mailbox with its messages in order, flags and keywords by name.</summary>
    private static async Task<List<string>> PictureAsync(TestStore t, AccountId account)
    {
        var picture = new List<string>();
        foreach (var mailbox in await t.Store.ListMailboxesAsync(account, default))
        {
            picture.Add($"{mailbox.Name} {mailbox.SpecialUse} {mailbox.Subscribed} {mailbox.Exists} {mailbox.Unseen} {mailbox.Octets}");
            var view = (await t.Store.ViewAsync(account, mailbox.Id, default))!;
            for (var i = 0; i < view.Count; i++)
            {
                var keywords = view.Keywords.Where((_, n) => ((view[i].Flags.Keywords >> n) & 1) != 0);
                var text = await t.ReadAsync(account, view[i].Email);
                picture.Add($"  {view[i].Email} {view[i].Flags.System} {string.Join(',', keywords)} {text.Length} {text[..Math.Min(40, text.Length)]}");
            }
        }
        return picture;
    }
}
