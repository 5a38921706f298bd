using Aviso.Delivery;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>The keys that sign our mail, here and at relays, are what the DNS shows.</summary>
/// <param name="keys">Those of this server.</param>
public sealed class DkimCheck(Func<Deployment> now, Func<IReadOnlyList<SigningKeyInfo>> keys, IResolver resolver, TimeProvider clock)
    : IDoctorCheck
{
    private readonly SenderRecords _records = new(resolver, clock);

    public string Name => "dkim";

    public string LooksAt => "the keys that sign our mail and what the DNS shows of them";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } =
        [FindingCode.DkimNotPublished, FindingCode.DkimOtherKey, FindingCode.DkimUnsigned, FindingCode.RelayKeyMissing];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        foreach (var domain in now().PublicDomains)
        {
            var own = keys().Where(k => k.Domain.Equals(domain.Name, StringComparison.OrdinalIgnoreCase)).ToList();
            foreach (var key in own.Where(Signs)) await KeyAsync(key, seen, cancel);
            var byRelays = domain is { Direct: false, Relays.Count: > 0 } && domain.Relays.All(r => r.DkimSelectors.Count > 0);
            if (!own.Exists(Signs) && !byRelays) Unsigned(domain, own, seen);
            await RelaysAsync(domain, seen, cancel);
        }
    }

    /// <summary>Keys of relays.</summary>
    internal async Task RelaysAsync(SendingDomain domain, Sightings seen, CancellationToken cancel)
    {
        foreach (var relay in domain.Relays)
            foreach (var selector in relay.DkimSelectors) await RelayAsync(domain, relay, selector, seen, cancel);
    }

    internal static bool Signs(SigningKeyInfo key) => key.State is "declared" or "signing" or "paused";

    private async Task KeyAsync(SigningKeyInfo key, Sightings seen, CancellationToken cancel)
    {
        var name = SenderRecords.NameOf(key.Selector, key.Domain);
        var (state, found) = await _records.KeyAsync(key, cancel);
        var act = SenderRecords.Line(name, SenderRecords.RecordOf(key));
        if (state == KeyState.NotAnswered) seen.Unsure(name);
        else if (state == KeyState.Missing)
            seen.Add(FindingCode.DkimNotPublished, name, $"the key that signs mail of {key.Domain} is not in the DNS",
                $"{name} has no TXT record",
                "Publish the record.", act);
        else if (state == KeyState.Other)
            seen.Add(FindingCode.DkimOtherKey, name, $"the DNS holds another key than the one that signs mail of {key.Domain}",
                $"{name} TXT \"{found}\"", "Replace the record.", act);
    }

    private static void Unsigned(SendingDomain domain, List<SigningKeyInfo> own, Sightings seen)
    {
        var waits = own.Find(k => k.State == "waiting");
        seen.Add(FindingCode.DkimUnsigned, domain.Name, $"mail of {domain.Name} leaves without a signature of {domain.Name}",
            waits is null ? "there is no key that signs" : $"the key {waits.Selector} waits for its record",
            waits is null ? "Make a key with `aviso dkim rotate`." : "Publish the record; the key signs from then on.",
            waits is null ? $"aviso dkim rotate {domain.Name}"
                : SenderRecords.Line(SenderRecords.NameOf(waits.Selector, waits.Domain), SenderRecords.RecordOf(waits)));
    }

    private async Task RelayAsync(SendingDomain domain, RelayNeeds relay, string selector, Sightings seen, CancellationToken cancel)
    {
        var name = SenderRecords.NameOf(selector, domain.Name);
        var has = await _records.HasKeyAsync(selector, domain.Name, cancel);
        if (has is null) seen.Unsure(name);
        if (has != false) return;
        seen.Add(FindingCode.RelayKeyMissing, name, $"the relay {relay.Name} signs with a key that {domain.Name} does not publish",
            $"{name} leads to no key");
    }
}
