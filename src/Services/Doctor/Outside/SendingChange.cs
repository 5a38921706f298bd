using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>
/// Asked before new settings are taken: would mail leave by ways that the DNS does not allow? The relay that was switched in the settings
/// and not in SPF put six days of mail into junk (incident 1). Only what is new is judged, so that a record that vanished does not keep
/// an administrator from changing anything else; what cannot be asked is taken, and the doctor says so.
/// </summary>
public sealed class SendingChange(IResolver resolver, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // A domain that is new and has no record yet is on its way here; one whose record says otherwise sends from elsewhere.
    private static readonly FindingCode[] OfNewDomains = [FindingCode.RelayNotInSpf, FindingCode.DirectNotInSpf];

    /// <summary>Why not, each with what to do; none when nothing speaks against it.</summary>
    public async Task<IReadOnlyList<string>> RefusesAsync(Deployment before, Deployment after, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        var problems = new List<string>();
        try
        {
            foreach (var domain in after.PublicDomains)
            {
                var old = before.PublicDomains.FirstOrDefault(d => d.Name.Equals(domain.Name, StringComparison.OrdinalIgnoreCase));
                if (News(domain, old) is { } news) problems.AddRange(await JudgeAsync(after, news, old is null, either.Token));
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The DNS is too slow to be asked.
        }
        return problems;
    }

    /// <summary>The ways by which mail of the domain did not leave before; null when there are none.</summary>
    private static SendingDomain? News(SendingDomain now, SendingDomain? old)
    {
        var relays = now.Relays.Where(r => old is null || !old.Relays.Any(o => o.Name == r.Name && o.Spf == r.Spf
            && o.DkimSelectors.SequenceEqual(r.DkimSelectors))).ToList();
        var direct = now.Direct && old is not { Direct: true };
        return relays.Count > 0 || direct ? now with { Relays = relays, Direct = direct } : null;
    }

    private async Task<IEnumerable<string>> JudgeAsync(Deployment after, SendingDomain news, bool isNew, CancellationToken cancel)
    {
        var seen = new Sightings();
        await new SpfCheck(() => after, resolver, clock).LookAsync(after, news, seen, cancel);
        await new DkimCheck(() => after, () => [], resolver, clock).RelaysAsync(news, seen, cancel);
        return seen.Found.Where(f => f.Code.Severity == Severity.Error && (!isNew || OfNewDomains.Contains(f.Code)))
            .Select(f => $"{f.Says} ({f.Evidence}). {f.Fix} {f.Act} Then reload; or `aviso reload --force`, and others may refuse the "
                + $"mail");
    }
}
