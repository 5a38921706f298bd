using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>
/// Answered by Delivery; asked by the SMTP and LMTP server session. Every method says yes with null (or a result) and no with
/// a <see cref="Refusal"/>, which it has logged; it never throws for what a stranger sent. A refusal with code 421 ends the session.
/// </summary>
public interface IMailReceiver
{
    /// <summary>MAIL FROM: may this sender begin a transaction here (send-as, size, state of the store), and the transaction.</summary>
    ValueTask<Begun> BeginAsync(MailTransaction transaction, CancellationToken cancel);

    /// <summary>The session refuses MAIL itself, by a limit of Guard's; it has said so and logged it.</summary>
    void Refused(MailTransaction transaction, Refusal why)
    {
    }
}

/// <summary>One mail transaction on the receiver's side: what RCPT found out is known after the data. </summary>
public interface IReceiving
{
    /// <summary>RCPT TO: adds the recipient, or says why not.</summary>
    ValueTask<Refusal?> AddAsync(MailRecipient recipient, CancellationToken cancel);

    /// <summary>The session refuses a recipient itself, by a limit of Guard's; it has said so and logged it.</summary>
    void Refused(MailRecipient recipient, Refusal why)
    {
    }

    /// <summary>Where the octets after DATA or BDAT go. Throws <see cref="SpoolFullException"/> when the budget is used up.</summary>
    /// <param name="evict">Ends the session when it is too slow while others wait.</param>
    SpooledBody BeginBody(Action? evict = null);

    /// <summary>
    /// The message is whole. Returns after it is durable everywhere it belongs. For SMTP all outcomes are the same reply unless
    /// all recipients refuse; for LMTP there is one for each added recipient, in order (RFC 2033 §4.2). The receiver owns and
    /// disposes <paramref name="body"/>. Called once.
    /// </summary>
    ValueTask<ReceiveResult> FinishAsync(SpooledBody body, CancellationToken cancel);

    /// <summary>The transaction is over. After <see cref="FinishAsync"/> it says nothing new.</summary>
    /// <param name="said">The reply by which its octets were refused; empty when the client went, or began anew.</param>
    void End(string said)
    {
    }
}

/// <summary>What MAIL led to.</summary>
public abstract record Begun
{
    private Begun()
    {
    }

    /// <summary>The transaction is open.</summary>
    public sealed record Open(IReceiving Receiving) : Begun;

    /// <summary>There is none.</summary>
    public sealed record Not(Refusal Why) : Begun;
}

/// <summary>Null in the list means accepted. <paramref name="Id"/> is told to the client in the 250 reply.</summary>
public sealed record ReceiveResult(string Id, IReadOnlyList<Refusal?> Recipients)
{
    /// <summary>Taken, but as junk: it speaks for nobody.</summary>
    public bool IsTagged { get; init; }
}

/// <summary>What the session knows of the client; the same for all transactions of a connection, replaced at EHLO, STARTTLS, AUTH.</summary>
/// <param name="Helo">HELO/EHLO/LHLO argument as given, at most 255 octets.</param>
/// <param name="Protocol">RFC 3848 keyword for the Received field: SMTP, ESMTP, ESMTPS, ESMTPSA, UTF8SMTPSA, LMTP...</param>
public sealed record SmtpClientInfo(
    string SessionId, WireOrigin Origin, string Helo, string Protocol, TlsSession? Tls, Principal? Login)
{
    /// <summary>Its share of the spool.</summary>
    public SpoolOwner SpoolOwner => Origin.SpoolOwner(Login is not null);
}

/// <summary>What MAIL said and who said it (RFC 5321 §3.3).</summary>
public sealed record MailTransaction(SmtpClientInfo Client, ReversePath Sender, MailParameters Parameters);

/// <summary>Reverse-path without brackets and source route; <see cref="IsNull"/> for "&lt;&gt;" (RFC 5321 §4.5.5).</summary>
public readonly record struct ReversePath(MailAddress Address)
{
    public static readonly ReversePath Null;

    public bool IsNull => Address.IsNone;

    public string LocalPart => Address.LocalPart;

    public DomainName Domain => Address.Domain;

    /// <summary>The form for people; empty for the null one.</summary>
    public override string ToString() => IsNull ? "" : Address.Shown;
}

/// <summary>ESMTP parameters of MAIL.</summary>
/// <param name="Size">RFC 1870, octets declared; null when not.</param>
/// <param name="Body">RFC 6152/3030.</param>
/// <param name="Return">RFC 3461 §4.3: "FULL", "HDRS" or null.</param>
/// <param name="EnvelopeId">RFC 3461 §4.4, xtext decoded; null when absent.</param>
/// <param name="SubmitterAuth">RFC 4954 §5 AUTH=; null when absent.</param>
public sealed record MailParameters(
    long? Size, BodyType Body, bool SmtpUtf8, string? Return, string? EnvelopeId, string? SubmitterAuth)
{
    /// <summary>RFC 8689 §4.1: on its way onward the message must stay under verified TLS.</summary>
    public bool RequireTls { get; init; }
}

public enum BodyType
{
    SevenBit, EightBitMime, BinaryMime,
}

/// <summary>One RCPT.</summary>
/// <param name="Address">Without a domain only for a bare &lt;postmaster&gt;.</param>
/// <param name="Notify">RFC 3461 §4.1 keywords in upper case, comma separated; null when absent.</param>
/// <param name="OriginalRecipient">RFC 3461 §4.2 "type;address", xtext decoded; null when absent.</param>
public sealed record MailRecipient(MailAddress Address, string? Notify, string? OriginalRecipient)
{
    public string LocalPart => Address.LocalPart;

    public DomainName Domain => Address.Domain;

    /// <summary>The form for people.</summary>
    public override string ToString() => Address.Shown;
}
