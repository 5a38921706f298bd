using Aviso.Base;
using Aviso.Dns;

namespace Aviso.MailAuth;

/// <summary>
/// DMARC: finds the policy of the domain of From and says whether SPF or DKIM speaks for it. Policies and organisational domains are
/// found by the tree walk of RFC 9989 §4.10; where nothing on the way says anything, the public suffix list of RFC 7489 §3.2 decides.
/// </summary>
public sealed class DmarcEvaluator(IResolver resolver, PublicSuffixes suffixes)
{
    // RFC 9989 §4.10: at most eight questions; a longer name is cut to seven labels after the first.
    private const int MostLabels = 8;

    /// <param name="fromDomain">The one domain of From, ASCII; empty when there is none or several (RFC 7489 §6.6.1).</param>
    /// <param name="sample">0 to 99: messages below pct= get the policy (RFC 7489 §6.6.4).</param>
    public async ValueTask<DmarcVerdict> EvaluateAsync(
        string fromDomain, SpfVerdict spf, IReadOnlyList<DkimVerdict> dkim, int sample, CancellationToken cancel)
    {
        if (fromDomain.Length == 0 || DnsName.Normalize(fromDomain) is not { } from) return DmarcVerdict.None with { Result = DmarcResult.PermError, Domain = fromDomain };
        var walk = await WalkAsync(from, cancel);
        if (walk.Failed) return DmarcVerdict.None with { Result = DmarcResult.TempError, Domain = from };
        if (walk.Policy is not { } found) return DmarcVerdict.None with { Domain = from };

        var record = found.Record;
        var bySpf = spf.Result == SpfResult.Pass && await AlignedAsync(from, walk, spf.Domain, record.StrictSpf, cancel);
        var byDkim = false;
        // Only a check that would have spoken for the author: a forger's own signature with a key that never comes excuses nothing.
        var unsure = spf.Result == SpfResult.TempError && await AlignedAsync(from, walk, spf.Domain, record.StrictSpf, cancel);
        foreach (var signature in dkim)
        {
            // A signature over part of the body does not speak for the message that came.
            if (!signature.Speaks && signature.Result != DkimResult.TempError) continue;
            if (!await AlignedAsync(from, walk, signature.Domain, record.StrictDkim, cancel)) continue;
            if (signature.Speaks) byDkim = true;
            else unsure = true;
        }
        var verdict = new DmarcVerdict(DmarcResult.Pass, DmarcPolicy.None, from, found.Domain, bySpf, byDkim, record);
        if (bySpf || byDkim) return verdict;
        // RFC 7489 §6.6.2: with a check that could not be made there is no failure to act on.
        if (unsure) return verdict with { Result = DmarcResult.TempError };
        return verdict with { Result = DmarcResult.Fail, Policy = await PolicyAsync(from, found, sample, cancel) };
    }

    private async ValueTask<DmarcPolicy> PolicyAsync(string from, Found found, int sample, CancellationToken cancel)
    {
        var record = found.Record;
        var policy = record.Policy;
        if (found.Domain != from)
        {
            policy = record.SubdomainPolicy;
            if (record.NonexistentPolicy != policy && !await ExistsAsync(from, cancel)) policy = record.NonexistentPolicy;
        }
        // RFC 7489 §6.6.4, RFC 9989 §4.7: what is left out of the sample gets the next weaker one.
        return policy != DmarcPolicy.None && (record.Testing || sample >= record.Percent) ? policy - 1 : policy;
    }

    // RFC 7489 §3.1: relaxed is the same organisational domain, strict the same name.
    private async ValueTask<bool> AlignedAsync(string from, Walk walk, string authenticated, bool strict, CancellationToken cancel)
    {
        if (DnsName.Normalize(authenticated) is not { } name) return false;
        if (name == from) return true;
        if (strict) return false;
        // Owners who publish nothing above a subdomain rely on the list of RFC 7489; only a record that says psd= overrules it.
        if (!walk.SaysPublicSuffix && suffixes.OrganizationalDomain(name) == suffixes.OrganizationalDomain(from)) return true;
        // Only a name that shares its end can share the organisational domain.
        if (!DomainName.IsWithin(name, walk.Organizational)) return false;
        return name == walk.Organizational || (await WalkAsync(name, cancel)).Organizational == walk.Organizational;
    }

    private sealed record Found(string Domain, DmarcRecord Record);

    /// <param name="Failed">The record that counts could not be asked for.</param>
    /// <param name="SaysPublicSuffix">A record on the way says psd=y or psd=n.</param>
    private sealed record Walk(Found? Policy, string Organizational, bool Failed, bool SaysPublicSuffix = false);

    private async ValueTask<Walk> WalkAsync(string from, CancellationToken cancel)
    {
        Found? own = null, organizational = null;
        var labels = from.Split('.');
        for (var keep = labels.Length; keep > 0; keep = keep == labels.Length && keep > MostLabels - 1 ? MostLabels - 1 : keep - 1)
        {
            var name = string.Join('.', labels[^keep..]);
            var (record, failed) = await RecordAsync(name, cancel);
            if (failed)
            {
                // What stands above a record that was found can do without an answer, and of a suffix nothing was expected.
                if (organizational is not null) break;
                if (IsSuffix(name)) continue;
                return new(null, from, true);
            }
            if (record is null) continue;
            var here = new Found(name, record);
            if (keep == labels.Length) own = here;
            // RFC 9989 §4.10.2: psd=n is the organisational domain; psd=y has it one label below, psd=u may go on.
            if (record.PublicSuffix == 'n')
            {
                return new(own ?? here, name, false, true);
            }
            if (record.PublicSuffix == 'y')
            {
                var below = keep < labels.Length ? string.Join('.', labels[^(keep + 1)..]) : name;
                // RFC 9989 §4.10.1: the author's record, the organisation's, the suffix's; none from half way up.
                return new(own ?? (organizational?.Domain == below ? organizational : here), below, false, true);
            }
            organizational = here;
        }
        var found = own ?? organizational;
        return new(found, organizational is not null && !IsSuffix(organizational.Domain) ? organizational.Domain : suffixes.OrganizationalDomain(from), false);
    }

    // A record at a public suffix without psd=y must not make strangers one organisation.
    private bool IsSuffix(string domain) => suffixes.RegistrableDomain(domain) is null;

    // RFC 7489 §6.6.3: several records are none.
    private async ValueTask<(DmarcRecord? Record, bool Failed)> RecordAsync(string domain, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync("_dmarc." + domain, DnsType.Txt, cancel);
        if (answer.Status is DnsStatus.ServFail or DnsStatus.Timeout) return (null, true);
        DmarcRecord? found = null;
        foreach (var txt in answer.Records.OfType<TxtRecord>())
        {
            if (DmarcRecord.Parse(txt.Text) is not { } record) continue;
            if (found is not null) return (null, false);
            found = record;
        }
        return (found, false);
    }

    // RFC 9989 §3.2.13: a name for which all of A, AAAA and MX say that it does not exist.
    private async ValueTask<bool> ExistsAsync(string domain, CancellationToken cancel)
    {
        foreach (var type in (DnsType[])[DnsType.Mx, DnsType.A, DnsType.Aaaa])
            if ((await resolver.QueryAsync(domain, type, cancel)).Status != DnsStatus.NxDomain) return true;
        return false;
    }
}
