using Aviso.Dns;

namespace Aviso.MailAuth;

/// <summary>What is wrong with an SPF record as a whole.</summary>
public enum SpfTrouble
{
    None, NoRecord, Several, Broken, TooManyLookups, TooManyVoids, NotAnswered,
}

/// <summary>
/// An SPF record read as a whole, through all that it includes, as a receiver would for a client that matches nothing (RFC 7208 §4.6.4
/// counts): for the owner of a record, who wants to know what it says rather than whether one address passes.
/// </summary>
/// <param name="Trouble">The first thing that is wrong.</param>
/// <param name="Problem">Where and what; empty when nothing is.</param>
/// <param name="Record">The domain's own record; empty without one.</param>
/// <param name="Lookups">Terms that ask the DNS.</param>
/// <param name="Voids">Names that lead nowhere.</param>
public sealed record SpfSurvey(SpfTrouble Trouble, string Problem, string Record, int Lookups, IReadOnlyList<string> Voids)
{
    /// <summary>More are an error to every receiver (RFC 7208 §4.6.4).</summary>
    public const int MostTerms = 10, MostVoid = 2;

    // Far beyond what is allowed, so that the count can be said; a bound for circles.
    private const int MostLookups = 40;

    private HashSet<string> Terms { get; init; } = [];

    /// <summary>Each mechanism of the own record that asks the DNS, with what it costs: "include:spf.example 3".</summary>
    public IReadOnlyList<string> Costs { get; private init; } = [];

    /// <summary>The record ends in +all.</summary>
    public bool AllowsEverybody { get; private init; }

    /// <summary>The domain's own record can be read: what it lacks is known.</summary>
    public bool IsReadable { get; private init; }

    /// <summary>Every term of <paramref name="wanted"/>, such as "include:spf.example ip4:192.0.2.1", stands in the record or in what it
    /// includes.</summary>
    public bool Has(string wanted) =>
        wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(term => Terms.Contains(SpfText.TermMeaning(term)));

    /// <summary>Of the record that a domain publishes.</summary>
    public static async ValueTask<SpfSurvey> OfAsync(IResolver resolver, string domain, CancellationToken cancel)
    {
        var walk = new Walk(resolver, cancel);
        await walk.DomainAsync(domain, isOwn: true);
        return walk.Result();
    }

    /// <summary>As if <paramref name="domain"/> published this record.</summary>
    public static async ValueTask<SpfSurvey> OfAsync(IResolver resolver, string domain, string record, CancellationToken cancel)
    {
        var walk = new Walk(resolver, cancel);
        await walk.RecordAsync(domain, record, isOwn: true);
        return walk.Result();
    }

    private sealed class Walk(IResolver resolver, CancellationToken cancel)
    {
        private const int MostExchanges = 10;

        private readonly List<string> _voids = [], _costs = [];
        private readonly HashSet<string> _terms = new(StringComparer.Ordinal);
        private SpfTrouble _trouble;
        private string _problem = "", _record = "";
        private int _lookups;
        private bool _allowsEverybody, _isReadable;

        public SpfSurvey Result()
        {
            if (_lookups > MostTerms)
                Note(SpfTrouble.TooManyLookups, $"it takes {_lookups}{(_lookups >= MostLookups ? " or more" : "")} lookups, {MostTerms} are "
                    + "allowed: every receiver ends with an error (RFC 7208 section 4.6.4)");
            if (_voids.Count > MostVoid)
                Note(SpfTrouble.TooManyVoids, $"{_voids.Count} of its lookups have no answer, {MostVoid} are allowed: every receiver ends "
                    + $"with an error: {string.Join(", ", _voids)}");
            return new(_trouble, _problem, _record, _lookups, _voids)
            {
                Terms = _terms,
                Costs = _costs,
                AllowsEverybody = _allowsEverybody,
                IsReadable = _isReadable,
            };
        }

