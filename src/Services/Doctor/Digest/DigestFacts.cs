// Digest owns the weekly letter to whoever runs this server: what it says and when it goes. Rules in here: it speaks in sentences to
// somebody who knows mail and not this program; a number stands beside that of the week before only where both weeks were counted
// whole; one letter a week, late when the server was down, never twice.
using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>What the letter is written from.</summary>
/// <param name="From">The first of seven days.</param>
/// <param name="Days">All days that were counted, the oldest first; others than those of the week too.</param>
/// <param name="Findings">What stands now.</param>
/// <param name="Cleared">What cleared lately, and when.</param>
/// <param name="Backups">How it stands with each target; null: no backups are made.</param>
/// <param name="AddressOf">An account's address by its id as tallied; null: there is none any more.</param>
public sealed record DigestFacts(
    string HostName, DateOnly From, DateTimeOffset Now, TimeZoneInfo Zone, IReadOnlyList<MailDay> Days,
    IReadOnlyList<StandingFinding> Findings, IReadOnlyList<(StandingFinding Standing, DateTimeOffset At)> Cleared, QueueTotals Queue,
    DiskSight? Disk, IReadOnlyList<DigestBackup>? Backups, Func<string, string?> AddressOf);

/// <param name="CopiedAt">When all that there was had arrived; null: not since the start.</param>
/// <param name="ProvenAt">Of which moment the last backup is that was proven; null: none was.</param>
public sealed record DigestBackup(string Name, DateTimeOffset? CopiedAt, DateTimeOffset? ProvenAt, string? Problem);

/// <summary>Seven days in sum.</summary>
internal sealed class DigestWeek
{
    private readonly IReadOnlyList<MailDay> _days;

    private DigestWeek(IReadOnlyList<MailDay> days, DateOnly from, DateOnly? known) =>
        (_days, From, IsWhole) = (days, from, known is { } first && first <= from);

    public DateOnly From { get; }

    /// <summary>It was counted from its first day on.</summary>
    public bool IsWhole { get; }

    /// <summary>The first day that was counted.</summary>
    public DateOnly? Since => _days.Count > 0 ? _days[0].Day : null;

    public long Used => _days.Where(d => d.Used > 0).Select(d => d.Used).LastOrDefault();

    public static DigestWeek Of(IReadOnlyList<MailDay> all, DateOnly from) => new(
        [.. all.Where(d => d.Day >= from && d.Day < from.AddDays(7))], from, all.Count > 0 ? all[0].Day : null);

    public long Sum(string word) => _days.Sum(d => d.Counts.GetValueOrDefault(word));

    public IReadOnlyList<(string Word, long Count)> Sums(string prefix) => [.. _days.SelectMany(d => d.Counts)
        .Where(c => c.Key.StartsWith(prefix, StringComparison.Ordinal)).GroupBy(c => c.Key[prefix.Length..])
        .Select(g => (Word: g.Key, Count: g.Sum(c => c.Value))).Where(s => s.Count > 0).OrderByDescending(s => s.Count)
        .ThenBy(s => s.Word, StringComparer.Ordinal)];

    /// <summary>The busiest first.</summary>
    public IReadOnlyList<(string Account, AccountTally Tally)> Accounts => [.. _days.SelectMany(d => d.Accounts)
        .Where(a => a.Key.Length > 0).GroupBy(a => a.Key)
        .Select(g => (g.Key, new AccountTally(g.Sum(a => a.Value.In), g.Sum(a => a.Value.Out))))
        .OrderByDescending(a => a.Item2.In + a.Item2.Out).ThenBy(a => a.Key, StringComparer.Ordinal)];
}
