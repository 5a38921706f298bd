using System.Net;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>An aggregate report about one domain (RFC 7489 appendix C, RFC 9990): who sent as this domain, and what came of it.</summary>
public sealed record DmarcReport
{
    /// <summary>Reports have few thousand records; beyond this the rest is not read, and <see cref="IsCut"/> says so.</summary>
    public const int MostRows = 10_000;

    /// <summary>Who reports.</summary>
    public required string Organization { get; init; }

    public string Email { get; init; } = "";

    public string Contact { get; init; } = "";

    public required string ReportId { get; init; }

    public required DateTimeOffset Begin { get; init; }

    public required DateTimeOffset End { get; init; }

    public IReadOnlyList<string> Errors { get; init; } = [];

    public required DmarcPublished Published { get; init; }

    public required IReadOnlyList<DmarcRow> Rows { get; init; }

    /// <summary>There were more records, or more in one of them, than were read.</summary>
    public bool IsCut { get; init; }

    /// <summary>False when a row counts more messages than anybody sends: then nothing of it is summed.</summary>
    public bool IsBelievable => Rows.All(r => r.Count < ReportText.MostCount);

    /// <summary>Reads a report of any of its versions; unknown elements are passed over, values are compared without case.</summary>
    /// <param name="problem">Why it is none.</param>
    /// <exception cref="WorkSpentException">It would cost more than a report may.</exception>
    public static DmarcReport? Parse(ReadOnlySpan<byte> xml, WorkBudget work, out string problem) =>
        DmarcReportReader.Read(ReportText.Decode(xml), work, out problem);
}

/// <summary>The policy a reporter found: p, sp, np as written, lower case; empty when absent.</summary>
public sealed record DmarcPublished(
    string Domain, string Policy, string SubdomainPolicy, string NonexistentPolicy, bool StrictDkim, bool StrictSpf, int Percent,
    string FailureOptions);

/// <summary>Messages of one source with the same results.</summary>
public sealed record DmarcRow
{
    /// <summary>Null when the reporter wrote something else.</summary>
    public IPAddress? SourceIp { get; init; }

    public long Count { get; init; }

    /// <summary>none, quarantine, reject, or what the reporter wrote (pass).</summary>
    public string Disposition { get; init; } = "";

    /// <summary>An aligned signature passed.</summary>
    public bool DkimPass { get; init; }

    /// <summary>SPF passed and was aligned.</summary>
    public bool SpfPass { get; init; }

    public bool Passed => DkimPass || SpfPass;

    public IReadOnlyList<DmarcOverride> Reasons { get; init; } = [];

    public string HeaderFrom { get; init; } = "";

    public string EnvelopeFrom { get; init; } = "";

    public string EnvelopeTo { get; init; } = "";

    public IReadOnlyList<DmarcDkimResult> Dkim { get; init; } = [];

    public IReadOnlyList<DmarcSpfResult> Spf { get; init; } = [];
}

/// <param name="Type">forwarded, mailing_list, local_policy, trusted_forwarder, sampled_out, other...</param>
public sealed record DmarcOverride(string Type, string Comment);

public sealed record DmarcDkimResult(string Domain, string Selector, string Result, string Explanation);

/// <param name="Scope">mfrom or helo; empty when not said.</param>
public sealed record DmarcSpfResult(string Domain, string Scope, string Result);
