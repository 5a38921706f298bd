namespace Aviso.MailAuth;

/// <summary>A DMARC policy record (RFC 7489 §6.3, with np=, psd= and t= of its successor).</summary>
public sealed record DmarcRecord
{
    public DmarcPolicy Policy { get; init; }

    /// <summary>sp=, or p= when absent.</summary>
    public DmarcPolicy SubdomainPolicy { get; init; }

    /// <summary>np=, or sp= when absent.</summary>
    public DmarcPolicy NonexistentPolicy { get; init; }

    public bool StrictDkim { get; init; }

    public bool StrictSpf { get; init; }

    /// <summary>pct=, 0 to 100.</summary>
    public int Percent { get; init; } = 100;

    /// <summary>rua= addresses as written, with their size limits.</summary>
    public IReadOnlyList<string> AggregateReports { get; init; } = [];

    /// <summary>ruf= addresses as written.</summary>
    public IReadOnlyList<string> FailureReports { get; init; } = [];

    /// <summary>ri=, seconds.</summary>
    public long ReportInterval { get; init; } = 86_400;
}
