using Aviso.Dns;
using Aviso.MailAuth;

namespace Aviso.Doctor;

/// <summary>What ought to stand at a name, given what stands there: what others put beside our part is kept.</summary>
/// <param name="Reason">What is wrong with what stands there.</param>
/// <param name="ByHand">Only people can decide.</param>
/// <param name="Urgent">Null: as the wanted set says.</param>
internal sealed record Target(IReadOnlyList<string> Values, string Reason, bool ByHand = false, bool? Urgent = null)
{
    public static Target Of(WantedSet wanted, IReadOnlyList<string> found, IReadOnlyList<string> written, IReadOnlySet<string> covered) =>
        found.Count == 0 ? new(wanted.Values, wanted.Why) : (wanted.Purpose, wanted.Type) switch
        {
            (DnsPurpose.Mx, _) => Mx(wanted, found, written),
            (DnsPurpose.Spf, _) => Spf(wanted, found, written, covered),
            (DnsPurpose.Dmarc, _) => Dmarc(wanted, found, written),
            (DnsPurpose.TlsReports, _) => TlsReports(wanted, found, written),
            (DnsPurpose.Caa, _) => Caa(wanted, found, written),
            (DnsPurpose.Dkim, DnsType.Txt) => Dkim(wanted, found),
            (DnsPurpose.MtaSts, DnsType.Txt) => new(wanted.Values, found.Count > 1
                ? "there is more than one: others then see none (RFC 8461 section 3.1)"
                : "the policy has changed since, and others keep the old one until the id does", Urgent: true),
            (DnsPurpose.Tlsa, _) => Tlsa(wanted, found),
            _ => new(wanted.Values, "it says something else: " + wanted.Why),
        };

    // A host that takes our mail and that nothing here knows of is a backup somebody forgot to declare, or one to forget.
    private static Target Mx(WantedSet wanted, IReadOnlyList<string> found, IReadOnlyList<string> written)
    {
        var (ours, there) = (wanted.Values.Select(Mail).ToList(), found.Select(Mail).ToList());
        var stray = there.Where(t => !ours.Exists(o => o.Host == t.Host)).Select(t => t.Host).ToList();
        if (there.Exists(t => t.Host == ours[0].Host) && stray.Count > 0 && !found.All(f => written.Contains(f)))
            return new(wanted.Values,
                $"mail goes to {string.Join(" and ", stray)}, too, of which the settings know nothing: name it in `mta_sts.mx`, or "
                    + "remove the record",
                ByHand: true);
        var inOrder = there.OrderBy(t => t.Preference).ToList();
        var whole = stray.Count == 0 && ours.TrueForAll(o => there.Exists(t => t.Host == o.Host)) && there.Count == ours.Count;
        // The numbers are the owner's as long as our own host comes first.
        if (whole && inOrder[0].Host == ours[0].Host && (ours.Count == 1 || inOrder[1].Preference > inOrder[0].Preference))
            return new([.. found], wanted.Why);
        return new(wanted.Values, whole ? "a backup comes before this server" : stray.Count > 0
            ? $"mail goes to {string.Join(" and ", stray)} and not to this server" : "not all servers that take mail are named");

        static (int Preference, string Host) Mail(string text) =>
            RecordText.Parse("x", 0, DnsType.Mx, text) is MxRecord mx ? (mx.Preference, mx.Exchange) : (0, text);
    }

    private static Target Spf(WantedSet wanted, IReadOnlyList<string> found, IReadOnlyList<string> written, IReadOnlySet<string> covered)
    {
        var want = SpfText.Parse(wanted.Values[0]);
        var there = SpfText.Joined(found.Select(SpfText.Parse));
        var needed = want.Senders.Where(t => !covered.Contains(t)).ToList();
        var former = written.SelectMany(w => SpfText.Parse(w).Senders).Where(t => !want.Has(t)).ToList();
        var target = there.With(needed, former, $"{want.All}all");
        var missing = needed.Where(t => !there.Has(t)).ToList();
        var gone = former.Where(there.Has).ToList();
        List<string> reasons = [];
        if (found.Count > 1) reasons.Add("there is more than one SPF record, which is an error to every receiver (RFC 7208 section 4.5)");
        if (missing.Count > 0) reasons.Add($"{string.Join(' ', missing)} is not in it: mail sent that way fails SPF");
        if (gone.Count > 0) reasons.Add($"{string.Join(' ', gone)} was written by this server and is needed no more");
        if (there is { All: null or '+' or '?', HasRedirect: false })
            reasons.Add(there.All is null ? "it does not end with \"all\"" : $"\"{there.All}all\" lets anybody send as {wanted.Domain}");
        return new([target.ToString()], string.Join("; ", reasons), Urgent: wanted.Urgent && (found.Count > 1 || missing.Count > 0));
    }

