using System.Text.Json.Serialization;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>
/// What stands now, since when, and who has said that he knows; and what cleared in the last days. Kept over a restart, so that nothing is
/// told twice for it. Everybody who tells others hears of changes only. Thread-safe.
/// </summary>
public sealed class FindingBook
{
    /// <summary>Findings that can stand at once: more are one fault that is seen in many places.</summary>
    public const int Most = 500;

    private const string Kind = "doctor-finding";
    private static readonly TimeSpan ClearedKept = TimeSpan.FromDays(9);

    private readonly SemaphoreSlim _one = new(1);
    private readonly IDocumentRows _rows;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private volatile Dictionary<string, StandingFinding> _standing = new(StringComparer.Ordinal);

    private FindingBook(IDocumentRows rows, TimeProvider clock, ILogger log) => (_rows, _clock, _log) = (rows, clock, log);

    /// <summary>Codes that the settings say nothing shall be said of.</summary>
    public IReadOnlySet<string> Ignored { get; set; } = new HashSet<string>();

    /// <summary>What is written in one transaction with a change; null: nothing.</summary>
    public Func<FindingChange, Document?>? Along { get; set; }

    /// <summary>The gravest first, then the oldest.</summary>
    public IReadOnlyList<StandingFinding> Standing => [.. _standing.Values.Where(s => !Ignored.Contains(s.Finding.Code.Word))
        .OrderByDescending(s => s.Finding.Code.Severity).ThenBy(s => s.Since).ThenBy(s => s.Finding.Key, StringComparer.Ordinal)];

    public static async Task<FindingBook> OpenAsync(IDocumentRows rows, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var book = new FindingBook(rows, clock, log);
        var standing = new Dictionary<string, StandingFinding>(StringComparer.Ordinal);
        foreach (var document in await rows.ListDocumentsAsync(default, Kind, cancel))
        {
            if (document.Read(FindingJson.Default.KeptFinding) is { ClearedAt: 0 } kept && kept.Read() is { } finding)
                standing[finding.Finding.Key] = finding;
        }
        book._standing = standing;
        return book;
    }

