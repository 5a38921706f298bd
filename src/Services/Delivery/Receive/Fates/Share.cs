using Aviso.Accounts;
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>How mail comes to an account of ours.</summary>
/// <param name="For">The RCPT that led here.</param>
/// <param name="Envelope">The address that led here: the RCPT's, or the one that a script redirected to.</param>
/// <param name="By">Whose script sent it on; null when the RCPT leads here by itself.</param>
/// <param name="Message">What is filed: as received, or as that script changed it.</param>
/// <param name="Marks">Fields that say whose scripts sent it on, CRLF at the end.</param>
internal sealed record Arrival(
    LocalTarget Target, ResolvedRecipient For, string Envelope, Share? By, PlannedMessage Message, ReadOnlyMemory<byte> Marks);

/// <summary>
/// One place that a recipient leads to: an account, an address elsewhere or a trap. Each ends with a fate before the reply: placed,
/// queued, refused in the reply, told in a bounce, or thrown away by the account's own script.
/// </summary>
internal sealed class Share(ResolvedRecipient recipient)
{
    /// <summary>The RCPT that leads here; the first one that does so by itself, if any does.</summary>
    public ResolvedRecipient For { get; private set; } = recipient;

    /// <summary>A RCPT leads here by itself: it has a say in the reply.</summary>
    public bool IsDirect { get; private set; }

    /// <summary>For an account; null for an address elsewhere or a trap.</summary>
    public Arrival? Arrival { get; init; }

    /// <summary>Whose script sent it on here first; null when a RCPT did.</summary>
    public Share? By => Arrival?.By;

    /// <summary>Trace fields of the account's copies, and how many octets of them are ours, marks of other scripts left out.</summary>
    public (Range Octets, int Own) Prefix { get; set; }

    /// <summary>Where the account keeps what no script says otherwise: INBOX, or Junk.</summary>
    public string Keep { get; set; } = JunkMailbox.Inbox;

    /// <summary>Where the account gets what it does not want but must keep.</summary>
    public string Junk => Keep == JunkMailbox.Inbox ? JunkMailbox.Junk : Keep;

    /// <summary>In mailboxes of the account.</summary>
    public List<PlannedCopy> Copies { get; } = [];

    /// <summary>Where the account's script sent it on to.</summary>
    public List<Share> Onward { get; } = [];

    /// <summary>For an address elsewhere: it stands in the queue when the message is stored.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The account's own script said discard.</summary>
    public bool IsDiscarded { get; set; }

    /// <summary>Nobody's address; the message has taught the filter.</summary>
    public bool IsTrap { get; init; }

    /// <summary>Why it may not come here: a script rejects it, or it is a loop. Null while nothing speaks against it.</summary>
    public Refusal? No { get; set; }

    /// <summary>The words of a script that rejects (RFC 5429).</summary>
    public SieveRejection? Rejection { get; set; }

    /// <summary>A bounce about it is stored.</summary>
    public bool IsTold { get; set; }

    /// <summary>It came to nothing here and another account keeps it.</summary>
    public bool IsKeptElsewhere { get; set; }

    /// <summary>Nothing is kept or refused here: its script sent everything on.</summary>
    public bool OnlySendsOn => Copies.Count == 0 && No is null && Onward.Count > 0;

    /// <summary>A RCPT leads here.</summary>
    public void Lead(ResolvedRecipient from)
    {
        if (!IsDirect) (For, IsDirect) = (from, true);
    }

    /// <summary>Something is planned or was done, here or where it was sent on to.</summary>
    public bool IsPlanned => Leads(s => s.Copies.Count > 0 || s.IsQueued || s.No is not null || s.IsTrap);

    /// <summary>
    /// Once the message is stored: placed, queued, told, or thrown away as the owner of the mailbox wants it. What came to nothing and is
    /// kept elsewhere is kept for who sent it there first; others whose scripts sent it there as well have nothing of that.
    /// </summary>
    public bool HasFate => IsDiscarded || IsKeptElsewhere || Onward.Exists(s => s.IsKeptElsewhere && s.By == this)
        || Leads(s => s.IsHeld || s.IsQueued || s.IsTold || s.IsTrap);

    /// <summary>Has a copy in a mailbox of the account.</summary>
    public bool IsHeld => Copies.Exists(c => c.IsStored);

    /// <summary>True for this share or one of those that its script sent it on to.</summary>
    public bool Leads(Predicate<Share> holds)
    {
        if (holds(this)) return true;
        if (Onward.Count == 0) return false;
        // Accounts may send to each other in circles: each is looked at once.
        var seen = new HashSet<Share> { this };
        var open = new Stack<Share>(Onward);
        while (open.TryPop(out var share))
        {
            if (!seen.Add(share)) continue;
            if (holds(share)) return true;
            foreach (var next in share.Onward) open.Push(next);
        }
        return false;
    }
}
