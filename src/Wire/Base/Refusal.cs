namespace Aviso.Base;

/// <summary>Enhanced status code, RFC 3463 §2: class "." subject "." detail.</summary>
/// <param name="Class">2, 4 or 5.</param>
/// <param name="Subject">0-999.</param>
/// <param name="Detail">0-999.</param>
public readonly record struct EnhancedCode(int Class, int Subject, int Detail)
{
    public override string ToString() => $"{Class}.{Subject}.{Detail}";
}

/// <summary>
/// A "no" that is a value (style.md "Saying no"): what the peer is told and what the log is told, kept apart.
/// </summary>
/// <param name="Code">SMTP reply code, 4xx or 5xx.</param>
/// <param name="Enhanced">RFC 3463 code of the same class.</param>
/// <param name="Text">For the peer; reveals nothing about our configuration.</param>
/// <param name="Reason">For machines: what metrics count and Guard hears.</param>
/// <param name="Detail">For the log: what the check saw. No secrets. Nobody reads it but people.</param>
public sealed record Refusal(int Code, EnhancedCode Enhanced, string Text, Reason Reason, string Detail)
{
    /// <summary>The text may hold UTF-8: the client takes it (RFC 6531 §3.7.4).</summary>
    public bool IsUtf8 { get; init; }

    /// <summary>For the log: the reason and what was seen.</summary>
    public string Cause => $"{Reason.Word}: {Detail}";

    /// <summary>True for 5xx: trying again will not help.</summary>
    public bool IsPermanent => Code >= 500;

    /// <summary>The reply line without CRLF, such as "550 5.1.1 No such mailbox".</summary>
    public override string ToString() => $"{Code} {Enhanced} {Text}";
}
