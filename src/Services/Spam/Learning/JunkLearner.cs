using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>
/// Learns from what people do, by following the store's change log: what is moved or copied into Junk is spam, what comes out of Junk (not to
/// Trash) or is answered is ham, what is in Sent tells whom they write to. A message counts once; a changed mind replaces what was said.
/// What delivery itself filed into Junk says nothing. How far each mailbox was read is kept beside what was learned, so a restart misses
/// nothing and repeats nothing. Never in the way of mail: bodies are read in the background, one account after the other.
/// </summary>
public sealed class JunkLearner : IAsyncDisposable
{
    private const int CursorKind = 2;

    // What is learned of a large message: its beginning.
    private const int MostOctets = 1024 * 1024;

    // Changes outside Junk and Sent (a copy out of Junk, an answer) may wait.
    private static readonly TimeSpan Lazily = TimeSpan.FromSeconds(30);

    // A message that came into a mailbox later than this after it came into the store was put there by somebody.
    private const long DeliverySeconds = 2;

    private static readonly byte[] CursorKey = "cursor"u8.ToArray();

    private readonly IMailStore _store;
    private readonly LearnedWords _words;
    private readonly Correspondents _correspondents;
    private readonly Reputation _reputation;
    private readonly RowFile _file;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<AccountId> _due = Channel.CreateUnbounded<AccountId>();
    private readonly ConcurrentDictionary<long, bool> _waiting = new();
    private readonly ConcurrentDictionary<long, HashSet<long>> _watched = new();
    private IDisposable? _watch;
    private Task _running = Task.CompletedTask;

    public JunkLearner(
        IMailStore store, LearnedWords words, Correspondents correspondents, Reputation reputation, RowFile file, TimeProvider clock, ILogger log) =>
        (_store, _words, _correspondents, _reputation, _file, _clock, _log) = (store, words, correspondents, reputation, file, clock, log);

    /// <summary>spam.learn_from_junk. While false, changes are read past.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Since when nothing could be learned from; null: it could the last time.</summary>
    public DateTimeOffset? FailsSince { get; private set; }

    /// <summary>Begins with what happened since the last run.</summary>
    public void Start()
    {
        _watch = _store.WatchAll(Changed);
        _running = RunAsync(_stop.Token);
    }

    /// <summary>Reads what changed in one account and learns from it. The background does this by itself; verbs and tests may call it too.</summary>
    /// <returns>Messages learned.</returns>
    public async Task<int> FollowAsync(AccountId account, CancellationToken cancel)
    {
        var mailboxes = await _store.ListMailboxesAsync(account, cancel);
        _watched[account.Value] = [.. mailboxes.Where(m => m.SpecialUse is SpecialUse.Junk or SpecialUse.Sent).Select(m => m.Id.Value)];
        var cursor = ReadCursor(account);
        var next = mailboxes.ToDictionary(m => m.Id.Value, m => new Place(m.HighestModSeq, m.UidNext));
        if (cursor is null || !Enabled)
        {
            // What was there before anybody asked to learn from it says nothing.
            WriteCursor(account, next);
            return 0;
        }
        var news = new List<MailboxNews>();
        foreach (var mailbox in mailboxes)
        {
            var from = cursor.GetValueOrDefault(mailbox.Id.Value, new Place(0, 1));
            if (mailbox.HighestModSeq <= from.ModSeq) continue;
            var left = await _store.LeftAsync(account, mailbox.Id, from.ModSeq, cancel);
            var changes = await _store.ChangesAsync(account, mailbox.Id, from.ModSeq, cancel);
            news.Add(new(mailbox, changes.Changed, [.. changes.Changed.Where(e => e.Uid >= from.UidNext)], left));
            next[mailbox.Id.Value] = new(changes.ModSeq, Math.Max(from.UidNext, changes.Changed.Count == 0 ? 0 : changes.Changed.Max(e => e.Uid) + 1));
        }
        if (news.Count == 0) return 0;
        var learned = 0;
        foreach (var (email, isSpam) in await LessonsAsync(account, mailboxes, news, cancel))
            if (await TeachAsync(account, email, isSpam, cancel)) learned++;
        foreach (var sent in news.Where(n => n.Mailbox.SpecialUse == SpecialUse.Sent).SelectMany(n => n.New)) await SentAsync(account, sent.Email, cancel);
        WriteCursor(account, next);
        return learned;
    }