    private static Target Dmarc(WantedSet wanted, IReadOnlyList<string> found, IReadOnlyList<string> written)
    {
        if (wanted.Name.Contains("._report._dmarc.", StringComparison.Ordinal)) return new([found[0]], wanted.Why);
        var (want, tags) = (TagText.Parse(wanted.Values[0]), TagText.Parse(found[0]));
        List<string> reasons = [];
        if (found.Count > 1) reasons.Add("there is more than one record: receivers then see none");
        var policy = tags["p"]?.ToLowerInvariant();
        if (policy is not ("none" or "quarantine" or "reject") || (!wanted.KeepsPolicy && policy != want["p"]))
        {
            reasons.Add(policy is null ? "it has no policy (p=)" : $"its policy is p={policy}, the settings say p={want["p"]}");
            tags.Set("p", want["p"]!, at: 1);
        }
        // RFC 9989: pct= is gone, t=y says what pct=0 did.
        if (tags["pct"] is { } percent)
        {
            reasons.Add(
                $"pct={percent} is no longer part of DMARC (RFC 9989): receivers apply the policy to all mail; t=y is the way to only "
                    + "try one");
            if (percent == "0") tags.Set("t", "y");
        }
        if ((tags["ri"] ?? tags["rf"]) is not null) reasons.Add("ri= and rf= are no longer part of DMARC (RFC 9989)");
        tags.Remove("pct", "ri", "rf");
        if (Reports(tags, want, written) is { Length: > 0 } where) reasons.Add(where);
        return new([tags.ToString()], string.Join("; ", reasons), Urgent: false);
    }

    private static Target TlsReports(WantedSet wanted, IReadOnlyList<string> found, IReadOnlyList<string> written)
    {
        var (want, tags) = (TagText.Parse(wanted.Values[0]), TagText.Parse(found[0]));
        var reason = found.Count > 1 ? "there is more than one: others then see none (RFC 8460 section 3)" : "";
        return new([tags.ToString()], Reports(tags, want, written) is { Length: > 0 } where ? where : reason);
    }

    // Ours goes beside the addresses of others; one that we wrote before and no longer want goes.
    private static string Reports(TagText tags, TagText want, IReadOnlyList<string> written)
    {
        var ours = want["rua"]!;
        var former = written.SelectMany(w => ReportUris.Of(TagText.Parse(w)["rua"] ?? "")).Select(ReportUris.Address)
            .Where(a => a != ReportUris.Address(ours)).ToHashSet();
        var there = ReportUris.Of(tags["rua"] ?? "");
        var kept = there.Where(u => ReportUris.Address(u) is not { } address || !former.Contains(address)).ToList();
        var has = kept.Exists(u => ReportUris.Address(u) == ReportUris.Address(ours));
        if (!has) kept.Add(ours);
        if (has && kept.Count == there.Count) return "";
        tags.Set("rua", string.Join(",", kept));
        return has ? "it still names an address that reports went to before"
            : $"reports do not come to {ReportUris.Address(ours)}, so nobody here reads them";
    }

    // RFC 8659 §4.2: one more issuer takes nothing from others.
    private static Target Caa(WantedSet wanted, IReadOnlyList<string> found, IReadOnlyList<string> written)
    {
        var former = written.Where(w => !wanted.Values.Any(v => Issuer(v) == Issuer(w))).Select(Issuer).ToHashSet();
        var kept = found.Where(f => !former.Contains(Issuer(f))).ToList();
        var missing = wanted.Values.Where(v => !kept.Exists(f => Issuer(f) == Issuer(v))).ToList();
        return new([.. kept, .. missing], missing.Count == 0 ? "an authority is named that this server no longer uses"
            : $"{string.Join(", ", missing.Select(Issuer))} is not allowed: the next renewal fails", Urgent: missing.Count > 0);

        static string Issuer(string text) => RecordText.Parse("x", 0, DnsType.Caa, text) is CaaRecord { Tag: "issue" } caa
            ? System.Text.Encoding.Latin1.GetString(caa.Value).Split(';')[0].Trim().TrimEnd('.').ToLowerInvariant() : text;
    }

    // RFC 6376 §3.6.1: other tags are the owner's, unless they forbid what we do.
    private static Target Dkim(WantedSet wanted, IReadOnlyList<string> found)
    {
        var (want, there) = (TagText.Parse(wanted.Values[0]), TagText.Parse(found[0]));
        var same = Bare(there["p"]) == Bare(want["p"]) && (there["k"] ?? "rsa").Equals(want["k"] ?? "rsa",
            StringComparison.OrdinalIgnoreCase);
        var testing = List(there["t"]).Contains("y");
        var forbids = there["s"] is { } services && !List(services).Any(s => s is "*" or "email") || there["h"] is { } hashes
            && !List(hashes).Contains("sha256");
        if (found.Count == 1 && same && !testing && !forbids) return new([found[0]], wanted.Why);
        return new(wanted.Values, found.Count > 1 ? "there is more than one key at this selector"
            : !same ? there["p"] is "" ? "the key is revoked there (p= is empty)" : "another key stands there: what this server signs fails"
            : testing ? "t=y says that signing is only being tried: receivers make nothing of it"
                : "it forbids what this server signs with (s= or h=)",
            Urgent: wanted.Urgent && (found.Count > 1 || !same || forbids));

        static string Bare(string? p) => string.Concat((p ?? "").Where(c => !char.IsWhiteSpace(c)));
        static string[] List(string? text) => (text ?? "").ToLowerInvariant().Split(':', StringSplitOptions.TrimEntries);
    }

    private static Target Tlsa(WantedSet wanted, IReadOnlyList<string> found)
    {
        var there = found.Select(f => Comparison.Meaning(wanted, f)).ToHashSet();
        var current = there.Contains(wanted.Values[0]);
        return new(wanted.Values, !current ? "the DNS names other keys only: those who check DANE send us no mail now"
            : wanted.Values.Any(v => !there.Contains(v))
                ? "the next certificate's key is not there: until it is, renewals keep the present key"
            : "it names a key that is not ours", Urgent: !current);
    }
}
