using Aviso.Base;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Which shares every recipient has. An account and an address elsewhere come once for a message, however many recipients lead
/// there; so each recipient has at least one share, and what holds for all shares holds for every recipient.
/// </summary>
internal sealed class FateBook
{
    private readonly Dictionary<AccountId, Share> _accounts = [];
    private readonly Dictionary<string, Share> _elsewhere = new(AddressComparer.Instance);
    private readonly List<Share> _shares = [];
    private readonly List<(ResolvedRecipient Recipient, List<Share> Shares)> _recipients = [];

    /// <summary>All of them, those of redirects too, in the order in which they were reached.</summary>
    public IReadOnlyList<Share> Shares => _shares;

    /// <summary>Every accepted recipient, in order, with what it leads to by itself.</summary>
    public IReadOnlyList<(ResolvedRecipient Recipient, List<Share> Shares)> Recipients => _recipients;

    /// <summary>Addresses elsewhere in the queue.</summary>
    public int Queued => _shares.Count(s => s.IsQueued);

    /// <summary>Copies in mailboxes.</summary>
    public int Placed => _shares.Sum(s => s.Copies.Count(c => c.IsStored));

    public void Begin(ResolvedRecipient recipient) => _recipients.Add((recipient, new(1)));

    /// <summary>The RCPT begun last leads to this share.</summary>
    public void Lead(Share share)
    {
        var (recipient, shares) = _recipients[^1];
        share.Lead(recipient);
        if (!shares.Contains(share)) shares.Add(share);
    }

    /// <summary>The RCPT begun last leads nowhere so far.</summary>
    public bool LeadsNowhere => _recipients[^1].Shares.Count == 0;

    public Share? Of(AccountId account) => _accounts.GetValueOrDefault(account);

    public Share Add(Arrival arrival)
    {
        var share = Add(new Share(arrival.For) { Arrival = arrival });
        _accounts.Add(arrival.Target.Account, share);
        return share;
    }

    /// <summary>The share of an address elsewhere, which may be there already.</summary>
    /// <param name="isNew">Nobody led there before.</param>
    public Share Elsewhere(MailAddress address, ResolvedRecipient recipient, out bool isNew)
    {
        isNew = !_elsewhere.TryGetValue(address.Wire, out var share);
        if (share is not null) return share;
        share = Add(new Share(recipient) { IsQueued = true });
        _elsewhere.Add(address.Wire, share);
        return share;
    }

    public Share Add(Share share)
    {
        _shares.Add(share);
        return share;
    }

    /// <summary>
    /// What is answered for each recipient: null when any of its shares has a fate, for then nothing of it may be refused. Over SMTP one
    /// reply speaks for all (RFC 5321 §4.2.5): yes when anybody has the message, for a "no" would bring it again to those who have it.
    /// </summary>
    public List<Refusal?> Replies(bool isLmtp)
    {
        var replies = _recipients.ConvertAll(r => Reply(r.Shares));
        if (isLmtp) return replies;
        var said = replies.Contains(null) ? null : Milder(replies);
        return replies.ConvertAll(_ => said);
    }

    /// <summary>Of every recipient that is accepted every share has a fate: nothing that is acknowledged is lost.</summary>
    public bool IsProven(bool isLmtp) =>
        Replies(isLmtp).Zip(_recipients, (no, r) => no is not null || r.Shares.TrueForAll(s => s.HasFate)).All(kept => kept);

    private static Refusal? Reply(List<Share> shares) => shares.Exists(s => s.HasFate) ? null
        : Milder([.. shares.Select(s => s.No ?? Refusals.NotStored(s.Copies is [.., { Error: { } error }] ? error : StoreError.ReadOnly))]);

    // A reason that may pass wins over one that will not.
    private static Refusal? Milder(List<Refusal?> replies) => replies.Find(r => r is { IsPermanent: false }) ?? replies.FirstOrDefault();
}