    public async ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    // ---- what is due

    private void Changed(AccountChange change)
    {
        var soon = !_watched.TryGetValue(change.Account.Value, out var watched) || change.TreeChanged || change.Mailboxes.Any(m => watched.Contains(m.Value));
        if (soon) _due.Writer.TryWrite(change.Account);
        else if (_waiting.TryAdd(change.Account.Value, true)) _ = LaterAsync(change.Account);
    }

    private async Task LaterAsync(AccountId account)
    {
        await Task.Delay(Lazily, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _waiting.TryRemove(account.Value, out _);
        _due.Writer.TryWrite(account);
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            foreach (var account in await _store.ListAccountsAsync(stop)) _due.Writer.TryWrite(account.Id);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.LearningFailed("(all)", e);
        }
        var due = new HashSet<AccountId>();
        while (await _due.Reader.WaitToReadAsync(stop))
        {
            while (_due.Reader.TryRead(out var account)) due.Add(account);
            foreach (var account in due) await TryFollowAsync(account, stop);
            due.Clear();
        }
    }

    private async Task TryFollowAsync(AccountId account, CancellationToken stop)
    {
        try
        {
            await FollowAsync(account, stop);
            FailsSince = null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            FailsSince ??= _clock.GetUtcNow();
            // The cursor stays: it is read again with the next change, or after a while.
            _log.LearningFailed(account.ToString(), e);
            if (_waiting.TryAdd(account.Value, true)) _ = LaterAsync(account);
        }
    }

    // ---- what it means

    private async Task<List<(EmailId Email, bool IsSpam)>> LessonsAsync(
        AccountId account, IReadOnlyList<MailboxInfo> mailboxes, List<MailboxNews> news, CancellationToken cancel)
    {
        var lessons = new Dictionary<EmailId, bool>();
        var leftJunk = news.Where(n => n.IsJunk).SelectMany(n => n.Left).Select(l => l.Email).ToHashSet();
        var leftOthers = news.Where(n => !n.IsJunk).SelectMany(n => n.Left).Select(l => l.Email).ToHashSet();
        var newElsewhere = news.Where(n => !n.IsJunk).SelectMany(n => n.New).Select(e => e.Email).ToHashSet();
        HashSet<EmailId>? inJunk = null;
        foreach (var entry in news.Where(n => n.IsOrdinary).SelectMany(n => n.Changed))
        {
            // An answer counts unless the message was thrown into Junk afterwards.
            if (entry.Flags.System.HasFlag(SystemFlags.Answered)) lessons[entry.Email] = false;
        }
        foreach (var entry in news.Where(n => n.IsOrdinary).SelectMany(n => n.New))
        {
            if (leftJunk.Contains(entry.Email)) lessons[entry.Email] = false;
            // What only goes from one ordinary mailbox to another is not taken out of Junk, though a copy lies there.
            else if (CameLater(entry) && !leftOthers.Contains(entry.Email))
            {
                inJunk ??= await EmailsInJunkAsync(account, mailboxes, cancel);
                if (inJunk.Contains(entry.Email)) lessons[entry.Email] = false;
            }
        }
        foreach (var entry in news.Where(n => n.IsJunk).SelectMany(n => n.New))
        {
            if (leftOthers.Contains(entry.Email) || (CameLater(entry) && !leftJunk.Contains(entry.Email)) || newElsewhere.Contains(entry.Email))
                lessons[entry.Email] = true;
        }
        return [.. lessons.Select(l => (l.Key, l.Value))];
    }

    private static bool CameLater(in Entry entry) => entry.SaveDate > IdSource.TimeOf(entry.Email.Value).ToUnixTimeSeconds() + DeliverySeconds;

    private async Task<HashSet<EmailId>> EmailsInJunkAsync(AccountId account, IReadOnlyList<MailboxInfo> mailboxes, CancellationToken cancel)
    {
        var emails = new HashSet<EmailId>();
        foreach (var junk in mailboxes.Where(m => m.SpecialUse == SpecialUse.Junk))
        {
            if (await _store.ViewAsync(account, junk.Id, cancel) is not { } view) continue;
            for (var i = 0; i < view.Count; i++) emails.Add(view[i].Email);
        }
        return emails;
    }

