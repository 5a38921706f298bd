namespace Aviso.MailAuth;

/// <summary>Everything that was found out about who sent a message.</summary>
public sealed record AuthVerdict
{
    public SpfVerdict Spf { get; init; } = SpfVerdict.None;

    public IReadOnlyList<DkimVerdict> Dkim { get; init; } = [];

    public DmarcVerdict Dmarc { get; init; } = DmarcVerdict.None;

    public ArcVerdict Arc { get; init; } = ArcVerdict.None;

    public IprevVerdict Iprev { get; init; } = IprevVerdict.None;

    /// <summary>The one domain of From, ASCII lower case; empty when there is none or several.</summary>
    public string FromDomain { get; init; } = "";

    /// <summary>Checks that did not end within their time, by method name.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];
}
