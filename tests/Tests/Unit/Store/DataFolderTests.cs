using System.Text;
using Aviso.Store;
using Aviso.Store.Rebuild;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>
/// Each file of DATA, hurt in each way, under each of check, start and rebuild: nothing that holds mail is ever removed, and what is lost is
/// named. A check changes no octet. Whatever starts serves all mail that no damage touched.
/// </summary>
public sealed class DataFolderTests
{
    public enum Hurt
    {
        Gone, Empty, Older, OneOctetWrong, Cut,
    }

    private static readonly string[] Files =
        ["store.db", "store.db-wal", "segments/00000001.seg", "large/early", "large/late", "journal/00000001.log", "search.db", "spam.db", "store.lock"];

    public static TheoryData<string, Hurt> Matrix()
    {
        var rows = new TheoryData<string, Hurt>();
        foreach (var file in Files)
            foreach (var hurt in Enum.GetValues<Hurt>()) rows.Add(file, hurt);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task A_check_changes_nothing_and_names_what_is_wrong(string file, Hurt hurt)
    {
        using var scene = await FolderScene.MakeAsync();
        if (!Damage(scene, file, hurt)) return;
        var before = scene.Picture();
        var findings = SqliteMailStore.CheckOffline(scene.Folder, StoreCheckDepth.Bodies, default);
        AssertSame(before, scene.Picture());
        var expected = FindingsOf(file, hurt);
        if (expected.Length == 0) Assert.Empty(findings);
        else Assert.Contains(findings, finding => expected.Contains(finding.Code));
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task A_start_removes_nothing_and_refuses_or_serves_all_that_is_whole(string file, Hurt hurt)
    {
        using var scene = await FolderScene.MakeAsync();
        if (!Damage(scene, file, hurt)) return;
        var before = scene.Picture();
        var log = new ListLog();
        try
        {
            await using var t = await TestStore.OpenAsync(scene.Folder, options => options with { Log = log }, scene.Clock);
            t.CheckAtEnd = false;
            Assert.False(file == "store.db" || (file == "store.db-wal" && hurt != Hurt.Older), $"the store started on a database that is {hurt}");
            await AssertMailAsync(t, scene, mayLack: Touched(file));
        }
        catch (StoreOpenException refused)
        {
            Assert.StartsWith("store.db", file, StringComparison.Ordinal);
            Assert.Contains("aviso store rebuild", refused.Message, StringComparison.Ordinal);
            var after = scene.Picture();
            after.Remove("store.lock");
            before.Remove("store.lock");
            AssertSame(before, after);
        }
        AssertMailKept(before, scene);
        if (file.StartsWith("segments", StringComparison.Ordinal) && hurt is not Hurt.OneOctetWrong) Assert.Contains("lacks", log.All, StringComparison.Ordinal);
        if (file.StartsWith("journal", StringComparison.Ordinal)) Assert.Contains("journal", log.All, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task A_rebuild_brings_back_all_that_is_whole_and_names_the_rest(string file, Hurt hurt)
    {
        using var scene = await FolderScene.MakeAsync();
        if (!Damage(scene, file, hurt)) return;
        var before = scene.Picture();
        var report = StoreRebuild.Run(
            TestStore.Options(scene.Folder, scene.Clock), new(["bob@example.test"], account => new(new(account, "totp", "totp"), "locked"u8.ToArray(), 1)), default);
        AssertMailKept(before, scene);
        foreach (var (name, octets) in before.Where(one => one.Key.StartsWith("store.db", StringComparison.Ordinal)))
            Assert.Equal(octets, File.ReadAllBytes(Path.Combine(report.Aside, name)));
        await using var t = await TestStore.OpenAsync(scene.Folder, clock: scene.Clock);
        t.CheckAtEnd = Touched(file).Length == 0;
        await AssertMailAsync(t, scene, mayLack: Touched(file));
        AssertNamed(report, file, hurt);
        // The second factor is the present one, an older one that is said, or a lock: never none.
        var factor = await t.Store.GetDocumentAsync(scene.Account, "totp", "totp", default);
        Assert.NotNull(factor);
        var journalIsHurt = file.StartsWith("journal", StringComparison.Ordinal);
        if (!journalIsHurt) Assert.Equal("two", Encoding.ASCII.GetString(factor.Value));
        Assert.Equal(2, (await t.Store.ListAccountsAsync(default)).Count);
        await t.DeliverAsync(scene.Account);
    }

    [Fact]
    public async Task A_second_server_is_refused_though_the_lock_file_was_removed_by_hand()
    {
        await using var t = await TestStore.OpenAsync();
        File.Delete(Path.Combine(t.Folder, "store.lock"));
        var refused = await Assert.ThrowsAsync<StoreOpenException>(() => TestStore.OpenAsync(t.Folder));
        Assert.Contains("another server is using", refused.Message, StringComparison.Ordinal);
        Assert.Throws<StoreOpenException>(() => SqliteMailStore.CheckOffline(t.Folder, StoreCheckDepth.Rows, default));
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task Health_follows_no_clock_that_is_set(int seconds)
    {
        var clock = new SetClock();
        await using var t = await TestStore.OpenAsync(with: options => options with { Clock = clock, CanaryInterval = TimeSpan.FromDays(1) });
        clock.Set(TimeSpan.FromSeconds(seconds));
        Assert.True(t.Store.Health.CanAccept);
        clock.Pass(TimeSpan.FromDays(2));
        Assert.False(t.Store.Health.CanAccept);
        Assert.Contains("hanging", t.Store.Health.Reason, StringComparison.Ordinal);
    }

    /// <summary>The time of day and the time that passes, apart.</summary>
    private sealed class SetClock : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);
        private long _passed = 1000;

        public override long TimestampFrequency => 1000;

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _passed;

        public void Set(TimeSpan by) => _now += by;

        public void Pass(TimeSpan time) => _passed += (long)time.TotalMilliseconds;
    }

    [Fact]
    public async Task An_interrupted_delivery_leaves_its_file_for_a_week_and_no_finding()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        await t.DeliverAsync(account);
        await t.Store.DisposeAsync();
        var left = Path.Combine(t.Folder, "large", Aviso.Base.IdText.Format(new Aviso.Base.IdSource(t.Clock).Next()) + ".msg");
        File.WriteAllText(left, "half a message");
        Assert.Empty(SqliteMailStore.CheckOffline(t.Folder, StoreCheckDepth.Bodies, default));
        await t.ReopenAsync();
        await t.Store.UpkeepAsync(default);
        Assert.True(File.Exists(left));
        t.Clock.Advance(TimeSpan.FromDays(8));
        await t.Store.UpkeepAsync(default);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task What_no_row_knows_is_kept_for_good_where_no_journal_vouches_for_the_database()
    {
        await using var t = await TestStore.OpenAsync();
        t.CheckAtEnd = false;
        var (account, _) = await t.AccountAsync();
        await t.DeliverAsync(account, new string('L', 2 << 20));
        await t.Store.ChangeForTestAsync(batch => batch.Db.Execute("DELETE FROM body"));
        await t.Store.DisposeAsync();
        foreach (var file in Directory.GetFiles(Path.Combine(t.Folder, "journal"))) File.Delete(file);
        t.Clock.Advance(TimeSpan.FromSeconds(5));
        await t.ReopenAsync();
        t.Clock.Advance(TimeSpan.FromDays(30));
        await t.Store.UpkeepAsync(default);
        Assert.Single(Directory.GetFiles(Path.Combine(t.Folder, "large")));
        Assert.Contains(await FindingsAsync(t), finding => finding.Code == "large-file-orphaned");
    }

    [Fact]
    public async Task A_body_that_is_damaged_is_proved_to_be_and_never_read_as_another_ones()
    {
        await using var t = await TestStore.OpenAsync();
        t.CheckAtEnd = false;
        var (account, _) = await t.AccountAsync();
        var first = await t.DeliverAsync(account, new string('q', 500));
        var second = await t.DeliverAsync(account, new string('r', 500));
        var segment = Path.Combine(t.Folder, "segments", "00000001.seg");
        Flip(segment, ^10);
        using (var body = (await t.Store.OpenBodyAsync(account, second.Email, default))!)
        {
            Assert.Null(body.Fault);
            Assert.Contains("checksum", body.Prove(), StringComparison.Ordinal);
        }
        using (var whole = (await t.Store.OpenBodyAsync(account, first.Email, default))!) Assert.Null(whole.Prove());
        await t.Store.ChangeForTestAsync(batch => batch.Db.Execute("UPDATE body SET at = (SELECT min(at) FROM body)"));
        using var other = (await t.Store.OpenBodyAsync(account, second.Email, default))!;
        Assert.NotNull(other.Fault);
        Assert.Throws<DamagedBodyException>(() => other.Read(0, new byte[10]));
    }

    [Fact]
    public async Task A_damaged_journal_goes_on_at_the_next_whole_block_and_is_never_written_to_again()
    {
        await using var t = await TestStore.OpenAsync();
        t.CheckAtEnd = false;
        var (account, inbox) = await t.AccountAsync();
        for (var i = 0; i < 6; i++) await t.DeliverAsync(account, $"Subject: {i}\r\n\r\n");
        await t.Store.ExpungeAsync(account, inbox, [6], false, default);
        await t.Store.DisposeAsync();
        var journal = Path.Combine(t.Folder, "journal", "00000001.log");
        Flip(journal, new Index((int)new FileInfo(journal).Length * 2 / 3));
        var octets = File.ReadAllBytes(journal);
        await t.ReopenAsync();
        await t.DeliverAsync(account, "Subject: after\r\n\r\n");
        Assert.Equal(octets, File.ReadAllBytes(journal));
        await t.Store.WriteJournalBaseAsync(default);
        Assert.Equal(octets, File.ReadAllBytes(journal + ".damaged"));
        await t.Store.DisposeAsync();
        File.Delete(Path.Combine(t.Folder, "store.db"));
        var report = StoreRebuild.Run(TestStore.Options(t.Folder, t.Clock), RebuildWishes.None, default);
        Assert.Equal(6, report.Entries);
        Assert.Empty(report.Notes);
        await t.ReopenAsync();
    }

    [Fact]
    public async Task Accounts_of_one_address_become_one_and_lose_no_mail()
    {
        await using var t = await TestStore.OpenAsync();
        var (old, _) = await t.AccountAsync();
        for (var i = 0; i < 3; i++) await t.DeliverAsync(old, $"Subject: old {i}\r\n\r\n");
        await t.Store.DisposeAsync();
        // As an earlier server did it: a lost database, a start as if new, other ids under the same address.
        File.Delete(Path.Combine(t.Folder, "store.db"));
        var aside = Directory.CreateDirectory(t.Folder + "-aside").FullName;
        foreach (var name in (string[])["segments", "journal", "large"]) Directory.Move(Path.Combine(t.Folder, name), Path.Combine(aside, name));
        t.Clock.Advance(TimeSpan.FromHours(1));
        await t.ReopenAsync();
        var (fresh, _) = await t.AccountAsync();
        Assert.NotEqual(old, fresh);
        await t.DeliverAsync(fresh, "Subject: new\r\n\r\n");
        await t.Store.DisposeAsync();
        File.Move(Path.Combine(aside, "journal", "00000001.log"), Path.Combine(t.Folder, "journal", "00000000.log"));
        File.Move(Path.Combine(t.Folder, "journal", "00000001.log"), Path.Combine(t.Folder, "journal", "00000002.log"));
        File.Move(Path.Combine(t.Folder, "journal", "00000000.log"), Path.Combine(t.Folder, "journal", "00000001.log"));
        var report = StoreRebuild.Run(TestStore.Options(t.Folder, t.Clock), RebuildWishes.None, default);
        Assert.Equal(1, report.Accounts);
        Assert.Equal(3, report.Lost.Count);   // their octets are in the folder put aside: each is named
        await t.ReopenAsync();
        Assert.Equal(fresh, Assert.Single(await t.Store.ListAccountsAsync(default)).Id);
        Directory.Delete(aside, recursive: true);
    }

    [Fact]
    public async Task From_mail_alone_every_message_comes_back_and_the_account_is_shut()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, _) = await t.AccountAsync();
        await t.DeliverAsync(account, "Subject: ham\r\n\r\n");
        await t.DeliverAsync(account, "Subject: spam\r\n\r\n", mailbox: "Junk");
        await t.Store.DisposeAsync();
        File.Delete(Path.Combine(t.Folder, "store.db"));
        Directory.Delete(Path.Combine(t.Folder, "journal"), recursive: true);
        var report = StoreRebuild.Run(
            TestStore.Options(t.Folder, t.Clock), new(["bob@example.test"], id => new(new(id, "totp", "totp"), "locked"u8.ToArray(), 1)), default);
        Assert.Equal(2, report.Entries);
        Assert.Equal(["alice@example.test", "bob@example.test"], report.Locked.Order());
        Assert.Contains("alice@example.test Junk", report.NewUidValidity);
        await t.ReopenAsync();
        Assert.Equal(1, (await t.Store.FindMailboxAsync(account, "Junk", default))!.Exists);
        Assert.Equal("locked"u8.ToArray(), (await t.Store.GetDocumentAsync(account, "totp", "totp", default))!.Value);
    }

    private static async Task<List<StoreFinding>> FindingsAsync(TestStore t)
    {
        var findings = new List<StoreFinding>();
        await foreach (var finding in t.Store.CheckAsync(StoreCheckDepth.Rows, default)) findings.Add(finding);
        return findings;
    }

    private static void Flip(string file, Index at)
    {
        var octets = File.ReadAllBytes(file);
        octets[at] ^= 0x55;
        using var open = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        open.Position = at.GetOffset(octets.Length);
        open.WriteByte(octets[at]);
    }

    /// <summary>What is lost, as codes of the check: any of them. None: nothing is, or nothing can be known.</summary>
    private static string[] FindingsOf(string file, Hurt hurt) => (file, hurt) switch
    {
        ("store.db", Hurt.Gone) => ["database-missing"],
        ("store.db", Hurt.Empty) => ["database-empty"],
        ("store.db" or "store.db-wal", Hurt.Older) => ["database-older"],
        ("store.db", _) => ["database-damaged"],
        ("store.db-wal", _) => ["database-older", "database-damaged"],
        ("segments/00000001.seg", Hurt.OneOctetWrong) => ["body-checksum", "body-record-missing"],
        ("segments/00000001.seg", Hurt.Gone) => ["segment-missing"],
        ("segments/00000001.seg", _) => ["segment-short"],
        ("large/early" or "large/late", Hurt.Gone) => ["body-file-missing"],
        ("large/early" or "large/late", Hurt.OneOctetWrong) => ["body-checksum"],
        ("large/early" or "large/late", _) => ["body-record-missing", "body-record-length"],
        ("journal/00000001.log", Hurt.Gone or Hurt.Empty) => ["journal-missing"],
        ("journal/00000001.log", Hurt.OneOctetWrong) => ["journal-damaged"],
        ("journal/00000001.log", _) => ["journal-behind"],
        // A file of rows that is gone or older is one that has learned less: nothing tells it from that.
        ("search.db" or "spam.db", Hurt.Empty or Hurt.OneOctetWrong or Hurt.Cut) => ["file-damaged"],
        _ => [],
    };

    private static string[] Touched(string file) => file switch
    {
        "segments/00000001.seg" => ["first", "later"],
        "large/early" => ["large, early"],
        "large/late" => ["large, late"],
        _ => [],
    };

    private static void AssertNamed(RebuildReport report, string file, Hurt hurt)
    {
        switch (file, hurt)
        {
            case ("large/early" or "large/late" or "segments/00000001.seg", Hurt.Gone or Hurt.Empty):
                Assert.Contains(report.Lost, line => line.Contains("alice@example.test INBOX UID", StringComparison.Ordinal));
                break;
            case ("large/early" or "large/late", Hurt.OneOctetWrong or Hurt.Cut):
                Assert.Contains("alice@example.test INBOX UID", Assert.Single(report.Marked), StringComparison.Ordinal);
                break;
            case ("segments/00000001.seg", _):
                Assert.True(report.Marked.Count + report.Lost.Count > 0);
                break;
            case ("journal/00000001.log", Hurt.OneOctetWrong or Hurt.Cut or Hurt.Older or Hurt.Gone or Hurt.Empty):
                Assert.NotEmpty(report.Notes);
                break;
            default:
                Assert.Empty(report.Lost);
                Assert.Empty(report.Marked);
                break;
        }
    }

    /// <summary>False: this file cannot be hurt like this.</summary>
    private static bool Damage(FolderScene scene, string file, Hurt hurt)
    {
        var path = PathOf(scene, file);
        if (file == "store.db-wal") LeaveInLog(scene);
        if (file == "store.lock") File.WriteAllBytes(path, []);
        var octets = File.ReadAllBytes(path);
        switch (hurt)
        {
            case Hurt.Gone:
                File.Delete(path);
                return true;
            case Hurt.Empty:
                File.WriteAllBytes(path, []);
                return file != "store.lock";
            case Hurt.Older:
                var older = Path.Combine(scene.Older, Path.GetRelativePath(scene.Folder, path));
                // An older log of a cleanly closed store is none.
                if (file == "store.db-wal") File.Delete(path);
                else if (!File.Exists(older) || file is "store.lock" or "large/early") return false;
                else File.Copy(older, path, overwrite: true);
                return true;
            case Hurt.OneOctetWrong:
                if (file == "store.lock") return false;
                var at = file is "store.db" or "search.db" or "spam.db" ? 4096 * 2 : octets.Length / 2;   // a page's kind of b-tree
                octets[at] ^= 0x55;
                File.WriteAllBytes(path, octets);
                return true;
            default:
                if (file == "store.lock") return false;
                File.WriteAllBytes(path, octets[..(octets.Length / 2)]);
                return true;
        }
    }

    /// <summary>As after a kill: the last commits stand in the log and not in the database.</summary>
    private static void LeaveInLog(FolderScene scene)
    {
        var copy = scene.Folder + "-killed";
        var store = TestStore.OpenAsync(scene.Folder, clock: scene.Clock).GetAwaiter().GetResult();
        store.CheckAtEnd = false;
        for (var i = 0; i < 3; i++) store.DeliverAsync(scene.Account, "Subject: in the log\r\n\r\n", prefix: "").GetAwaiter().GetResult();
        store.Store.ChangeForTestAsync(_ => FolderScene.Copy(scene.Folder, copy)).GetAwaiter().GetResult();
        store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(scene.Folder, recursive: true);
        Directory.Move(copy, scene.Folder);
        File.Delete(Path.Combine(scene.Folder, "store.db-shm"));
    }

    private static string PathOf(FolderScene scene, string file)
    {
        if (!file.StartsWith("large/", StringComparison.Ordinal)) return Path.Combine(scene.Folder, file);
        var large = Directory.GetFiles(Path.Combine(scene.Folder, "large")).Order(StringComparer.Ordinal).ToArray();
        return large[file == "large/early" ? 0 : 1];
    }

    private static async Task AssertMailAsync(TestStore t, FolderScene scene, string[] mayLack)
    {
        foreach (var ((name, uid), text) in scene.Mail)
        {
            var subject = text[..text.IndexOf('\r', StringComparison.Ordinal)];
            var mailbox = (await t.Store.FindMailboxAsync(scene.Account, name, default))!;
            var view = (await t.Store.ViewAsync(scene.Account, mailbox.Id, default))!;
            var found = false;
            for (var i = 0; i < view.Count && !found; i++)
            {
                using var body = await t.Store.OpenBodyAsync(scene.Account, view[i].Email, default);
                found = body is { Fault: null } && body.Prove() is null && TestStore.Read(body) == text;
            }
            Assert.True(found || Array.Exists(mayLack, one => subject.Contains(one, StringComparison.Ordinal)), $"{name} {uid} ({subject}) is not there");
        }
    }

    /// <summary>What held mail or said something about it is still somewhere, octet by octet.</summary>
    private static void AssertMailKept(Dictionary<string, byte[]> before, FolderScene scene)
    {
        var after = scene.Picture().Values.Where(octets => octets.Length > 0).ToList();
        foreach (var (name, octets) in before)
        {
            if (!name.StartsWith("segments", StringComparison.Ordinal) && !name.StartsWith("large", StringComparison.Ordinal) && !name.StartsWith("journal", StringComparison.Ordinal)) continue;
            if (name.EndsWith("canary", StringComparison.Ordinal) || octets.Length == 0) continue;
            Assert.True(after.Exists(now => now.AsSpan().StartsWith(octets)), $"{name} is no longer there as it was");
        }
    }

    private static void AssertSame(Dictionary<string, byte[]> before, Dictionary<string, byte[]> after)
    {
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        foreach (var (name, octets) in before) Assert.True(octets.AsSpan().SequenceEqual(after[name]), $"{name} has changed");
    }
}
