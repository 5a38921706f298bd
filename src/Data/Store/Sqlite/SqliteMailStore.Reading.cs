using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Sqlite;
using Aviso.Store.Views;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IEntries
{
    private const int EmailsARead = 256;

    public ValueTask<MailboxView?> ViewAsync(AccountId account, MailboxId mailbox, CancellationToken cancel)
    {
        var view = _views.Find(account, mailbox) ?? _views.Build(account, mailbox);
        return new(view);
    }

    public async Task<IReadOnlyList<StoredEmail?>> EmailsAsync(
        AccountId account, IReadOnlyList<EmailId> emails, CancellationToken cancel)
    {
        var found = new StoredEmail?[emails.Count];
        // In pieces: a long read would hold back the checkpoints.
        for (var from = 0; from < emails.Count; from += EmailsARead)
        {
            var (first, end) = (from, Math.Min(from + EmailsARead, emails.Count));
            await _reads.ReadAsync(
                db =>
                {
                    for (var i = first; i < end; i++) found[i] = ReadEmail(db, account, emails[i]);
                    return 0;
                },
                cancel);
        }
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] is { } old && old.Rendered.Version < _options.Reader.Version)
                found[i] = await RenderAnewAsync(account, old, cancel);
        }
        return found;
    }

    public async ValueTask ShowEmailsAsync(
        AccountId account, IReadOnlyList<EmailId> emails, ShownColumns columns, int version, ShowEmail show, CancellationToken cancel)
    {
        for (var from = 0; from < emails.Count; from += EmailsARead)
        {
            var (first, end) = (from, Math.Min(from + EmailsARead, emails.Count));
            await _reads.ReadAsync(
                db =>
                {
                    using var row = db.Use(ShowStatement(columns));
                    for (var i = first; i < end; i++) ShowEmail(row, account, emails[i], i, columns, version, show);
                    return 0;
                },
                cancel);
        }
    }

    private static string ShowStatement(ShownColumns columns) => columns switch
    {
        ShownColumns.Envelope => Statements.ShowEnvelope,
        ShownColumns.BodyStructure => Statements.ShowStructure,
        ShownColumns.All => Statements.ShowAll,
        ShownColumns.Summary => Statements.ShowSummary,
        _ => Statements.ShowKeys,
    };

    private static void ShowEmail(
        Statement row, AccountId account, EmailId email, int place, ShownColumns columns, int version, ShowEmail show)
    {
        row.Dispose();
        if (!row.Add(email.Value).Step() || row.Int(0) != account.Value || row.Int(2) != version) return;
        var thread = new ThreadId(row.Int(1));
        switch (columns)
        {
            case ShownColumns.Envelope:
                show(place, new() { Thread = thread, Envelope = row.Blob(3) });
                break;
            case ShownColumns.BodyStructure:
                show(place, new() { Thread = thread, Envelope = row.Blob(3), BodyStructure = row.Blob(4) });
                break;
            case ShownColumns.All:
                show(place, new() { Thread = thread, Envelope = row.Blob(3), BodyStructure = row.Blob(4), Body = row.Blob(5), Preview = row.Utf8(6) });
                break;
            case ShownColumns.Summary:
                show(place, new() { Thread = thread, Envelope = row.Blob(3), Parts = row.Blob(4), Preview = row.Utf8(5) });
                break;
            default:
                show(place, new()
                {
                    Thread = thread,
                    Envelope = row.Blob(3),
                    SentDate = row.IntOrNull(4),
                    BaseSubject = row.Utf8(5),
                    MessageId = row.Utf8(6),
                    References = row.Utf8(7),
                });
                break;
        }
    }

    public async Task<IReadOnlyList<LeftEntry>> LeftAsync(AccountId account, MailboxId mailbox, long since, CancellationToken cancel) =>
        await _reads.ReadAsync(db =>
        {
            var left = new List<LeftEntry>();
            using var row = db.Use(Statements.LeftSince).Add(account.Value).Add(mailbox.Value).Add(since);
            while (row.Step()) left.Add(new((uint)row.Int(0), new(row.Int(1)), row.Int(2)));
            return left;
        }, cancel);

    public async Task<StoredBody?> OpenBodyAsync(AccountId account, EmailId email, CancellationToken cancel) =>
        await OpenAsync(db => FindBody(db, Statements.EmailBody, email.Value, account.Value), cancel);

    public async Task<IReadOnlyList<StoredBody?>> OpenBodiesAsync(
        AccountId account, IReadOnlyList<EmailId> emails, CancellationToken cancel)
    {
        var found = await _reads.ReadAsync(
            db => emails.Select(email => FindBody(db, Statements.EmailBody, email.Value, account.Value)).ToArray(), cancel);
        var bodies = new StoredBody?[found.Length];
        try
        {
            for (var i = 0; i < found.Length; i++)
#pragma warning disable CA2000 // the caller closes them
                if (found[i] is { } place) bodies[i] = TryOpen(place, isLast: false) ?? await OpenBodyAsync(account, emails[i], cancel);
#pragma warning restore CA2000
            return bodies;
        }
        catch
        {
            foreach (var body in bodies) body?.Dispose();
            throw;
        }
    }

    /// <summary>Opens a body; when compaction took the file away meanwhile the row is read again.</summary>
    private async Task<StoredBody?> OpenAsync(Func<Connection, RecordPlace?> find, CancellationToken cancel)
    {
        RecordPlace? last = null;
        for (var attempt = 0; attempt < 4; attempt++)
        {
            if (await _reads.ReadAsync(find, cancel) is not { } found) return null;
            last = found;
#pragma warning disable CA2000 // the caller closes it
            if (TryOpen(found, isLast: attempt > 0) is { } body) return body;
#pragma warning restore CA2000
        }
        var missing = new MissingBody(last!.Prefix.Length, last.Length);
        _log.BodyDamaged(IdText.Format(last.BodyId), missing.Fault);
        return missing;
    }

    // Null: it may have been moved between row and file (compaction); look again before it is called damage.
    private RecordBody? TryOpen(RecordPlace place, bool isLast)
    {
        if (_segments.Rent(place.Segment, place.BodyId) is not { } file) return null;
        var id = place.BodyId;
        var body = new RecordBody(place, file, reason => _log.BodyDamaged(IdText.Format(id), reason));
        if (body.Fault is null) return body;
        if (isLast)
        {
            _log.BodyDamaged(IdText.Format(id), body.Fault);
            return body;
        }
        body.Dispose();
        return null;
    }

    private static RecordPlace? FindBody(Connection db, string sql, long id, long account)
    {
        using var row = db.Use(sql).Add(id);
        if (!row.Step() || (account != 0 && row.Int(6) != account)) return null;
        return new(row.Bytes(0), (int)row.Int(1), row.Int(2), row.Int(3), row.Int(4), row.Int(5));
    }

    private static StoredEmail? ReadEmail(Connection db, AccountId account, EmailId email)
    {
        using var row = db.Use(Statements.GetEmail).Add(email.Value);
        if (!row.Step() || row.Int(0) != account.Value) return null;
        return new(email, new(row.Int(1)), RenderedColumns.Read(row, 4), (int)row.Int(3), row.Int(2));
    }

    /// <summary>Mime writes another form now: render from the stored octets and keep the result.</summary>
    private async Task<StoredEmail> RenderAnewAsync(AccountId account, StoredEmail old, CancellationToken cancel)
    {
        using var spooled = await SpoolAsync(account, old.Id, cancel);
        if (spooled is null) return old;
        var rendered = _options.Reader.Render(spooled);
        if (_gate.Check(bringsMail: false) == StoreError.None)
        {
            await ChangeAsync(
                batch =>
                {
                    var row = batch.Db.Use(Statements.RenderEmail);
                    RenderedColumns.Bind(row, rendered);
                    row.Add(old.Id.Value).Run();
                    return 0;
                },
                static _ => 0);
        }
        return old with { Rendered = rendered };
    }

    /// <summary>The body without its prefix, as Mime wants it; null when it is gone.</summary>
    private async Task<Base.SpooledBody?> SpoolAsync(AccountId account, EmailId email, CancellationToken cancel)
    {
        using var body = await OpenBodyAsync(account, email, cancel);
        return body is null or { Fault: not null } ? null : Spooled(body, body.PrefixLength);
    }

    private Base.SpooledBody Spooled(StoredBody body, long from)
    {
        var spooled = Spool.Begin();
        try
        {
            var piece = new byte[64 * 1024];
            for (var at = from; body.Read(at, piece) is var read and > 0; at += read)
                spooled.Write(piece.AsSpan(0, read));
            return spooled;
        }
        catch
        {
            spooled.Dispose();
            throw;
        }
    }

    private ViewSnapshot? ReadView(AccountId account, MailboxId mailbox) => _reads.Read<ViewSnapshot?>(db =>
    {
        uint validity, next, recent;
        long highest;
        int count;
        using (var row = db.Use(Statements.MailboxById).Add(account.Value).Add(mailbox.Value))
        {
            if (!row.Step()) return null;
            (validity, next, recent, highest, count) =
                ((uint)row.Int(3), (uint)row.Int(4), _recent.Of(mailbox.Value, (uint)row.Int(5)), row.Int(6), (int)row.Int(8));
        }
        if (StoredChunks(db, mailbox.Value, validity, highest, count) is { } stored)
            return new(account.Value, mailbox.Value, validity, next, highest, recent, ReadKeywords(db, account.Value, mailbox.Value), stored);
        var chunks = new List<ViewChunk>((count / ViewChunk.Most) + 1);
        using (var row = db.Use(Statements.EntriesOf).Add(account.Value).Add(mailbox.Value))
        {
            var left = count;
            while (row.Step())
            {
                if (chunks.Count == 0 || chunks[^1].Count == ViewChunk.Most)
                    chunks.Add(ViewChunk.Empty(Math.Clamp(left, 8, ViewChunk.Most)));
                chunks[^1] = chunks[^1].With(EntryColumns.Read(row));
                left--;
            }
        }
        return new(
            account.Value, mailbox.Value, validity, next, highest, recent, ReadKeywords(db, account.Value, mailbox.Value), [.. chunks]);
    });

    private static string[] ReadKeywords(Connection db, long account, long mailbox)
    {
        var names = new List<string>();
        using var row = db.Use(Statements.KeywordsOfMailbox).Add(account).Add(mailbox);
        while (row.Step()) names.Add(row.Text(1));
        return [.. names];
    }
}