        public async Task DomainAsync(string domain, bool isOwn)
        {
            if (_lookups >= MostLookups) return;
            var answer = await resolver.QueryAsync(domain, DnsType.Txt, cancel);
            if (answer.IsTemporary)
            {
                Note(SpfTrouble.NotAnswered, $"{domain} could not be asked for");
                return;
            }
            var texts = answer.Of<TxtRecord>().Select(r => r.Text).Where(SpfRecord.IsSpf).ToList();
            if (isOwn) _record = string.Join(" | ", texts);
            if (texts.Count == 0) Note(isOwn ? SpfTrouble.NoRecord : SpfTrouble.Broken, $"{domain} has no SPF record");
            else if (texts.Count > 1) Note(isOwn ? SpfTrouble.Several : SpfTrouble.Broken, $"{domain} has {texts.Count} SPF records");
            else await RecordAsync(domain, texts[0], isOwn);
        }

        public async Task RecordAsync(string domain, string text, bool isOwn)
        {
            if (isOwn) _record = text;
            var wrong = text;
            if (!SpfRecord.IsSpf(text) || SpfRecord.Parse(text, out wrong) is not { } record)
            {
                Note(SpfTrouble.Broken, $"the record of {domain} cannot be read at `{wrong}`");
                return;
            }
            _isReadable |= isOwn;
            _terms.UnionWith(SpfText.Parse(text).Passing);
            // RFC 7208 §5.1: what follows "all" never counts; §6.1: redirect= only without it.
            foreach (var directive in record.Directives.TakeWhile(d => d.Mechanism != SpfMechanism.All))
            {
                var before = _lookups;
                await DirectiveAsync(domain, directive);
                if (isOwn && _lookups > before) _costs.Add(Cost(directive, _lookups - before));
            }
            if (record.Directives.FirstOrDefault(d => d.Mechanism == SpfMechanism.All) is { } all)
                _allowsEverybody |= isOwn && all.Result == SpfResult.Pass;
            else if (record.Redirect is { } redirect && _lookups < MostLookups)
            {
                _lookups++;
                if (!redirect.Contains('%', StringComparison.Ordinal)) await DomainAsync(redirect.TrimEnd('.'), isOwn: false);
            }
        }

        private static string Cost(SpfDirective directive, int lookups) =>
            $"{directive.Mechanism.ToString().ToLowerInvariant()}{(directive.Domain.Length > 0 ? ":" : "")}{directive.Domain} {lookups}";

        private async Task DirectiveAsync(string domain, SpfDirective directive)
        {
            if (directive.Mechanism is SpfMechanism.Ip4 or SpfMechanism.Ip6 || _lookups >= MostLookups) return;
            _lookups++;
            var target = directive.Domain.Length == 0 ? domain : directive.Domain.TrimEnd('.');
            // What a macro stands for is known only with a client.
            if (target.Contains('%', StringComparison.Ordinal) || directive.Mechanism == SpfMechanism.Ptr) return;
            if (directive.Mechanism == SpfMechanism.Include)
            {
                await DomainAsync(target, isOwn: false);
                return;
            }
            var answer = await resolver.QueryAsync(target, directive.Mechanism == SpfMechanism.Mx ? DnsType.Mx : DnsType.A, cancel);
            if (answer.IsTemporary) Note(SpfTrouble.NotAnswered, $"{target} could not be asked for");
            // A host with IPv6 alone is void for half of the clients only (RFC 7208 §5.3).
            else if (answer.Records.Count == 0 && (directive.Mechanism != SpfMechanism.A
                || (await resolver.QueryAsync(target, DnsType.Aaaa, cancel)).Records.Count == 0)) _voids.Add(target);
            else if (directive.Mechanism == SpfMechanism.Mx && answer.Records.Count > MostExchanges)
                Note(SpfTrouble.Broken, $"{target} has more than {MostExchanges} MX records (RFC 7208 section 4.6.4)");
        }

        // What is known to be wrong says more than what could not be asked.
        private void Note(SpfTrouble trouble, string problem)
        {
            if (_trouble is SpfTrouble.None or SpfTrouble.NotAnswered) (_trouble, _problem) = (trouble, problem);
        }
    }
}
