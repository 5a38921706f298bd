using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Asks the servers of a zone themselves.</summary>
public interface IZoneTexts
{
    /// <summary>TXT values that the zone's own servers give for a name; null when none of them answers.</summary>
    Task<IReadOnlyList<string>?> TextsAsync(string name, CancellationToken cancel);
}

/// <summary>By way of <see cref="ZoneServers"/>.</summary>
public sealed class ZoneTexts(IResolver resolver, TimeProvider clock) : IZoneTexts
{
    private const int MostServers = 3;

    private readonly ZoneServers _servers = new(resolver, clock);

    public async Task<IReadOnlyList<string>?> TextsAsync(string name, CancellationToken cancel)
    {
        foreach (var server in (await _servers.FindAsync(name, cancel))?.Servers.Take(MostServers) ?? [])
            if (await _servers.TextsAsync(server, name, cancel) is { } texts) return texts;
        return null;
    }
}

/// <summary>
/// What we see of our mail records is what the world sees: an internal zone without them makes our own mail fail here, and a stale one
/// hides what is wrong outside (incident 5).
/// </summary>
public sealed class SplitCheck(Func<Deployment> now, IResolver resolver, IZoneTexts zone) : IDoctorCheck
{
    public string Name => "split";

    public string LooksAt => "whether the resolver and the domains' own servers agree";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.DnsDiffers];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        foreach (var domain in now().PublicDomains)
        {
            foreach (var name in (string[])[domain.Name, "_dmarc." + domain.Name])
            {
                var here = await resolver.QueryAsync(name, DnsType.Txt, cancel);
                var there = here.IsTemporary ? null : await zone.TextsAsync(name, cancel);
                if (there is null)
                {
                    seen.Unsure(name);
                    continue;
                }
                var (ours, theirs) = (Meant(here.Of<TxtRecord>().Select(t => t.Text)), Meant(there));
                if (!ours.SetEquals(theirs))
                    seen.Add(FindingCode.DnsDiffers, name, $"this server sees other mail records at {name} than the world",
                        $"here: {Shown(ours)}; the zone's own servers: {Shown(theirs)}");
            }
        }
    }

    // Only what mail is judged by; other TXT records come and go.
    private static HashSet<string> Meant(IEnumerable<string> texts) => [.. texts
        .Where(t => t.StartsWith("v=spf1", StringComparison.OrdinalIgnoreCase)
            || t.StartsWith("v=DMARC1", StringComparison.OrdinalIgnoreCase))
        .Select(t => string.Join(' ', t.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant())];

    private static string Shown(HashSet<string> texts) => texts.Count == 0 ? "nothing" : string.Join(" | ", texts);
}
