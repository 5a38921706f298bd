using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Wanted beside found, by meaning: what there is to do, and why.</summary>
public static class Comparison
{
    /// <param name="written">What this server wrote there last; empty when it wrote nothing.</param>
    public static PlanLine Of(WantedSet wanted, FoundSet found, IReadOnlyList<string> written)
    {
        var ours = found.Records.Where(r => wanted.IsOurs(r.Text)).ToList();
        var texts = ours.ConvertAll(r => r.Text);
        if (found.Trouble.Length > 0) return Line(PlanAction.Unknown, wanted.Values,
            $"the DNS does not say what is there: {found.Trouble}");
        if (wanted.Type == DnsType.Cname && found.LeadsThere) return Line(PlanAction.Fine, wanted.Values, wanted.Why);
        if (wanted.Type == DnsType.Cname && found.Instead.Count > 0) return Line(PlanAction.ByHand, wanted.Values,
            $"{string.Join(", ", found.Instead)} stands there, where an alias of {wanted.Values[0]} is wanted: {wanted.Why}; remove it, "
                + "then apply") with
        {
            Found = found.Instead,
        };
        if (wanted is { Purpose: DnsPurpose.Address, Values.Count: 0 }) return texts.Count == 0 ? Line(PlanAction.Fine, [], wanted.Why)
            : texts.TrueForAll(written.Contains) ? Leftover(wanted with { Values = written }, found)!
            : Line(PlanAction.ByHand, [], "it is published, and `dns.addresses` names no such address: name it there, or remove the record");
        if (wanted.Values.Count == 0) return texts.Exists(t => TagText.Parse(t)["p"] is { Length: > 0 })
            ? Line(PlanAction.Fine, texts, wanted.Why) : Line(PlanAction.ByHand, [], $"no key stands there; it {wanted.Why}");
        var target = Target.Of(wanted, texts, written, found.Covered);
        if (target.ByHand) return Line(PlanAction.ByHand, target.Values, target.Reason);
        var left = ours.ToList();
        var adds = new List<string>();
        foreach (var value in target.Values)
        {
            var same = left.FindIndex(r => !IsBehindProxy(r) && AreSame(wanted, r.Text, value));
            if (same < 0) adds.Add(value);
            else left.RemoveAt(same);
        }
        if (adds.Count == 0 && left.Count == 0) return Line(PlanAction.Fine, texts, wanted.Why) with { Urgent = false };
        if (found.Alias is { } alias) return Line(PlanAction.ByHand, target.Values,
            $"the name is an alias of {alias}, where it says something else: {target.Reason}; change it there, or remove the alias, then "
                + "apply");
        var reason = ours.Exists(IsBehindProxy) ? "a proxy of the provider stands in between, which passes no mail" : target.Reason;
        return Line(ours.Count == 0 ? PlanAction.Create : PlanAction.Update, target.Values, reason) with
        {
            Adds = adds,
            Removes = left,
            // What only tidies up is never urgent.
            Urgent = target.Urgent ?? wanted.Urgent,
        };

        bool IsBehindProxy(FoundRecord record) => wanted.Purpose == DnsPurpose.Address && record.IsProxied;

        PlanLine Line(PlanAction action, IReadOnlyList<string> values, string reason) =>
            new(wanted.Domain, wanted.Purpose, wanted.Name, wanted.Type, action, values, texts, reason)
            {
                Ttl = wanted.Ttl,
                Ours = wanted.Values,
                Urgent = wanted.Urgent && action is PlanAction.ByHand,
            };
    }

    /// <summary>A set that this server wrote and nothing uses any more; null when somebody changed it since, for then it is
    /// theirs.</summary>
    public static PlanLine? Leftover(WantedSet written, FoundSet found)
    {
        var ours = found.Records.Where(r => written.IsOurs(r.Text) && written.Values.Any(v => AreSame(written, r.Text, v))).ToList();
        return ours.Count == 0 ? null
            : new(written.Domain, written.Purpose, written.Name, written.Type, PlanAction.Delete, [], ours.ConvertAll(r => r.Text),
                "this server wrote it, and nothing uses it any more")
            {
                Removes = ours,
            };
    }

    /// <summary>Do the records of this purpose say exactly these values, in whatever form.</summary>
    public static bool Shows(WantedSet set, IEnumerable<string> found, IReadOnlyList<string> values) =>
        found.Where(set.IsOurs).Select(v => Meaning(set, v)).Order(StringComparer.Ordinal)
            .SequenceEqual(values.Select(v => Meaning(set, v)).Order(StringComparer.Ordinal));

    internal static bool AreSame(WantedSet set, string one, string other) => Meaning(set, one) == Meaning(set, other);

    internal static string Meaning(WantedSet set, string value)
    {
        var meaning = RecordMeaning.Of(set.Purpose, set.Type, value);
        return set.Accepted.GetValueOrDefault(meaning, meaning);
    }
}
