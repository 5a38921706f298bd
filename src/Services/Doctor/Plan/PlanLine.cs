using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>A record as it stands somewhere.</summary>
/// <param name="Id">How the provider calls it; empty where records have no other name than themselves.</param>
/// <param name="IsProxied">A proxy of the provider answers in its place.</param>
public sealed record FoundRecord(DnsRecord Record, string Id = "", bool IsProxied = false)
{
    public string Text => RecordText.Of(Record);
}

/// <summary>What stands at one name and type.</summary>
/// <param name="Trouble">Why nothing is known, such as "SERVFAIL"; empty when somebody answered.</param>
public sealed record FoundSet(IReadOnlyList<FoundRecord> Records, string Trouble = "")
{
    /// <summary>The name is an alias of this one, and the records stand there; null when they stand here.</summary>
    public string? Alias { get; init; }

    /// <summary>Where a CNAME is wanted: what stands there instead, "192.0.2.1".</summary>
    public IReadOnlyList<string> Instead { get; init; } = [];

    /// <summary>Where a CNAME is wanted: the name leads to the same addresses by another way.</summary>
    public bool LeadsThere { get; init; }

    /// <summary>Terms of SPF that are not there and whose hosts pass all the same.</summary>
    public IReadOnlySet<string> Covered { get; init; } = new HashSet<string>();

    public static FoundSet Unknown(string trouble) => new([], trouble);
}

public enum PlanAction
{
    Fine, Create, Update, Delete,

    /// <summary>People must decide; the reason says what about.</summary>
    ByHand,

    /// <summary>The DNS does not say.</summary>
    Unknown,
}

/// <summary>What to do about one set of records.</summary>
/// <param name="Wanted">The values after it.</param>
/// <param name="Found">The values before it.</param>
public sealed record PlanLine(
    string Domain, DnsPurpose Purpose, string Name, DnsType Type, PlanAction Action, IReadOnlyList<string> Wanted,
        IReadOnlyList<string> Found,
    string Reason)
{
    public uint Ttl { get; init; }

    public bool Urgent { get; init; }

    /// <summary>Of the values after it those that this server needs; the others are kept for whoever wrote them.</summary>
    public IReadOnlyList<string> Ours { get; init; } = [];

    /// <summary>Values to write, and records to take away: everything else at this name stays.</summary>
    public IReadOnlyList<string> Adds { get; init; } = [];

    public IReadOnlyList<FoundRecord> Removes { get; init; } = [];

    public bool IsChange => Action is PlanAction.Create or PlanAction.Update or PlanAction.Delete;

    /// <summary>As `--only` takes it.</summary>
    public string Label => $"{Name}/{DnsTypes.NameOf(Type)}";

    /// <summary>Null for what is fine.</summary>
    public DnsDifference? Difference => Action == PlanAction.Fine ? null : new(Domain, Name, DnsTypes.NameOf(Type), Purpose, Action switch
    {
        PlanAction.Create => DnsDifferenceKind.Missing,
        PlanAction.Update => DnsDifferenceKind.Differs,
        PlanAction.Delete => DnsDifferenceKind.Unused,
        PlanAction.ByHand => DnsDifferenceKind.Contradicts,
        _ => DnsDifferenceKind.Unknown,
    }, Wanted, Found, Reason, Urgent);
}
