using System.Net;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>One message for one account. The body outlives the step.</summary>
/// <param name="Address">The account's own address.</param>
/// <param name="Sender">Envelope sender "local@domain", "" for the null reverse-path.</param>
/// <param name="Recipient">The address this copy came for, detail included.</param>
public sealed record SieveInput(AccountId Account, string Address, SpooledBody Body, MimePart Root, string Sender, string Recipient)
{
    /// <summary>As RCPT gave it, before aliases; null when it is <see cref="Recipient"/>.</summary>
    public string? OriginalRecipient { get; init; }

    /// <summary>All addresses of the account: only mail to one of them is answered. <see cref="Address"/> need not be in it.</summary>
    public IReadOnlyList<string> OwnAddresses { get; init; } = [];

    /// <summary>Who logged in to send it, or null.</summary>
    public string? Authenticated { get; init; }

    public IPAddress? RemoteAddress { get; init; }

    public string? RemoteHost { get; init; }

    /// <summary>0 to 100, or null when it was not tested; see <see cref="PercentOf"/>.</summary>
    public double? SpamPercent { get; init; }

    /// <summary>RFC 5235 §2.3: 0 not tested, 1 clean, 5 a virus.</summary>
    public int VirusVerdict { get; init; }

    public string? DsnNotify { get; init; }

    public string? DsnRet { get; init; }

    public string? DsnEnvelopeId { get; init; }

    public string? DsnOriginalRecipient { get; init; }

    /// <summary>What the scripts of all accounts may take of this message together; null: there are no others.</summary>
    public SieveBudget? Budget { get; init; }

    /// <summary>Octets at the beginning of the body that we wrote ourselves: they say nothing about where the message has been.</summary>
    public int OwnPrefix { get; init; }

    /// <summary>Only look: no mailbox is created.</summary>
    public bool IsTrial { get; init; }

    /// <summary>The score as RFC 5235 wants it: at <paramref name="reject"/> and above it is surely spam.</summary>
    public static double PercentOf(double score, double reject) => Math.Clamp(score / Math.Max(reject, 0.1) * 100, 0, 100);
}

/// <summary>What is to become of a message; nothing has been done yet but the mailboxes of <see cref="Copies"/> that were to be
/// made.</summary>
public sealed record SievePlan
{
    /// <summary>Into mailboxes of the account, each once; these exist.</summary>
    public IReadOnlyList<FiledCopy> Copies { get; init; } = [];

    public IReadOnlyList<SieveForward> Redirects { get; init; } = [];

    public SieveRejection? Reject { get; init; }

    /// <summary>The message is to go nowhere on purpose.</summary>
    public bool Discarded => Copies.Count == 0 && Redirects.Count == 0 && Reject is null;

    /// <summary>Mail to be sent because of this one: give it to <see cref="SieveStep.CommitAsync"/> when the message is stored.</summary>
    public IReadOnlyList<SieveLetter> Letters { get; init; } = [];

    /// <summary>What `duplicate` is to remember; <see cref="SieveStep.CommitAsync"/> does.</summary>
    public IReadOnlyList<SieveDuplicate> Duplicates { get; init; } = [];

    /// <summary>Why a script failed, or what it asked for could not be had; null when all is well.</summary>
    public string? Error { get; init; }

    public IReadOnlyList<string> Trace { get; init; } = [];

    /// <summary>The plan of an account without scripts, and of whatever went wrong: the inbox.</summary>
    public static SievePlan Keep(string? error = null) => new() { Copies = [FiledCopy.Inbox], Error = error };
}

/// <summary>A copy in a mailbox.</summary>
/// <param name="Mailbox">Name below the account, NFC.</param>
/// <param name="Edit">The message as scripts changed it, or null: as received.</param>
public sealed record FiledCopy(string Mailbox, SystemFlags Flags, IReadOnlyList<string> Keywords, SieveEdit? Edit = null)
{
    public static readonly FiledCopy Inbox = new("INBOX", SystemFlags.None, []);

    /// <summary>The script named this mailbox; else it is where mail is kept, and tagged mail is kept in Junk.</summary>
    public bool IsNamed { get; init; }

    /// <summary>In a trial: the mailbox is not there yet.</summary>
    public bool Creates { get; init; }
}

/// <summary>To another address. Put <see cref="Prefix"/> before the copy: it stops loops.</summary>
public sealed record SieveForward(string Address, SieveEdit? Edit, ReadOnlyMemory<byte> Prefix)
{
    /// <summary>Where in the script: "name:line".</summary>
    public string At { get; init; } = "";

    /// <summary>RFC 6009 NOTIFY and RET; null for the server's choice.</summary>
    public string? DsnNotify { get; init; }

    public string? DsnRet { get; init; }

    public long? ByTime { get; init; }

    public string? ByMode { get; init; }
}

/// <summary>Refuse with 5xx where that is still possible, else tell the sender (RFC 5429 §2).</summary>
/// <param name="IsEreject">False: the script said reject, and a bounce is as good.</param>
public sealed record SieveRejection(string Reason, bool IsEreject);

/// <summary>Mail that a script or its failure makes. The envelope sender is always null: nobody answers it.</summary>
/// <param name="Kind">"vacation", "notify" or "note".</param>
/// <param name="To">Addresses; for a note the account's own.</param>
/// <param name="Message">Whole message with CRLF line ends.</param>
public sealed record SieveLetter(string Kind, IReadOnlyList<string> To, byte[] Message)
{
    /// <summary>Sent only when this mark was not set before (and is then set).</summary>
    public Document? Once { get; init; }

    /// <summary>RFC 8580: also into this mailbox of the account.</summary>
    public FiledCopy? Copy { get; init; }
}
