using System.Diagnostics;
using System.Text.RegularExpressions;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Durability;

/// <summary>
/// What clients were promised: every message they tried and got 250 for, and every flag they got OK for, with the time of the
/// acknowledgement. Compared with what the server shows later.
/// </summary>
public sealed partial class Ledger
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string User, string Id), Promise> _promises = [];

    /// <summary>Times are CLOCK_MONOTONIC nanoseconds; long.MaxValue: never acknowledged.</summary>
    private sealed record Promise(long Acknowledged)
    {
        public long Flagged { get; set; } = long.MaxValue;
    }

    public int Acknowledged
    {
        get
        {
            lock (_lock) return _promises.Values.Count(promise => promise.Acknowledged != long.MaxValue);
        }
    }

    /// <summary>Nanoseconds of the clock that the recorder uses too.</summary>
    public static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    public void Tried(IEnumerable<string> users, string id)
    {
        lock (_lock)
            foreach (var user in users) _promises[(user, id)] = new(long.MaxValue);
    }

    public void Accepted(IEnumerable<string> users, string id)
    {
        var now = Now;
        lock (_lock)
            foreach (var user in users) _promises[(user, id)] = new(now);
    }

    public void Flagged(string user, string id)
    {
        lock (_lock)
            if (_promises.TryGetValue((user, id), out var promise)) promise.Flagged = Now;
    }

    /// <summary>
    /// Compares with what is in the mailboxes now: (user, id, flagged). Everything acknowledged before
    /// <paramref name="until"/> is there once; nothing is there twice (RFC 1047 allows an unacknowledged try to be stored once).
    /// </summary>
    public void Compare(IEnumerable<(string User, string Id, bool Flagged)> stored, long until = long.MaxValue)
    {
        var found = stored.GroupBy(entry => (entry.User, entry.Id)).ToDictionary(group => group.Key, group => group.ToList());
        var wrong = new List<string>();
        lock (_lock)
        {
            foreach (var (key, promise) in _promises)
            {
                found.TryGetValue(key, out var entries);
                if (promise.Acknowledged < until && entries is null) wrong.Add($"lost: {key.Id} for {key.User}");
                if (entries is { Count: > 1 }) wrong.Add($"doubled: {key.Id} for {key.User} is there {entries.Count} times");
                if (promise.Flagged < until && entries is [{ Flagged: false }, ..]) wrong.Add($"flag lost: {key.Id} for {key.User}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(50)));
    }

    /// <summary>Reads every mailbox of a user over IMAP.</summary>
    public static IEnumerable<(string User, string Id, bool Flagged)> Stored(int imapPort, string user, string password)
    {
        using var imap = new ImapLineClient(imapPort, user, password);
        var names = imap.Ok("LIST \"\" *").Select(line => line[(line.LastIndexOf(' ') + 1)..].Trim('"')).ToList();
        foreach (var name in names)
        {
            imap.Ok($"EXAMINE {name}");
            foreach (var line in imap.Ok("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (Message-ID)])"))
            {
                if (MessageId().Match(line) is { Success: true } id)
                    yield return (user, id.Groups[1].Value, line.Contains("\\Flagged", StringComparison.Ordinal));
            }
        }
    }

    [GeneratedRegex("<([^>]+)@ledger>")]
    private static partial Regex MessageId();
}