    private async Task<bool> TeachAsync(AccountId account, EmailId email, bool isSpam, CancellationToken cancel)
    {
        var key = KeyOf(email);
        if (_words.Said(account, key) == isSpam) return false;
        using var body = await ReadAsync(account, email, cancel);
        if (body is null) return false;
        var input = new SpamInput { Body = body, Root = Scan(body) };
        var content = new MessageContent(input);
        if (!_words.Learn(account, key, isSpam, content, input.Root)) return false;
        _reputation.Correct(content, isSpam);
        _log.Taught(account.ToString(), email.ToString(), isSpam ? "spam" : "ham");
        return true;
    }

    private async Task SentAsync(AccountId account, EmailId email, CancellationToken cancel)
    {
        using var body = await ReadAsync(account, email, cancel);
        if (body is null) return;
        var header = new MessageContent(new() { Body = body, Root = Scan(body) }).Header;
        var ids = header.Find("message-id") is { } line ? MessageIds.Parse(line.Value.Span) : [];
        _correspondents.WroteTo(account, header.To.Concat(header.All("bcc").SelectMany(b => AddressList.Mailboxes(AddressList.Parse(b.Value.Span))))
            .Select(a => $"{a.LocalPart}@{a.Domain}"), ids);
    }

    /// <summary>The message as it came in, without our prefix; null when it is gone.</summary>
    private async Task<SpooledBody?> ReadAsync(AccountId account, EmailId email, CancellationToken cancel)
    {
        using var stored = await _store.OpenBodyAsync(account, email, cancel);
        if (stored is null or { Fault: not null }) return null;
        var body = _store.Spool.Begin();
        try
        {
            var buffer = new byte[64 * 1024];
            long at = stored.PrefixLength;
            while (body.Length < MostOctets && stored.Read(at, buffer) is var read and > 0)
            {
                body.Write(buffer.AsSpan(0, read));
                at += read;
            }
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private static MimePart Scan(SpooledBody body)
    {
        var scanner = new MimeScanner();
        body.ForEachPiece(piece => scanner.Append(piece.Span));
        return scanner.Finish();
    }

    internal static byte[] KeyOf(EmailId email)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, email.Value);
        return key;
    }

    // ---- how far it was read: mailbox, modseq and next UID, 8 octets each

    private Dictionary<long, Place>? ReadCursor(AccountId account)
    {
        Dictionary<long, Place>? places = null;
        _file.Get(CursorKind, account.Value, CursorKey, (in RowFile.Row row) =>
        {
            places = [];
            for (var rest = row.Value; rest.Length >= 24; rest = rest[24..])
            {
                places[BinaryPrimitives.ReadInt64BigEndian(rest)] =
                    new(BinaryPrimitives.ReadInt64BigEndian(rest[8..]), (uint)BinaryPrimitives.ReadInt64BigEndian(rest[16..]));
            }
        });
        return places;
    }

    private void WriteCursor(AccountId account, Dictionary<long, Place> places)
    {
        var value = new byte[24 * places.Count];
        var at = 0;
        foreach (var (mailbox, place) in places)
        {
            BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(at), mailbox);
            BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(at + 8), place.ModSeq);
            BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(at + 16), place.UidNext);
            at += 24;
        }
        _file.Change(batch => batch.Set(CursorKind, account.Value, CursorKey, 0, _clock.GetUtcNow().ToUnixTimeSeconds(), value));
    }

    private readonly record struct Place(long ModSeq, uint UidNext);

    private sealed record MailboxNews(MailboxInfo Mailbox, IReadOnlyList<Entry> Changed, IReadOnlyList<Entry> New, IReadOnlyList<LeftEntry> Left)
    {
        public bool IsJunk => Mailbox.SpecialUse == SpecialUse.Junk;

        /// <summary>Where mail lies that somebody keeps.</summary>
        public bool IsOrdinary => Mailbox.SpecialUse is not (SpecialUse.Junk or SpecialUse.Trash or SpecialUse.Sent or SpecialUse.Drafts);
    }
}