    /// <summary>What a check of <paramref name="codes"/> sees now: what of them it does not see has cleared, unless it is unsure of
    /// it.</summary>
    public async Task TakeAsync(IReadOnlyList<FindingCode> codes, Sightings sightings, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var seen = sightings.Found.Select(f => f.Safe()).DistinctBy(f => f.Key).ToDictionary(f => f.Key, StringComparer.Ordinal);
            var gone = _standing.Values.Where(s => s.EndsAt is null && codes.Contains(s.Finding.Code) && !seen.ContainsKey(s.Finding.Key)
                && !sightings.IsUnsureOf(s.Finding.Subject));
            await ChangeAsync([.. seen.Values], [.. gone], null, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Something happened that no check looks for: it stands until it has not happened for <paramref name="holds"/>.</summary>
    public async Task RaiseAsync(Finding finding, TimeSpan holds, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await ChangeAsync([finding.Safe()], [], _clock.GetUtcNow() + holds, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Clears what has not happened again.</summary>
    public async Task EndAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var now = _clock.GetUtcNow();
            await ChangeAsync([], [.. _standing.Values.Where(s => s.EndsAt <= now)], null, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Somebody knows: nothing more is told of these until they clear. The number of them.</summary>
    /// <param name="subject">Null: all of the code.</param>
    public async Task<int> AcknowledgeAsync(FindingCode code, string? subject, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var now = _clock.GetUtcNow();
            var known = _standing.Values.Where(s => s.Finding.Code == code && (subject is null || s.Finding.Subject == subject)
                && s.Acknowledged is null)
                .Select(s => s with { Acknowledged = now }).ToList();
            if (known.Count > 0) await _rows.ChangeDocumentsAsync([.. known.Select(k => Document(k, null))], [], cancel);
            var standing = new Dictionary<string, StandingFinding>(_standing, StringComparer.Ordinal);
            foreach (var one in known) standing[one.Finding.Key] = one;
            _standing = standing;
            return known.Count;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>What cleared in the last days, the latest first.</summary>
    public async Task<IReadOnlyList<(StandingFinding Standing, DateTimeOffset At)>> ClearedAsync(CancellationToken cancel) =>
        [.. (await _rows.ListDocumentsAsync(default, Kind, cancel)).Select(d => d.Read(FindingJson.Default.KeptFinding))
            .Where(k => k is { ClearedAt: > 0 }).Select(k => (Standing: k!.Read(), At: DateTimeOffset.FromUnixTimeSeconds(k.ClearedAt)))
            .Where(c => c.Standing is not null).OrderByDescending(c => c.At).Select(c => (c.Standing!, c.At))];

    private async Task ChangeAsync(
        IReadOnlyList<Finding> seen, IReadOnlyList<StandingFinding> gone, DateTimeOffset? endsAt, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var standing = new Dictionary<string, StandingFinding>(_standing, StringComparer.Ordinal);
        var (changes, set) = (new List<FindingChange>(), new List<Document>());
        foreach (var finding in seen)
        {
            if (standing.TryGetValue(finding.Key, out var before))
            {
                var again = before with { Finding = finding, EndsAt = endsAt };
                standing[finding.Key] = again;
                if (again.Finding != before.Finding || endsAt is not null) set.Add(Document(again, null));
                continue;
            }
            if (standing.Count >= Most)
            {
                _log.TooManyFindings(Most, finding.Code.Word, finding.Subject);
                break;
            }
            var fresh = standing[finding.Key] = new(finding, now, null, endsAt);
            set.Add(Document(fresh, null));
            changes.Add(new(fresh, true, now));
        }
        foreach (var one in gone)
        {
            standing.Remove(one.Finding.Key);
            set.Add(Document(one, now));
            changes.Add(new(one, false, now));
        }
        set.AddRange(changes.Where(c => !Ignored.Contains(c.Standing.Finding.Code.Word)).Select(c => Along?.Invoke(c)).OfType<Document>());
        if (set.Count > 0) await _rows.ChangeDocumentsAsync(set, [], cancel);
        _standing = standing;
        foreach (var change in changes) Tell(change);
    }

    private void Tell(FindingChange change)
    {
        var (finding, since) = (change.Standing.Finding, change.Standing.Since);
        if (Ignored.Contains(finding.Code.Word)) return;
        if (!change.IsRaised) _log.FindingCleared(finding.Code.Word, finding.Subject, since);
        else if (finding.Code.Severity == Severity.Error) _log.FoundError(finding.Code.Word, finding.Subject, finding.Says,
            finding.Evidence, finding.Fix);
        else if (finding.Code.Severity == Severity.Warning) _log.FoundWarning(finding.Code.Word, finding.Subject, finding.Says,
            finding.Evidence, finding.Fix);
        else _log.FoundInformation(finding.Code.Word, finding.Subject, finding.Says);
    }

    private Document Document(StandingFinding standing, DateTimeOffset? cleared)
    {
        var (finding, now) = (standing.Finding, _clock.GetUtcNow().ToUnixTimeSeconds());
        var kept = new KeptFinding(finding.Code.Word, finding.Subject, finding.Says, finding.Evidence, finding.Fix, finding.Act,
            standing.Since.ToUnixTimeSeconds(), standing.Acknowledged?.ToUnixTimeSeconds() ?? 0, standing.EndsAt?.ToUnixTimeSeconds() ?? 0,
            cleared?.ToUnixTimeSeconds() ?? 0);
        return Documents.Of(new(default, Kind, finding.Key), kept, FindingJson.Default.KeptFinding, now,
            cleared is { } at ? (at + ClearedKept).ToUnixTimeSeconds() : 0);
    }
}

/// <summary>A finding as kept; times are Unix seconds UTC, 0 is never.</summary>
internal sealed record KeptFinding(
    string Code, string Subject, string Says, string Evidence, string Fix, string Act, long Since, long Acknowledged, long EndsAt,
        long ClearedAt)
{
    /// <summary>Null when this version does not know the code.</summary>
    public StandingFinding? Read() => FindingCode.Find(Code) is not { } code ? null
        : new(new(code, Subject, Says, Evidence, Fix, Act), DateTimeOffset.FromUnixTimeSeconds(Since), Time(Acknowledged), Time(EndsAt));

    private static DateTimeOffset? Time(long seconds) => seconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(seconds);
}

[JsonSerializable(typeof(KeptFinding))]
internal sealed partial class FindingJson : JsonSerializerContext;
