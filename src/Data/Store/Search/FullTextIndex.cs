using System.Collections.Concurrent;
using System.Diagnostics;
using Aviso.Base;
using Aviso.Store.Sqlite;
using Microsoft.Extensions.Logging;

namespace Aviso.Store.Search;

/// <summary>
/// The full-text index: `search.db`, a database of its own with its own writer, always behind and never in the way. It only
/// proposes: an email that is gone may be proposed until the next round takes it out, and the caller looks at the text. A damaged or older file is put aside and made anew.
/// </summary>
internal sealed class FullTextIndex : ISearchIndex, IDisposable
{
    private const int Version = 4;
    // FTS5 keeps 32 KiB of a word; what is longer is not whole in the index.
    private const int LongestWord = 8 * 1024;
    private const int MostWords = 500;
    private const int EmailsAChange = 50;
    private const int GoneAChange = 500;

    private const string CreateTables = """
        CREATE VIRTUAL TABLE IF NOT EXISTS text USING fts5(account, words, content='', contentless_delete=1, detail=column, tokenize='unicode61 remove_diacritics 0');
        CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(text, row);
        CREATE TABLE IF NOT EXISTS indexed (account_id INTEGER NOT NULL, email_id INTEGER NOT NULL, whole INTEGER NOT NULL, PRIMARY KEY (account_id, email_id)) STRICT, WITHOUT ROWID;
        """;
    private const string InsertText = "INSERT INTO text (rowid, account, words) VALUES (?, ?, ?)";
    private const string InsertIndexed = "INSERT INTO indexed (account_id, email_id, whole) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    private const string DeleteText = "DELETE FROM text WHERE rowid = ?";
    private const string DeleteIndexed = "DELETE FROM indexed WHERE account_id = ? AND email_id = ?";
    private const string IndexedOf = "SELECT email_id FROM indexed WHERE account_id = ? AND whole >= ?";
    private const string WordsWith = "SELECT term FROM vocabulary WHERE instr(term, ?) > 0 LIMIT ?";
    private const string Matches = "SELECT rowid FROM text WHERE text MATCH ?";

    private readonly string _file;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Func<AccountId, CancellationToken, Task<IReadOnlyList<EmailId>>> _live;
    private readonly Func<AccountId, EmailId, CancellationToken, Task<(string Text, bool Whole)?>> _text;
    private readonly Connection _writer;
    private readonly ReadPool _reads;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile bool _damaged;

    /// <param name="live">Emails of an account that have an entry, oldest first.</param>
    /// <param name="text">Text of an email; null when it is gone.</param>
    public FullTextIndex(
        string file, TimeProvider clock, ILogger log, Func<AccountId, CancellationToken, Task<IReadOnlyList<EmailId>>> live,
        Func<AccountId, EmailId, CancellationToken, Task<(string Text, bool Whole)?>> text)
    {
        (_file, _clock, _log, _live, _text) = (file, clock, log, live, text);
        _writer = OpenOrReplace();
        _reads = new(file, 2);
    }

    public async Task<SearchCandidates?> CandidatesAsync(AccountId account, string text, CancellationToken cancel)
    {
        var pieces = SearchWords.Pieces(Nfc.DecomposeCompatibility(text));
        if (pieces.Count == 0) return null;
        if (_damaged) return null;
        var live = await _live(account, cancel);
        HashSet<EmailId>? hits;
        HashSet<long> indexed;
        try
        {
            (hits, indexed) = await _reads.ReadAsync(db => (Find(db, account, pieces), ReadIndexed(db, account, wholeOnly: true)), cancel);
        }
        catch (SqliteException failed) when (failed.IsDamage)
        {
            // All mail is looked at until the next start puts the file aside and makes it anew.
            if (!_damaged) _log.IndexDamaged(failed.Message);
            _damaged = true;
            return null;
        }
        var unindexed = live.Where(email => !indexed.Contains(email.Value)).ToHashSet();
        if (unindexed.Count > 0) Start(account);
        return hits is null ? null : new(hits, unindexed);
    }

    /// <summary>Indexes what the account has and the index does not.</summary>
    public async Task IndexAsync(AccountId account, CancellationToken cancel)
    {
        var indexed = await _reads.ReadAsync(db => ReadIndexed(db, account, wholeOnly: false), cancel);
        var live = await _live(account, cancel);
        foreach (var some in live.Where(email => !indexed.Contains(email.Value)).Chunk(EmailsAChange))
        {
            var started = Stopwatch.GetTimestamp();
            await IndexSomeAsync(account, some, cancel);
            // At most half a core, and less when a batch took long.
            await Task.Delay(Stopwatch.GetElapsedTime(started), cancel);
        }
        indexed.ExceptWith(live.Select(email => email.Value));
        foreach (var gone in indexed.Chunk(GoneAChange)) await ForgetSomeAsync(account, gone, cancel);
    }

    public void Dispose()
    {
        _stop.Cancel();
        Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        _reads.Dispose();
        _writer.Dispose();
        _writing.Dispose();
        _stop.Dispose();
        if (_damaged) DamagedFile.PutAside(_file, _clock.GetUtcNow());
    }

