using Aviso.Delivery;

namespace Aviso.Doctor;

/// <summary>No relay blocks somebody whom we write to: what it blocks it takes and throws away (incident 45).</summary>
/// <param name="relays">Those with a list.</param>
/// <param name="ours">What stands on one's list of those whom we wrote to lately.</param>
public sealed class RelayListCheck(
    Func<IReadOnlyList<string>> relays, Func<string, CancellationToken, Task<SuppressionAnswer>> ours) : IDoctorCheck
{
    public const string Word = "relay lists";

    // More are one cause.
    private const int MostNamed = 50;

    public string Name => Word;

    public string LooksAt => "the lists of recipients that relays block";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.RelayBlocks, FindingCode.RelayListUnread];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        foreach (var relay in relays())
        {
            var answer = await ours(relay, cancel);
            foreach (var row in answer.Rows.Take(MostNamed))
                seen.Add(FindingCode.RelayBlocks, $"{row.Address} by {relay}", $"the relay {relay} sends nothing to {row.Address} any more",
                    $"on its list {row.List}{(row.Since is { } since ? $" since {since:u}" : "")}: {row.Reason}",
                    "If the recipient should have our mail, take the address off the list.", $"aviso relay unblock {row.Address}");
            if (answer.Problem is not { } problem) continue;
            seen.Add(FindingCode.RelayListUnread, relay, $"the list of recipients that the relay {relay} blocks cannot be read", problem);
            // What stands is neither over nor confirmed.
            seen.Unsure();
        }
    }
}
