using Aviso.Store;
using Aviso.Store.Sqlite;
using Xunit;

namespace Aviso.Tests.Unit.Store;

/// <summary>What the store relies on in the SQLite that it carries.</summary>
public sealed class EngineTests
{
    [Fact]
    public void The_engine_is_the_one_we_ship_and_has_what_we_rely_on()
    {
        Assert.True(Native.sqlite3_libversion_number() >= 3_053_003, $"SQLite {Native.sqlite3_libversion_number()}");
        using var db = new Connection(":memory:", writes: true, cacheKibibytes: 100);
        var options = new List<string>();
        db.Query("PRAGMA compile_options", row => options.Add(row.Text(0)));
        Assert.Contains("ENABLE_FTS5", options);
        // Connections are used by one thread at a time, by many threads in turn: 0 would forbid that.
        Assert.DoesNotContain("THREADSAFE=0", options);
        Assert.DoesNotContain("OMIT_WAL", options);
    }

    [Fact]
    public async Task A_commit_of_the_store_is_synced_and_never_checkpointed_by_the_engine()
    {
        await using var t = await TestStore.OpenAsync();
        await t.Store.ChangeForTestAsync(batch =>
        {
            Assert.Equal(2, batch.Db.Use("PRAGMA synchronous").Number());
            Assert.Equal("wal", Text(batch.Db, "PRAGMA journal_mode"));
        });
    }

    [Fact]
    public async Task Mail_that_is_expunged_leaves_the_index_and_comes_back_into_it()
    {
        await using var t = await TestStore.OpenAsync();
        var (account, inbox) = await t.AccountAsync();
        var kept = await t.DeliverAsync(account, "Subject: pineapple\r\n\r\n");
        var gone = await t.DeliverAsync(account, "Subject: pineapple too\r\n\r\n");
        await t.Store.IndexAllAsync(default);
        Assert.Equal(new HashSet<EmailId> { kept.Email, gone.Email }, (await t.Store.SearchIndex.CandidatesAsync(account, "pineapple", default))!.Hits);
        await t.Store.ExpungeAsync(account, inbox, [gone.Uid], false, default);
        await t.Store.IndexAllAsync(default);
        var found = (await t.Store.SearchIndex.CandidatesAsync(account, "pineapple", default))!;
        Assert.Equal(new HashSet<EmailId> { kept.Email }, found.Hits);
        Assert.Empty(found.Unindexed);
    }

    [Fact]
    public void A_look_up_in_a_row_file_does_not_wait_for_who_writes()
    {
        var file = Path.Combine(Path.GetTempPath(), "aviso-rows-" + Path.GetRandomFileName());
        using (var rows = RowFile.Open(file, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            rows.Change(batch => batch.Set(1, 1, "a"u8, 1, 1, "first"u8));
            var found = "";
            rows.Change(batch =>
            {
                batch.Set(1, 1, "a"u8, 1, 2, "second"u8);
                // Another thread, in the middle of the change: it sees what was there before, at once.
                var asked = Task.Run(() => rows.Get(1, 1, "a"u8, (in RowFile.Row row) => found = System.Text.Encoding.ASCII.GetString(row.Value)));
                Assert.True(asked.Wait(TimeSpan.FromSeconds(30)), "the look-up waits for the writer");
            });
            Assert.Equal("first", found);
            rows.Get(1, 1, "a"u8, (in RowFile.Row row) => found = System.Text.Encoding.ASCII.GetString(row.Value));
            Assert.Equal("second", found);
        }
        foreach (var left in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(file) + "*")) File.Delete(left);
    }

    private static string Text(Connection db, string sql)
    {
        var text = "";
        db.Query(sql, row => text = row.Text(0));
        return text;
    }
}
