using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>The message a script judges, with its envelope. The body is only read.</summary>
/// <param name="Body">The whole message; it must outlive the run.</param>
/// <param name="Root">What <see cref="MimeScanner"/> found in <paramref name="Body"/>.</param>
/// <param name="EnvelopeFrom">"local@domain", "" for the null reverse-path.</param>
/// <param name="EnvelopeTo">The recipient this delivery is for.</param>
public sealed record SieveMessage(SpooledBody Body, MimePart Root, string EnvelopeFrom, string EnvelopeTo)
{
    /// <summary>The recipient before aliases and catch-alls; null when it is <see cref="EnvelopeTo"/>.</summary>
    public string? OriginalTo { get; init; }

    /// <summary>Who submitted the message, when it was submitted here with a login (envelope part "auth").</summary>
    public string? Authenticated { get; init; }

    /// <summary>All addresses of the account, aliases included: `vacation` answers only mail sent to one of them.</summary>
    public IReadOnlyList<string> OwnAddresses { get; init; } = [];

    /// <summary>DSN parameters of the envelope (RFC 6009): null when not given.</summary>
    public string? DsnNotify { get; init; }

    public string? DsnRet { get; init; }

    public string? DsnEnvelopeId { get; init; }

    public string? DsnOriginalRecipient { get; init; }

    /// <summary>Now, and the zone of dates for `currentdate` and `date`.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