    private void Start(AccountId account)
    {
        if (_stop.IsCancellationRequested) return;
        _ = _running.GetOrAdd(account.Value, id => Task.Run(async () =>
        {
            try
            {
                await IndexAsync(new(id), _stop.Token);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                StoreMeters.Faults.Add(1);
                _log.IndexingFailed(failed, account);
            }
            finally
            {
                _running.TryRemove(id, out _);
            }
        }, CancellationToken.None));
    }

    private async Task IndexSomeAsync(AccountId account, EmailId[] emails, CancellationToken cancel)
    {
        var texts = new List<(EmailId Email, string Text, bool Whole)>(emails.Length);
        foreach (var email in emails)
            if (await _text(account, email, cancel) is { } text) texts.Add((email, text.Text, text.Whole));
        await ChangeAsync(
            db =>
            {
                foreach (var (email, text, whole) in texts)
                {
                    if (db.Use(InsertIndexed).Add(account.Value).Add(email.Value).Add(whole && !HasLongWord(text)).RunCounting() == 0) continue;
                    db.Use(InsertText).Add(email.Value).Add(IdText.Format(account.Value)).Add(Nfc.DecomposeCompatibility(text)).Run(); // searches compare by i;unicode-casemap
                }
            },
            cancel);
        StoreMeters.Indexed.Add(texts.Count);
    }

    /// <summary>Emails without an entry leave the index; one that comes back is indexed again.</summary>
    private Task ForgetSomeAsync(AccountId account, long[] emails, CancellationToken cancel) => ChangeAsync(
        db =>
        {
            foreach (var email in emails)
            {
                db.Use(DeleteText).Add(email).Run();
                db.Use(DeleteIndexed).Add(account.Value).Add(email).Run();
            }
        },
        cancel);

    private async Task ChangeAsync(Action<Connection> change, CancellationToken cancel)
    {
        await _writing.WaitAsync(cancel);
        try
        {
            _writer.Use(Statements.Begin).Run();
            change(_writer);
            _writer.Use(Statements.Commit).Run();
            if (_writer.WalFrames > 2000) _writer.Checkpoint();
        }
        catch
        {
            if (_writer.InTransaction) _writer.Use(Statements.Rollback).Run();
            throw;
        }
        finally
        {
            _writing.Release();
        }
    }

    private static bool HasLongWord(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\n' or ' ') start = i + 1;
            else if (i - start > LongestWord) return true;
        }
        return false;
    }

    /// <summary>Null when no piece narrows: each is within too many words.</summary>
    private static HashSet<EmailId>? Find(Connection db, AccountId account, IReadOnlyList<string> pieces)
    {
        var query = new System.Text.StringBuilder("account : \"").Append(IdText.Format(account.Value)).Append('"');
        var narrowed = false;
        foreach (var piece in pieces.Take(5))
        {
            var words = new List<string>();
            using (var row = db.Use(WordsWith).Add(piece).Add(MostWords + 1))
            {
                while (row.Step()) words.Add(row.Text(0));
            }
            if (words.Count == 0) return [];
            if (words.Count > MostWords) continue;
            query.Append(" AND words : (").AppendJoin(" OR ", words.Select(static word => "\"" + word.Replace("\"", "\"\"") + "\"")).Append(')');
            narrowed = true;
        }
        if (!narrowed) return null;
        var hits = new HashSet<EmailId>();
        using var found = db.Use(Matches).Add(query.ToString());
        while (found.Step()) hits.Add(new(found.Int(0)));
        return hits;
    }

    /// <param name="wholeOnly">Without those whose text was longer than what is indexed: they must always be looked at.</param>
    private static HashSet<long> ReadIndexed(Connection db, AccountId account, bool wholeOnly)
    {
        var indexed = new HashSet<long>();
        using var row = db.Use(IndexedOf).Add(account.Value).Add(wholeOnly);
        while (row.Step()) indexed.Add(row.Int(0));
        return indexed;
    }

    private Connection OpenOrReplace()
    {
        try
        {
            return OpenFile();
        }
        catch (SqliteException damaged)
        {
            var aside = DamagedFile.PutAside(_file, _clock.GetUtcNow());
            _log.FileMadeAnew(_file, damaged.Message, aside);
            return OpenFile();
        }
    }

    private Connection OpenFile()
    {
        var db = new Connection(_file, writes: true, cacheKibibytes: 2 * 1024);
        try
        {
            db.Execute("PRAGMA synchronous=NORMAL");
            var version = db.Use("PRAGMA user_version").Number() ?? 0;
            if (version != 0 && version != Version)
            {
                // Whole, and of another server: made anew from the mail, with nothing to keep.
                db.Dispose();
                foreach (var file in (string[])[_file, _file + "-wal", _file + "-shm"]) File.Delete(file);
                return OpenFile();
            }
            db.Execute(CreateTables);
            db.Execute($"PRAGMA user_version={Version}");
            return db;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }
}

/// <summary>For a store without an index: look at all.</summary>
internal sealed class NoIndex : ISearchIndex
{
    public Task<SearchCandidates?> CandidatesAsync(AccountId account, string text, CancellationToken cancel) =>
        Task.FromResult<SearchCandidates?>(null);
}
