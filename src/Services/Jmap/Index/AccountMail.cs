using System.Collections.Immutable;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// All emails of an account at one state: threads, keywords and mailboxes of each, in the order they came. Immutable; about 64 octets an
/// email. <see cref="AccountMails"/> keeps the present one of accounts in use and carries it on with what changed.
/// An email is here while it has an entry without \Deleted (RFC 8621 §4.1.1).
/// </summary>
internal sealed record AccountMail
{
    public required AccountPicture Picture { get; init; }

    public AccountId Account => Picture.Account;

    /// <summary>The account's modseq: JMAP's state of Email, Thread and Mailbox.</summary>
    public long State => Picture.ModSeq;

    /// <summary>Since this state <see cref="MailboxCounts.ChangedAt"/> is exact.</summary>
    public required long CarriedSince { get; init; }

    public int Count => ByReceived.Count;

    public required IndexedMailboxes Mailboxes { get; init; }

    public required KeywordTable Keywords { get; init; }

    internal required RowTable Rows { get; init; }

    internal required SlotOrder ById { get; init; }

    internal required SlotOrder ByReceived { get; init; }

    internal required SlotOrder ByThread { get; init; }

    /// <summary>Entries of emails that have more than one.</summary>
    internal required ImmutableDictionary<EmailId, ImmutableArray<IndexedPlace>> Several { get; init; }

    /// <summary>Keywords of emails that have any beyond those that a row holds.</summary>
    internal required ImmutableDictionary<EmailId, ImmutableArray<int>> FurtherKeywords { get; init; }

    /// <summary>By number of mailbox.</summary>
    internal required IReadOnlyList<MailboxCounts> Counts { get; init; }

    /// <summary>About what it holds on the heap, without the views, which the store counts.</summary>
    public long Octets => 1024 + Rows.Octets + ById.Octets + ByReceived.Octets + ByThread.Octets
        + (Several.Count * 128L) + (FurtherKeywords.Count * 128L) + (Mailboxes.Used * 128L);

    public static AccountMail Empty(AccountId account) => new()
    {
        Picture = new(account, 0, [], []),
        CarriedSince = 0,
        Mailboxes = IndexedMailboxes.Empty,
        Keywords = KeywordTable.Empty,
        Rows = RowTable.Empty,
        ById = SlotOrder.Empty,
        ByReceived = SlotOrder.Empty,
        ByThread = SlotOrder.Empty,
        Several = ImmutableDictionary<EmailId, ImmutableArray<IndexedPlace>>.Empty,
        FurtherKeywords = ImmutableDictionary<EmailId, ImmutableArray<int>>.Empty,
        Counts = [],
    };

    /// <summary>The email at a place in the order of <see cref="EmailRow.ReceivedAt"/>, oldest first, then by id.</summary>
    public EmailRow this[int place] => Rows[ByReceived[place]];

    /// <summary>Emails from a place on, newer and newer; backwards older and older.</summary>
    public IEnumerable<EmailRow> From(int place, bool backwards = false) => ByReceived.From(place, backwards).Select(slot => Rows[slot]);

    public bool TryFind(EmailId id, out EmailRow row)
    {
        var slot = SlotOf(id);
        row = slot < 0 ? default : Rows[slot];
        return slot >= 0;
    }

    /// <summary>The place of an email in the order of <see cref="this"/>.</summary>
    public int PlaceOf(EmailRow row) => ByReceived.Find(slot => EmailOrders.ByReceived(Rows[slot], row));

    /// <summary>The emails of a thread, oldest first (RFC 8621 §3); none when there is no such thread.</summary>
    public IEnumerable<EmailRow> Thread(ThreadId thread) => SlotsOf(thread).Select(slot => Rows[slot]);

    public MailboxCounts CountsOf(IndexedMailbox mailbox) => Counts[mailbox.Number];

    public bool IsIn(in EmailRow row, IndexedMailbox mailbox) => row.Mailbox != EmailRow.Several ? row.Mailbox == mailbox.Number
        : Several[row.Id].Any(place => place.Mailbox == mailbox.Number);

    /// <summary>Each once.</summary>
    public IEnumerable<IndexedMailbox> MailboxesOf(EmailRow row) => NumbersOf(row).Select(number => Mailboxes[number]);

    public IReadOnlyList<EntryPlace> PlacesOf(EmailRow row) => row.Mailbox != EmailRow.Several
        ? [new(Mailboxes[row.Mailbox].Id, row.Uid)]
        : [.. Several[row.Id].Select(place => new EntryPlace(Mailboxes[place.Mailbox].Id, place.Uid))];

    /// <summary>In lower case.</summary>
    public IEnumerable<string> KeywordsOf(EmailRow row)
    {
        for (var number = 0; number < KeywordTable.InRow && row.Keywords >> number != 0; number++)
            if (((row.Keywords >> number) & 1) != 0) yield return Keywords[number];
        if ((row.Keywords & KeywordTable.MoreBit) == 0) yield break;
        foreach (var number in FurtherKeywords[row.Id]) yield return Keywords[number];
    }

    /// <param name="number">Of <see cref="KeywordTable.Find"/>.</param>
    public bool Has(in EmailRow row, int number) => number switch
    {
        < 0 => false,
        < KeywordTable.InRow => ((row.Keywords >> number) & 1) != 0,
        _ => (row.Keywords & KeywordTable.MoreBit) != 0 && FurtherKeywords[row.Id].Contains(number),
    };

    internal int SlotOf(EmailId id)
    {
        var place = ById.Find(slot => Rows[slot].Id.Value.CompareTo(id.Value));
        return place < ById.Count && ById[place] is var slot && Rows[slot].Id == id ? slot : -1;
    }

    internal IEnumerable<int> SlotsOf(ThreadId thread)
    {
        var place = ByThread.Find(slot => Rows[slot].Thread.Value < thread.Value ? -1 : 0);
        return ByThread.From(place).TakeWhile(slot => Rows[slot].Thread == thread);
    }

    internal IEnumerable<ushort> NumbersOf(EmailRow row) => row.Mailbox != EmailRow.Several ? [row.Mailbox]
        : Several[row.Id].Select(static place => place.Mailbox).Distinct();

    internal ImmutableArray<IndexedPlace> IndexedPlacesOf(in EmailRow row) =>
        row.Mailbox != EmailRow.Several ? [new(row.Mailbox, row.Uid)] : Several[row.Id];
}

/// <summary>How emails stand to one another.</summary>
internal static class EmailOrders
{
    public static int ById(in EmailRow a, in EmailRow b) => a.Id.Value.CompareTo(b.Id.Value);

    public static int ByReceived(in EmailRow a, in EmailRow b) =>
        a.ReceivedAt.CompareTo(b.ReceivedAt) is not 0 and var order ? order : ById(a, b);

    public static int ByThread(in EmailRow a, in EmailRow b) =>
        a.Thread.Value.CompareTo(b.Thread.Value) is not 0 and var order ? order : ByReceived(a, b);
}
