using System.Collections.Immutable;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>A mailbox in the picture of its account.</summary>
/// <param name="Number">What rows call it; never given to another one while a picture is carried on.</param>
/// <param name="Keywords">By the mailbox's own numbers: theirs in the account's <see cref="KeywordTable"/>.</param>
internal sealed record IndexedMailbox(ushort Number, MailboxInfo Info, MailboxView View, ImmutableArray<int> Keywords)
{
    public MailboxId Id => Info.Id;
}

/// <summary>The mailboxes of an account by number and by id.</summary>
internal sealed class IndexedMailboxes
{
    private readonly IndexedMailbox?[] _byNumber;
    private readonly Dictionary<MailboxId, IndexedMailbox> _byId = [];

    private IndexedMailboxes(IndexedMailbox?[] byNumber)
    {
        _byNumber = byNumber;
        foreach (var mailbox in byNumber)
            if (mailbox is not null) _byId.Add(mailbox.Id, mailbox);
        Trash = Array.Find(byNumber, mailbox => mailbox?.Info.SpecialUse == SpecialUse.Trash)?.Number ?? -1;
    }

    public static IndexedMailboxes Empty { get; } = new([]);

    /// <summary>Numbers given out so far.</summary>
    public int Used => _byNumber.Length;

    /// <summary>Number of the mailbox with the role trash, or -1.</summary>
    public int Trash { get; }

    public IEnumerable<IndexedMailbox> All => _byNumber.OfType<IndexedMailbox>();

    public IndexedMailbox this[int number] => _byNumber[number] ?? throw new InvalidOperationException($"mailbox number {number} is gone");

    public IndexedMailbox? Find(MailboxId id) => _byId.GetValueOrDefault(id);

    /// <summary>The mailboxes of a newer picture, with the numbers they have here. Keywords that are new get numbers.</summary>
    public IndexedMailboxes With(AccountPicture picture, ref KeywordTable keywords)
    {
        var byNumber = new List<IndexedMailbox?>(_byNumber.Length + 1);
        byNumber.AddRange(new IndexedMailbox?[_byNumber.Length]);
        for (var i = 0; i < picture.Views.Count; i++)
        {
            var (info, view) = (picture.Mailboxes[i], picture.Views[i]);
            var known = Find(info.Id);
            var numbers = known?.Keywords ?? [];
            for (var n = numbers.Length; n < view.Keywords.Count; n++)
            {
                keywords = keywords.With(view.Keywords[n]);
                numbers = numbers.Add(keywords.Find(view.Keywords[n]));
            }
            if (known is not null) byNumber[known.Number] = new(known.Number, info, view, numbers);
            else byNumber.Add(new((ushort)byNumber.Count, info, view, numbers));
        }
        return new([.. byNumber]);
    }
}

/// <summary>Where an entry is, by the mailbox's number.</summary>
internal readonly record struct IndexedPlace(ushort Mailbox, uint Uid);
