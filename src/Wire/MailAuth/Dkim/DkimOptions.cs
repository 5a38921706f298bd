namespace Aviso.MailAuth;

/// <summary>How signatures of others are judged.</summary>
public sealed record DkimOptions
{
    /// <summary>RFC 8301 §3.2: larger moduli are nobody's; verifying one costs milliseconds.</summary>
    public const int MaximumRsaBits = 8192;

    /// <summary>Signatures of one message that are verified, from the top; the others get one verdict together.</summary>
    public int MaxSignatures { get; init; } = 10;

    /// <summary>RFC 8301 §3.2: a signature with a smaller key is not valid.</summary>
    public int MinimumRsaBits { get; init; } = 1024;

    /// <summary>How long the keys of one message may take to arrive; those that do not are temporary errors.</summary>
    public TimeSpan KeyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>False to judge old mail as it was when it came: x= and a t= in the future are not looked at.</summary>
    public bool EnforceTimes { get; init; } = true;

    /// <summary>
    /// RFC 6376 §3.5 t=: how far in the future a signature may have been made; null, as shipped, for any time: a sender whose
    /// clock is wrong is still the sender.
    /// </summary>
    public TimeSpan? FutureTolerance { get; init; }

    /// <summary>Domains whose seals are believed, lower case (RFC 8617 §7.2.1); a name covers those below it.</summary>
    public IReadOnlyList<string> TrustedSealers { get; init; } = [];

    /// <summary>RFC 8301 §3.1 forbids it; for the tests of canonicalization that have no other signatures.</summary>
    internal bool AllowSha1 { get; init; }
}
