using System.Net;
using System.Net.Sockets;

namespace Aviso.MailAuth;

/// <summary>
/// An SPF record as terms (RFC 7208 §4.6.1): order counts only where a term that does not pass stands before others, and of what follows
/// "all" nothing counts. Text that is no record is taken as it is.
/// </summary>
public sealed class SpfText
{
    private readonly List<string> _terms;

    private SpfText(IEnumerable<string> terms) => _terms = [.. terms];

    /// <summary>Mechanisms and modifiers as written, without the version.</summary>
    public IReadOnlyList<string> Terms => _terms;

    /// <summary>The qualifier of "all": '+', '-', '~' or '?'; null without one.</summary>
    public char? All => _terms.Find(IsAll) is { } all ? Qualifier(all) : null;

    /// <summary>Mechanisms but "all".</summary>
    public IEnumerable<string> Senders => _terms.Where(t => !IsAll(t) && !IsModifier(t));

    public bool HasRedirect => _terms.Exists(t => t.StartsWith("redirect=", StringComparison.OrdinalIgnoreCase));

    public static SpfText Parse(string text) => new(
        text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is [var version, .. var terms]
            && version.Equals("v=spf1", StringComparison.OrdinalIgnoreCase) ? terms : [text]);

    /// <summary>The record of a domain whose mail leaves from these hosts. All that is not named is doubtful, not refused: forwarders
    /// exist.</summary>
    /// <param name="addresses">Ours; none: whoever takes mail for the domain sends it too.</param>
    /// <param name="others">Terms for those who send for us, such as "include:spf.example"; several in one are set off by spaces.</param>
    public static SpfText Naming(IReadOnlyCollection<IPAddress> addresses, IEnumerable<string> others) => new(
        [.. addresses.Count == 0 ? ["mx"] : addresses.Select(Term),
            .. others.SelectMany(o => o.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.OrdinalIgnoreCase), "~all"]);

    /// <summary>The term for one host.</summary>
    public static string Term(IPAddress address) => (address.AddressFamily == AddressFamily.InterNetworkV6 ? "ip6:" : "ip4:") + address;

    /// <summary>Terms that only let pass come in any order before the next that does not.</summary>
    public string Meaning
    {
        get
        {
            var groups = new List<string>();
            var passing = new SortedSet<string>(StringComparer.Ordinal);
            var modifiers = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var term in _terms)
            {
                if (IsModifier(term)) modifiers.Add(TermMeaning(term));
                else if (groups is [.., var last] && IsAll(last)) continue;
                else if (Qualifier(term) == '+' && !IsAll(term)) passing.Add(TermMeaning(term));
                else
                {
                    groups.AddRange(passing);
                    passing.Clear();
                    groups.Add(TermMeaning(term));
                }
            }
            // RFC 7208 §6.1: redirect= counts only without "all".
            if (groups is [.., var end] && IsAll(end)) modifiers.RemoveWhere(m => m.StartsWith("redirect=", StringComparison.Ordinal));
            return string.Join(' ', groups.Concat(passing).Concat(modifiers));
        }
    }

    public bool Has(string term) => _terms.Exists(t => TermMeaning(t) == TermMeaning(term));

    /// <summary>Are these mechanisms that let somebody send, and nothing else: what settings may ask of a record.</summary>
    public static bool AreSenders(string terms) =>
        SpfRecord.Parse("v=spf1 " + terms, out _) is { Directives.Count: > 0 } record
        && record.Directives.Count == terms.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length && record.Directives.All(d =>
            d.Mechanism != SpfMechanism.All && d.Result == SpfResult.Pass);

    /// <summary>What the mechanisms that let pass mean, each in one form.</summary>
    internal IEnumerable<string> Passing => Senders.Where(t => Qualifier(t) == '+').Select(TermMeaning);

    /// <summary>This record with these terms in it, before "all", and without those.</summary>
    public SpfText With(IEnumerable<string> wanted, IEnumerable<string> unwanted, string all)
    {
        var gone = unwanted.Select(TermMeaning).ToHashSet(StringComparer.Ordinal);
        var before = _terms.Where(t => !IsAll(t) && !IsModifier(t) && !gone.Contains(TermMeaning(t))).ToList();
        before.AddRange(wanted.Where(w => !before.Exists(t => TermMeaning(t) == TermMeaning(w))).ToList());
        var modifiers = _terms.Where(IsModifier).ToList();
        return new([.. before, .. HasRedirect && All is null ? [] : (string[])[All is '-' or '~' ? _terms.First(IsAll) : all],
            .. modifiers]);
    }

    /// <summary>What two records say together: one domain may have one only (RFC 7208 §4.5).</summary>
    public static SpfText Joined(IEnumerable<SpfText> records)
    {
        var all = records.ToList();
        var terms = all.SelectMany(r => r._terms.Where(t => !IsAll(t))).DistinctBy(TermMeaning);
        return new(terms.Concat(all.SelectMany(r => r._terms.Where(IsAll)).Take(1)));
    }

    public override string ToString() => string.Join(' ', ["v=spf1", .. _terms]);

    private static bool IsAll(string term) => term.TrimStart('+', '-', '~', '?').Equals("all", StringComparison.OrdinalIgnoreCase);

    private static bool IsModifier(string term) => term.IndexOf('=', StringComparison.Ordinal) is var at and > 0
        && term.AsSpan(0, at).IndexOfAny(':', '/') < 0 && char.IsAsciiLetter(term[0]);

    private static char Qualifier(string term) => term is ['+' or '-' or '~' or '?', ..] ? term[0] : '+';

    // "+" is what holds without a qualifier; /32 and //128 are what holds without a length (RFC 7208 §5.6). Macro letters in upper case
    // are escaped when they are put in (§7.3), so they stay as they are.
    internal static string TermMeaning(string term)
    {
        if (term.StartsWith('+')) term = term[1..];
        if (!term.Contains('%', StringComparison.Ordinal)) term = term.ToLowerInvariant();
        if (term.StartsWith("ip6:", StringComparison.Ordinal) && term[4..].Split('/') is [var six, ..] parts
            && System.Net.IPAddress.TryParse(six, out var address))
            term = $"ip6:{address}{(parts.Length > 1 && parts[1] != "128" ? "/" + parts[1] : "")}";
        if (term.StartsWith("ip4:", StringComparison.Ordinal) && term.EndsWith("/32", StringComparison.Ordinal)) term = term[..^3];
        return term.TrimEnd('.');
    }
}
