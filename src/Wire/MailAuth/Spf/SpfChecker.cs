using System.Net;
using System.Net.Sockets;
using Aviso.Base;
using Aviso.Dns;

namespace Aviso.MailAuth;

/// <summary>check_host() of RFC 7208 §4, with all its limits: 10 terms that ask the DNS, 2 lookups without an answer, 10 MX and PTR names.</summary>
/// <param name="receiver">Our host name, for %{r}.</param>
public sealed class SpfChecker(IResolver resolver, string receiver, TimeProvider clock)
{
    /// <summary>RFC 7208 §2.4: MAIL FROM, or HELO when the reverse-path is null.</summary>
    public async ValueTask<SpfVerdict> CheckAsync(IPAddress client, string helo, MailAddress sender, CancellationToken cancel)
    {
        // RFC 8616 §4: the A-labels of both are what is asked about.
        helo = DomainName.TryParse(helo, out var name) ? name.Ascii : helo.TrimEnd('.');
        var (identity, domain) = sender.Domain.IsNone ? ("helo", helo) : ("mailfrom", sender.Domain.Ascii);
        return (await CheckHostAsync(client, domain, sender.LocalPart, helo, cancel)) with { Identity = identity };
    }

    /// <summary>RFC 7208 §4.1, for a domain as it stands, whatever it is.</summary>
    /// <param name="localPart">Of the sender; empty for "postmaster" (§4.3).</param>
    internal async ValueTask<SpfVerdict> CheckHostAsync(
        IPAddress client, string domain, string localPart, string helo, CancellationToken cancel)
    {
        if (client.IsIPv4MappedToIPv6) client = client.MapToIPv4();
        var local = localPart.Length > 0 ? localPart : "postmaster";
        var run = new Run(resolver, new(client, local, domain, helo, receiver, clock.GetUtcNow()), cancel);
        try
        {
            var result = await run.CheckHostAsync(domain, depth: 0);
            return new(result, domain, "mailfrom", result == SpfResult.Fail ? run.Explanation : "", run.Problem);
        }
        catch (SpfErrorException error)
        {
            return new(error.Result, domain, "mailfrom", "", error.Message);
        }
    }

    /// <summary>Ends an evaluation from any depth with PermError or TempError (RFC 7208 §2.6.6, 2.6.7).</summary>
    private sealed class SpfErrorException(SpfResult result, string problem) : Exception(problem)
    {
        public SpfResult Result => result;
    }

    private sealed class Run(IResolver resolver, SpfMacroValues values, CancellationToken cancel)
    {
        private const int MostTerms = 10, MostVoid = 2, MostNames = 10, MostDepth = 20;

        private int _terms;
        private int _void;
        private string? _validated;

        public string Explanation { get; private set; } = "";

        public string Problem { get; private set; } = "";

        public async ValueTask<SpfResult> CheckHostAsync(string domain, int depth)
        {
            // RFC 7208 §4.3: a malformed or single-label domain has no policy, nor has a literal.
            if (domain is ['[', ..] || DnsName.Normalize(domain) is null || !domain.Contains('.', StringComparison.Ordinal))
                return SpfResult.None;
            if (depth > MostDepth) throw Permanent($"includes nested more than {MostDepth} deep");
            if (await RecordAsync(domain) is not { } text) return SpfResult.None;
            if (SpfRecord.Parse(text, out var problem) is not { } record) throw Permanent($"syntax error in the record of {domain} at \"{problem}\"");
            foreach (var directive in record.Directives)
            {
                if (!await MatchesAsync(directive, domain, depth)) continue;
                if (directive.Result == SpfResult.Fail && record.Explanation is { } exp && depth == 0) await ExplainAsync(exp, domain);
                return directive.Result;
            }
            if (record.Redirect is not { } redirect) return SpfResult.Neutral;
            Count();
            var target = await DomainAsync(redirect, domain);
            // RFC 7208 §6.1: no record there is a PermError. Its explanation is used: it takes this record's place.
            var result = await CheckHostAsync(target, depth);
            return result == SpfResult.None ? throw Permanent($"redirect to {target}, which has no record") : result;
        }

        private async ValueTask<string?> RecordAsync(string domain)
        {
            var answer = await QueryAsync(domain, DnsType.Txt);
            string? found = null;
            foreach (var txt in answer.Records.OfType<TxtRecord>())
            {
                var text = txt.Text;
                if (!SpfRecord.IsSpf(text)) continue;
                // RFC 7208 §4.5
                if (found is not null) throw Permanent($"{domain} has more than one record");
                found = text;
            }
            if (found is not null && found.AsSpan().ContainsAnyExceptInRange(' ', '~')) throw Permanent($"the record of {domain} is not ASCII");
            return found;
        }

        private async ValueTask<bool> MatchesAsync(SpfDirective directive, string domain, int depth)
        {
            switch (directive.Mechanism)
            {
                case SpfMechanism.All: return true;
                case SpfMechanism.Ip4 or SpfMechanism.Ip6: return Within(directive.Address!, directive);
            }
            Count();
            if (directive.Mechanism == SpfMechanism.Ptr)
                return await IsValidatedAsync(directive.Domain.Length == 0 ? domain : await DomainAsync(directive.Domain, domain));
            var target = directive.Domain.Length == 0 ? domain : await DomainAsync(directive.Domain, domain);
            switch (directive.Mechanism)
            {
                case SpfMechanism.Include: return await IncludesAsync(target, depth);
                // RFC 7208 §5.7: always A, whatever the client's family.
                case SpfMechanism.Exists: return (await TermAsync(target, DnsType.A)).Records.OfType<ARecord>().Any();
                case SpfMechanism.A: return await HasAddressAsync(target, directive, isTerm: true);
            }
            var exchanges = (await TermAsync(target, DnsType.Mx)).Records.OfType<MxRecord>().ToList();
            // RFC 7208 §4.6.4
            if (exchanges.Count > MostNames) throw Permanent($"{target} has more than {MostNames} MX records");
            foreach (var mx in exchanges.OrderBy(m => m.Preference))
                if (await HasAddressAsync(mx.Exchange, directive, isTerm: false)) return true;
            return false;
        }

