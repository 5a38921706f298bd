// Plan owns which DNS records this server needs and what they mean: a pure function from settings, keys, relays and certificates to
// records, and the comparison of these with what is there. Rules in here: values are texts as in a zone file, TXT in one piece; two
// texts are equal when they mean the same (RecordMeaning); nothing that does not answer is ever called missing; what others published
// beside our records stays.
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>The records of one name and type that the DNS ought to hold for us.</summary>
/// <param name="Domain">The mail domain it is for; our host name for records of the host.</param>
/// <param name="Name">Lower case A-labels, no last dot.</param>
/// <param name="Values">As in a zone file: "10 mail.example.org."; TXT in one piece without quotes.</param>
/// <param name="Why">One sentence for people.</param>
public sealed record WantedSet(string Domain, DnsPurpose Purpose, string Name, DnsType Type, IReadOnlyList<string> Values, string Why)
{
    public uint Ttl { get; init; } = 3600;

    /// <summary>Mail, or what we promise about it, fails without it.</summary>
    public bool Urgent { get; init; }

    /// <summary>The policy (p=) of DMARC is the owner's: what is published stays.</summary>
    public bool KeepsPolicy { get; init; }

    /// <summary>Other texts that do what one of <see cref="Values"/> does, each with that value (TLSA of another matching type).</summary>
    public IReadOnlyDictionary<string, string> Accepted { get; init; } = new Dictionary<string, string>();

    /// <summary>As `--only` takes it.</summary>
    public string Label => $"{Name}/{DnsTypes.NameOf(Type)}";

    /// <summary>Of all records that may stand at this name and type, those of this purpose: the others are nobody's business
    /// here.</summary>
    public bool IsOurs(string value) => Type != DnsType.Txt || Purpose switch
    {
        DnsPurpose.Spf => StartsWith(value, "v=spf1", ' '),
        DnsPurpose.Dmarc => IsVersion(value, "DMARC1"),
        DnsPurpose.MtaSts => IsVersion(value, "STSv1"),
        DnsPurpose.TlsReports => IsVersion(value, "TLSRPTv1"),
        // RFC 6376 §3.6.2.2: only a key stands at a selector.
        DnsPurpose.Dkim => !value.TrimStart('"', ' ').StartsWith("heritage=external-dns", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private static bool IsVersion(string value, string version)
    {
        var first = value.Split(';', 2)[0].Split('=', 2);
        return first.Length == 2 && first[0].Trim().Equals("v", StringComparison.OrdinalIgnoreCase)
            && first[1].Trim().Equals(version, StringComparison.OrdinalIgnoreCase);
    }

    private static bool StartsWith(string value, string version, char then) =>
        value.TrimStart().StartsWith(version, StringComparison.OrdinalIgnoreCase)
        && (value.TrimStart().Length == version.Length || value.TrimStart()[version.Length] == then);
}
