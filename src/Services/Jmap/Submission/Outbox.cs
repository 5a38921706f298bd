using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Jmap;

/// <summary>
/// Messages that wait for their time (RFC 4865, RFC 8621 §7): their octets are kept beside the submission, so that neither a change of the
/// email nor a restart changes what is sent. Until then they can be taken back; then they are handed in like any other. What is put
/// off then waits on, for <see cref="GivesUpAfter"/> at most; what is refused comes back with a letter.
/// </summary>
internal sealed class Outbox(
    IMailStore store, Submissions submissions, Submitter submitter, UnsentLetters letters, StateFeed feed,
    Func<AccountId, string?> addressOf, TimeProvider clock, ILogger log) : IAsyncDisposable
{
    private const string Kind = "jmap-held";

    /// <summary>Octets of one document.</summary>
    private const int PieceSize = 4 << 20;

    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(1), TryAgain = TimeSpan.FromMinutes(5);

    /// <summary>As long as the queue tries (RFC 5321 §4.5.4.1).</summary>
    private static readonly TimeSpan GivesUpAfter = TimeSpan.FromDays(5);

    private readonly CancellationTokenSource _stop = new();
    private volatile TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PriorityQueue<(AccountId Account, string Id), long> _waiting = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Finds what waits since before the start, lets go of octets that nothing waits with any more (an end in between left
    /// them), and begins.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        var waiting = new HashSet<(AccountId Account, string Id)>();
        foreach (var document in await store.ListDocumentsAsync(Submissions.Kind, cancel))
        {
            if (EmailSubmission.Read(document.Value) is not { Undo: UndoStatus.Pending } pending) continue;
            waiting.Add((document.Key.Owner, pending.Id));
            Wait(document.Key.Owner, pending);
        }
        var left = (await store.ListDocumentKeysAsync(Kind, cancel)).Where(key => !waiting.Contains((key.Owner, key.Name.Split('.')[0]))).ToList();
        if (left.Count > 0) await store.ChangeDocumentsAsync([], left, cancel);
        _running = RunAsync();
    }

    /// <summary>Keeps the octets of a message; they are there before its submission is.</summary>
    public async Task KeepAsync(AccountId account, string id, StoredBody body, CancellationToken cancel)
    {
        var (documents, now) = (new List<Document>(), clock.GetUtcNow().ToUnixTimeSeconds());
        for (long at = body.PrefixLength; at < body.Length;)
        {
            var piece = new byte[Math.Min(PieceSize, body.Length - at)];
            var length = 0;
            while (length < piece.Length && body.Read(at + length, piece.AsSpan(length)) is > 0 and var read) length += read;
            if (length == 0) throw new IOException("a message ends before its end");
            documents.Add(new(Key(account, id, documents.Count), piece[..length], now));
            at += length;
        }
        await store.ChangeDocumentsAsync(documents, [], cancel);
    }

    public void Wait(AccountId account, EmailSubmission pending)
    {
        lock (_waiting) _waiting.Enqueue((account, pending.Id), pending.SendAt);
        _news.TrySetResult();
    }

    /// <summary>The octets of a submission that is over are no longer needed.</summary>
    public async Task ForgetAsync(AccountId account, string id, CancellationToken cancel)
    {
        var pieces = await PiecesAsync(account, id, cancel);
        await store.ChangeDocumentsAsync([], [.. pieces.Select(p => p.Key)], cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _news = news;
            while (TakeDue() is var (account, id)) await ReleaseAsync(account, id);
            await news.Task.WaitAsync(NextIn(), clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private (AccountId Account, string Id)? TakeDue()
    {
        lock (_waiting)
            return _waiting.TryPeek(out _, out var at) && at <= clock.GetUtcNow().ToUnixTimeSeconds() ? _waiting.Dequeue() : null;
    }

    private TimeSpan NextIn()
    {
        lock (_waiting)
        {
            if (!_waiting.TryPeek(out _, out var at)) return AtMost;
            var wait = DateTimeOffset.FromUnixTimeSeconds(at) - clock.GetUtcNow();
            return wait < TimeSpan.Zero ? TimeSpan.Zero : wait < AtMost ? wait : AtMost;
        }
    }

    // Within the change of the record: who cancels comes before or after, never in between.
    private async Task ReleaseAsync(AccountId account, string id)
    {
        try
        {
            var isPutOff = false;
            var (before, after) = await submissions.ChangeAsync(account, async now =>
            {
                if (!now.Records.TryGetValue(id, out var kept)) return [];
                var pending = EmailSubmission.Read(kept);
                if (pending.Undo != UndoStatus.Pending) return [];
                var over = await SendAsync(account, pending);
                isPutOff = over is null;
                return over is null ? [] : [new(id, RecordChangeKind.Updated, over.Kept())];
            }, _stop.Token);
            if (isPutOff) WaitAgain(account, id);
            else await ForgetAsync(account, id, _stop.Token);
            if (after.State != before.State) feed.Changed(account, submissions.Type, after.State);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.NotReleased(e, id, account.ToString());
            WaitAgain(account, id);
        }
    }

    private void WaitAgain(AccountId account, string id)
    {
        lock (_waiting) _waiting.Enqueue((account, id), (clock.GetUtcNow() + TryAgain).ToUnixTimeSeconds());
    }

    // Null: it was put off.
    private async Task<EmailSubmission?> SendAsync(AccountId account, EmailSubmission pending)
    {
        var pieces = await PiecesAsync(account, pending.Id, _stop.Token);
        var user = new JmapUser(account, addressOf(account) ?? throw new IOException("the account is gone"))
        {
            Scope = pending.SendAs.Count > 0 ? new() { Name = "held", SendAs = pending.SendAs } : new(),
        };
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var held = pending.Envelope.MailFrom;
        var sender = held with { Parameters = held.Parameters.Where(p => p.Key is not ("HOLDFOR" or "HOLDUNTIL")).ToDictionary() };
        var utf8 = pieces.Count > 0 && SubmittedMessage.Of(pieces[0].Value).IsUtf8;
        if (SubmissionParameters.Read(sender, utf8, now, out _) is not { } parameters)
            throw new IOException("its parameters cannot be read");
        var sent = await submitter.SendAsync(user, pending.Envelope with { MailFrom = sender }, parameters, body =>
        {
            foreach (var piece in pieces) body.Write(piece.Value);
        }, _stop.Token);
        if (sent.Error is { } error)
        {
            var why = error.Description ?? error.Type;
            if (sent.IsTemporary && clock.GetUtcNow() < DateTimeOffset.FromUnixTimeSeconds(pending.SendAt) + GivesUpAfter)
            {
                log.ReleasePutOff(pending.Id, user.Address, why);
                return null;
            }
            log.ReleaseRefused(pending.Id, user.Address, why);
            await letters.PutAsync(user, pending, [.. pieces.Select(p => (ReadOnlyMemory<byte>)p.Value)], why, _stop.Token);
        }
        return pending with { Undo = UndoStatus.Final, Delivery = Told(pending.Envelope, sent) };
    }

    /// <summary>RFC 8621 §7: a reply in the form of SMTP for each recipient.</summary>
    public static Dictionary<string, DeliveryStatus> Told(SubmissionEnvelope envelope, Submitted sent)
    {
        var status = sent.Error is { } error
            ? new DeliveryStatus($"550 5.0.0 {error.Description ?? error.Type}", "no") : new($"250 2.0.0 Accepted as {sent.Id}", "unknown");
        return envelope.RcptTo.Select(r => r.Email).Distinct().ToDictionary(email => email, _ => status, StringComparer.Ordinal);
    }

    // Of one message: what else waits may be large.
    private async Task<List<Document>> PiecesAsync(AccountId account, string id, CancellationToken cancel)
    {
        var pieces = new List<Document>();
        while (await store.GetDocumentAsync(account, Kind, Key(account, id, pieces.Count).Name, cancel) is { } piece) pieces.Add(piece);
        return pieces;
    }

    private static DocumentKey Key(AccountId account, string id, int piece) => new(account, Kind, $"{id}.{piece:0000}");
}
