using System.Net;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>A message and what is known of how it came. The body stays the caller's and must outlive the check.</summary>
public sealed record SpamInput
{
    public required SpooledBody Body { get; init; }

    public required MimePart Root { get; init; }

    /// <summary>SPF, DKIM, DMARC and ARC; null when nobody looked.</summary>
    public AuthVerdict? Auth { get; init; }

    /// <summary>The real client address; null when it is not known (a file on disk).</summary>
    public IPAddress? Client { get; init; }

    public string Helo { get; init; } = "";

    /// <summary>The envelope sender; none for &lt;&gt;.</summary>
    public MailAddress Sender { get; init; }

    /// <summary>Envelope recipients, "local@domain".</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>The local accounts that will get it.</summary>
    public IReadOnlyList<AccountId> Accounts { get; init; } = [];

    /// <summary>How many of the envelope's recipients are spam traps; they are not in <see cref="Recipients"/>.</summary>
    public int Traps { get; init; }

    /// <summary>A relay or a program of ours hands it over: asking it to come again would not reach the sender.</summary>
    public bool IsRelayed { get; init; }

    /// <summary>The client is in networks.internal: no reverse-DNS policy; grants nothing else.</summary>
    public bool IsInternal { get; init; }

    /// <summary>Somebody who logged in sends it.</summary>
    public bool IsSubmission { get; init; }
}