        // RFC 7208 §5.2
        private async ValueTask<bool> IncludesAsync(string target, int depth) => await CheckHostAsync(target, depth + 1) switch
        {
            SpfResult.Pass => true,
            SpfResult.None => throw Permanent($"include:{target}, which has no record"),
            _ => false,
        };

        private async ValueTask<bool> HasAddressAsync(string name, SpfDirective directive, bool isTerm)
        {
            var six = values.Client.AddressFamily == AddressFamily.InterNetworkV6;
            var type = six ? DnsType.Aaaa : DnsType.A;
            var answer = isTerm ? await TermAsync(name, type) : await QueryAsync(name, type);
            foreach (var record in answer.Records)
            {
                if (record is ARecord { Address: var four } && Within(four, directive)) return true;
                if (record is AaaaRecord { Address: var long6 } && Within(long6, directive)) return true;
            }
            return false;
        }

        private bool Within(IPAddress network, SpfDirective directive)
        {
            if (network.AddressFamily != values.Client.AddressFamily) return false;
            Span<byte> ours = stackalloc byte[16], theirs = stackalloc byte[16];
            values.Client.TryWriteBytes(ours, out var length);
            network.TryWriteBytes(theirs, out _);
            var bits = length == 4 ? directive.Prefix4 : directive.Prefix6;
            for (var i = 0; i < length && bits > 0; i++, bits -= 8)
            {
                var mask = bits >= 8 ? 0xFF : 0xFF00 >> bits & 0xFF;
                if ((ours[i] & mask) != (theirs[i] & mask)) return false;
            }
            return true;
        }

        // RFC 7208 §5.5: names of the client that lead back to it. A DNS error means no match.
        private async ValueTask<IReadOnlyList<string>> NamesAsync() => (await ClientNames.OfAsync(resolver, values.Client, MostNames, cancel)).Valid;

        private async ValueTask<bool> IsValidatedAsync(string domain) => (await NamesAsync()).Any(n => IsWithin(n, domain));

        private static bool IsWithin(string name, string domain) => DomainName.IsWithin(name.ToLowerInvariant(), domain.ToLowerInvariant());

        // RFC 7208 §7.3, %{p}: the domain itself, else a name below it, else any, else "unknown".
        private async ValueTask<string> ValidatedNameAsync(string domain)
        {
            if (_validated is not null) return _validated;
            var names = await NamesAsync();
            return _validated = names.FirstOrDefault(n => n.Equals(domain, StringComparison.OrdinalIgnoreCase)) ?? names.FirstOrDefault(n => IsWithin(n, domain))
                ?? (names.Count > 0 ? names[0] : "unknown");
        }

        private ValueTask<string> DomainAsync(string spec, string domain) =>
            SpfMacro.DomainAsync(spec, values, domain, () => ValidatedNameAsync(domain));

        // RFC 7208 §6.2: whatever goes wrong here, the result stays and there is no explanation.
        private async ValueTask ExplainAsync(string spec, string domain)
        {
            var name = await DomainAsync(spec, domain);
            if (DnsName.Normalize(name) is null) return;
            var texts = (await resolver.QueryAsync(name, DnsType.Txt, cancel)).Records.OfType<TxtRecord>().ToList();
            if (texts.Count != 1 || texts[0].Text is not { } text || text.AsSpan().ContainsAnyExceptInRange(' ', '~') || !SpfMacro.IsMacroString(text.Replace(' ', 'x'))) return;
            Explanation = await SpfMacro.ExpandAsync(text, values, domain, () => ValidatedNameAsync(domain));
        }

        private void Count()
        {
            if (++_terms > MostTerms) throw Permanent($"more than {MostTerms} terms ask the DNS");
        }

        /// <summary>A lookup that a term asks for: no answer counts (RFC 7208 §4.6.4).</summary>
        private async ValueTask<DnsAnswer> TermAsync(string name, DnsType type)
        {
            var answer = await QueryAsync(name, type);
            if (answer.Status is DnsStatus.NxDomain or DnsStatus.NoData && ++_void > MostVoid) throw Permanent($"more than {MostVoid} lookups had no answer");
            return answer;
        }

        private async ValueTask<DnsAnswer> QueryAsync(string name, DnsType type)
        {
            // An expanded name may be none (RFC 7208 §4.8): nothing is found there.
            if (DnsName.Normalize(name) is null) return DnsAnswer.None(DnsStatus.NxDomain);
            var answer = await resolver.QueryAsync(name, type, cancel);
            return answer.Status is DnsStatus.ServFail or DnsStatus.Timeout
                ? throw new SpfErrorException(SpfResult.TempError, $"{name} could not be asked for") : answer;
        }

        private SpfErrorException Permanent(string problem)
        {
            Problem = problem;
            return new(SpfResult.PermError, problem);
        }
    }
}
