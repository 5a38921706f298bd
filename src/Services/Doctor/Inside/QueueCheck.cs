using Aviso.Delivery;

namespace Aviso.Doctor;

/// <summary>Mail to one destination that waits.</summary>
/// <param name="Destination">A domain or "relay:NAME".</param>
/// <param name="OldestAt">When the oldest of it came.</param>
/// <param name="Tried">Recipients that were tried and put off; <paramref name="Untried"/> were not tried yet, or are held.</param>
/// <param name="LastReply">Of those that were tried.</param>
public sealed record WaitingSight(string Destination, DateTimeOffset OldestAt, int Tried, int Untried, int Attempts, string LastReply);

/// <summary>A relay's quota in its rolling span.</summary>
public sealed record QuotaSight(string Relay, long Quota, long Used);

/// <summary>Mail leaves: nothing waits for long, no destination or relay puts everything off, and no receiver wants what we do not
/// prove.</summary>
public sealed class QueueCheck(
    Func<CancellationToken, Task<IReadOnlyList<WaitingSight>>> waiting, Func<CancellationToken, Task<IReadOnlyList<QuotaSight>>> quotas,
    Func<IReadOnlyList<ReceiverComplaint>> complaints, Func<IReadOnlyList<SendingHold>> holds, TimeProvider clock) : IDoctorCheck
{
    private const int Several = 3;
    private const double NearlyUsed = 0.8;
    private static readonly TimeSpan Old = TimeSpan.FromHours(12), Stuck = TimeSpan.FromHours(1), RelayStuck = TimeSpan.FromMinutes(5);

    public string Name => "queue";

    public string LooksAt => "the queue, relays and their quotas, and what receivers answer";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } =
    [
        FindingCode.QueueOld, FindingCode.DestinationStuck, FindingCode.RelayNotTaking, FindingCode.ReceiverWantsAuthentication,
        FindingCode.RelayQuotaNearlyUsed, FindingCode.SendingHeld,
    ];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        foreach (var one in await waiting(cancel)) Waiting(one, now - one.OldestAt, seen);
        foreach (var quota in (await quotas(cancel)).Where(q => q.Quota > 0 && q.Used >= q.Quota * NearlyUsed))
            seen.Add(FindingCode.RelayQuotaNearlyUsed, quota.Relay, $"most of the quota of the relay {quota.Relay} is used",
                $"{quota.Used} of {quota.Quota} recipients; mail beyond it waits");
        foreach (var said in complaints())
            seen.Add(FindingCode.ReceiverWantsAuthentication, said.Receiver,
                $"{said.Receiver} does not take our mail because of {said.What}", said.Reply);
        foreach (var hold in holds())
            seen.Add(FindingCode.SendingHeld, hold.Address, $"mail of {hold.Address} is held: it suddenly writes to many new people",
                $"{hold.NewRecipients} new recipients within an hour, since {hold.Since:u}", "Ask the owner; then let it go.",
                $"aviso account release {hold.Address}");
    }

    private static void Waiting(WaitingSight one, TimeSpan age, Sightings seen)
    {
        var count = one.Tried + one.Untried;
        var evidence = $"{count} recipients, the oldest for {Shown(age)}; {(one.LastReply.Length > 0 ? one.LastReply : "not tried")}";
        if (one.Destination.StartsWith(Router.RelayPrefix, StringComparison.Ordinal))
        {
            var relay = one.Destination[Router.RelayPrefix.Length..];
            // Tried twice at least: a relay may put off once.
            if (one is { Tried: > 0, Attempts: > 1 } && age >= RelayStuck)
                seen.Add(FindingCode.RelayNotTaking, relay, $"the relay {relay} takes no mail", evidence);
            else if (age >= Old) seen.Add(FindingCode.QueueOld, relay, $"mail for the relay {relay} has waited for {Shown(age)}", evidence);
        }
        else if (one.Tried >= Several && age >= Stuck)
            seen.Add(FindingCode.DestinationStuck, one.Destination, $"mail to {one.Destination} is put off", evidence);
        else if (age >= Old) seen.Add(FindingCode.QueueOld, one.Destination, $"mail to {one.Destination} has waited for {Shown(age)}",
            evidence);
    }

    private static string Shown(TimeSpan age) => age.TotalDays >= 2 ? $"{age.TotalDays:0} days" : age.TotalHours >= 2
        ? $"{age.TotalHours:0} hours" : $"{age.TotalMinutes:0} minutes";
}
