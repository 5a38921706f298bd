using System.Collections.Concurrent;
using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>A probe that has come.</summary>
/// <param name="Head">Its header as it is stored.</param>
public sealed record ProbeArrival(string Marker, MailboxInfo Mailbox, uint Uid, DateTimeOffset At, byte[] Head)
{
    /// <summary>The hosts that passed it on (the "by" of RFC 5321 §4.4 stamps), first hop first.</summary>
    public string Path
    {
        get
        {
            var hosts = new List<string>();
            foreach (var one in new HeaderFields(Head))
                if (one.Is("Received"u8) && By(HeaderText.Raw(one.Value)) is { } host) hosts.Insert(0, host);
            return string.Join(" > ", hosts);
        }
    }

    public string Field(ReadOnlySpan<byte> name) => HeaderFields.TryFind(Head, name, out var value) ? HeaderText.Raw(value).Trim() : "";

    private static string? By(string stamp)
    {
        var words = stamp.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var by = Array.IndexOf(words, "by");
        return by >= 0 && by + 1 < words.Length && words[by + 1].Length <= 255 ? words[by + 1] : null;
    }
}

/// <summary>Sees probes come into the mailboxes of one account, by their markers: those that are waited for, and those that come
/// late.</summary>
public sealed class ProbeInbox : IDisposable
{
    private const int MostHead = 64 * 1024;

    private readonly IMailStore _store;
    private readonly AccountId _account;
    private readonly TimeProvider _clock;
    private readonly Action<ProbeArrival> _late;
    private readonly Action<Exception> _failed;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<ProbeArrival>?> _expected = new(StringComparer.Ordinal);
#pragma warning disable CA2213 // a look that is under way gives it back after the end
    private readonly SemaphoreSlim _one = new(1);
#pragma warning restore CA2213
    private readonly IDisposable _watch;
    private long _seen;

    /// <param name="late">Called for what comes when nobody waits for it any more.</param>
    /// <param name="failed">What went wrong while it looked; it looks again with the next change.</param>
    public ProbeInbox(IMailStore store, AccountId account, long seen, TimeProvider clock, Action<ProbeArrival> late,
        Action<Exception> failed)
    {
        (_store, _account, _seen, _clock, _late, _failed) = (store, account, seen, clock, late, failed);
        _watch = store.Watch(account, change => _ = LookAsync());
    }

    /// <summary>Everything up to this change of the account has been looked at.</summary>
    public long Seen => Volatile.Read(ref _seen);

    /// <summary>To be said before it is sent.</summary>
    public Task<ProbeArrival> Expect(string marker)
    {
        var source = new TaskCompletionSource<ProbeArrival>(TaskCreationOptions.RunContinuationsAsynchronously);
        _expected[marker] = source;
        return source.Task;
    }

    /// <summary>Nobody waits any more; when it comes all the same, it is late.</summary>
    public void Await(string marker) => _expected[marker] = null;

    public void Forget(string marker) => _expected.TryRemove(marker, out _);

    /// <summary>Takes it away.</summary>
    public async Task DeleteAsync(ProbeArrival arrival, CancellationToken cancel)
    {
        var gone = await _store.ExpungeAsync(_account, arrival.Mailbox.Id, [arrival.Uid], false, cancel);
        if (!gone.Ok) throw new IOException($"it cannot be deleted from {arrival.Mailbox.Name}: {gone.Error}");
    }

    /// <summary>Looks at all that came since it looked last.</summary>
    public async Task LookAsync()
    {
        await _one.WaitAsync();
        try
        {
            // In this order: what is expected from now on comes after this state.
            var until = await _store.StateAsync(_account, CancellationToken.None);
            if (_expected.IsEmpty)
            {
                _seen = until;
                return;
            }
            foreach (var mailbox in await _store.ListMailboxesAsync(_account, CancellationToken.None))
            {
                if (mailbox.HighestModSeq <= _seen) continue;
                var news = await _store.ChangesAsync(_account, mailbox.Id, _seen, CancellationToken.None);
                foreach (var entry in news.Changed) await LookAtAsync(mailbox, entry);
            }
            _seen = until;
        }
        catch (Exception e)
        {
            _failed(e);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _watch.Dispose();

    private async Task LookAtAsync(MailboxInfo mailbox, Entry entry)
    {
        using var body = await _store.OpenBodyAsync(_account, entry.Email, CancellationToken.None);
        if (body is null) return;
        var head = new byte[Math.Min(MostHead, body.Length)];
        var read = body.Read(0, head);
        if (Marker(head.AsSpan(0, read)) is not { } marker || !_expected.TryRemove(marker, out var waiting)) return;
        var arrival = new ProbeArrival(marker, mailbox, entry.Uid, _clock.GetUtcNow(), head[..read]);
        if (waiting is null) _late(arrival);
        else waiting.TrySetResult(arrival);
    }

    private static string? Marker(ReadOnlySpan<byte> head)
    {
        if (!HeaderFields.TryFind(head, "Subject"u8, out var value)) return null;
        var subject = Encoding.Latin1.GetString(value).Trim();
        return subject.StartsWith(ProbeLetter.SubjectStart, StringComparison.Ordinal) ? subject[ProbeLetter.SubjectStart.Length..] : null;
    }
}
