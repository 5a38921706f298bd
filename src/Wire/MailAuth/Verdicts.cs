using System.Net;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>What is asked about one message.</summary>
/// <param name="Client">The client that delivered it to us or to our trusted relay.</param>
/// <param name="Helo">Its HELO/EHLO argument.</param>
/// <param name="Sender">The reverse-path; none for &lt;&gt;.</param>
public sealed record AuthInput(IPAddress Client, string Helo, MailAddress Sender, SpooledBody Body)
{
    /// <summary>The client is one of ours: where it stands says nothing about the sender, only signatures do.</summary>
    public bool SignaturesOnly { get; init; }
}

/// <summary>RFC 7208 §2.6.</summary>
public enum SpfResult
{
    None, Neutral, Pass, Fail, SoftFail, TempError, PermError,
}

/// <param name="Domain">The domain whose record was evaluated.</param>
/// <param name="Identity">"mailfrom" or "helo" (RFC 7208 §2.3, 2.4).</param>
/// <param name="Explanation">The owner's words for a fail (RFC 7208 §6.2), or empty.</param>
/// <param name="Problem">Why it is not a plain answer, for the log; or empty.</param>
public sealed record SpfVerdict(SpfResult Result, string Domain, string Identity, string Explanation, string Problem)
{
    public static readonly SpfVerdict None = new(SpfResult.None, "", "mailfrom", "", "");
}

/// <summary>RFC 8601 §2.7.1.</summary>
public enum DkimResult
{
    None, Pass, Fail, Policy, Neutral, TempError, PermError,
}

/// <param name="Domain">d=</param>
/// <param name="Selector">s=</param>
/// <param name="Algorithm">a=</param>
/// <param name="Identity">i=</param>
/// <param name="Testing">The key says t=y (RFC 6376 §3.6.1).</param>
public sealed record DkimVerdict(
    DkimResult Result, string Domain, string Selector, string Algorithm, string Identity, string Problem, bool Testing)
{
    /// <summary>The body goes on after what l= covers: anybody may have written that (RFC 6376 §8.2).</summary>
    public bool IsPartial { get; init; }

    /// <summary>It passed, for the whole message.</summary>
    public bool Speaks => Result == DkimResult.Pass && !IsPartial;

    /// <summary>The first eight characters of b= (RFC 6008), or empty.</summary>
    public string Signature { get; init; } = "";
}

/// <summary>RFC 8601 §2.7.2 with RFC 7489 §11.2.</summary>
public enum DmarcResult
{
    None, Pass, Fail, TempError, PermError,
}

public enum DmarcPolicy
{
    None, Quarantine, Reject,
}

/// <param name="Policy">What the owner of the domain asks to be done with this message.</param>
/// <param name="Domain">The domain of From.</param>
/// <param name="PolicyDomain">Where the record was found, or empty.</param>
/// <param name="Record">The record, when there is one.</param>
public sealed record DmarcVerdict(
    DmarcResult Result, DmarcPolicy Policy, string Domain, string PolicyDomain, bool SpfAligned, bool DkimAligned, DmarcRecord? Record)
{
    public static readonly DmarcVerdict None = new(DmarcResult.None, DmarcPolicy.None, "", "", false, false, null);
}

/// <summary>RFC 8617 §4.4.</summary>
public enum ArcResult
{
    None, Pass, Fail,
}

/// <param name="Instance">The highest instance in the chain; 0 without one.</param>
/// <param name="Sealers">d= of the seals, oldest first.</param>
public sealed record ArcVerdict(ArcResult Result, int Instance, IReadOnlyList<string> Sealers, string Problem)
{
    public static readonly ArcVerdict None = new(ArcResult.None, 0, [], "");

    /// <summary>Authentication results that the last trusted sealer vouches for, or empty.</summary>
    public string TrustedResults { get; init; } = "";

    /// <summary>The chain failed only because a key could not be looked up just now.</summary>
    public bool Temporary { get; init; }
}

/// <summary>RFC 8601 §2.7.3.</summary>
public enum IprevResult
{
    None, Pass, Fail, TempError, PermError,
}

/// <param name="Name">The confirmed name of the client, or empty.</param>
public sealed record IprevVerdict(IprevResult Result, string Name)
{
    public static readonly IprevVerdict None = new(IprevResult.None, "");
}
