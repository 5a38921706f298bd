using Aviso.Base;
using Aviso.Delivery;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>What mail of events needs of the server.</summary>
/// <param name="Ways">Destinations for an address, the first is the usual one: "relay:NAME" or a domain.</param>
/// <param name="From">The author, an address of ours.</param>
/// <param name="Sign">DKIM-Signature fields for a message of a domain; empty without a key.</param>
/// <param name="Queued">Something new stands in the queue.</param>
public sealed record EventMailParts(
    IMailStore Store, MessageReader Reader, INoticeTarget Notices, Func<string, IReadOnlyList<string>> Ways, Func<string> From,
    Func<SpooledBody, string, ReadOnlyMemory<byte>> Sign, Action Queued);

/// <summary>
/// Letters of the server to those whom the settings name: into a mailbox here, or elsewhere by the usual way; by another one when the
/// doctor knows that this is broken. A letter is stored when it is handed over; the queue does the rest, and bounces of it go nowhere.
/// </summary>
/// <param name="to">Addresses.</param>
public sealed class OwnerLetter(IReadOnlyList<string> to, EventMailParts parts, FindingBook book, EventSource source)
{
    // What stands about a relay that makes it no way for news about it.
    private static readonly FindingCode[] BreakRelays = [FindingCode.RelayNotTaking, FindingCode.RelayQuotaNearlyUsed];

    /// <summary>Whom it is for, in words.</summary>
    public string Name => "mail to " + string.Join(", ", to);

    /// <summary>Stores it, for all or for none. Null, or why not.</summary>
    /// <param name="id">Left of the @ in its Message-ID.</param>
    /// <param name="subject">Any text of one line.</param>
    /// <param name="text">Lines.</param>
    public async Task<string?> SendAsync(string id, string subject, string text, CancellationToken cancel)
    {
        var now = source.Clock.GetUtcNow();
        var header = new HeaderWriter().Addresses("From", HeaderAddress.Of("Aviso", RowAddresses.Read(parts.From())))
            .Addresses("To", to.Select(a => HeaderAddress.Of("", RowAddresses.Read(a)))).Text("Subject", subject)
            .Date("Date", now).Ids("Message-ID", $"{id}@{source.HostName()}").Raw("Auto-Submitted", "auto-generated");
        using var body = parts.Store.Spool.Make(b =>
            b.Write(new MessageComposer(header, MimeEntity.Text(text.ReplaceLineEndings("\r\n"))).Compose()));
        var (local, queued) = (new List<AcceptTarget>(), new List<QueueTarget>());
        foreach (var address in to)
        {
            var found = await parts.Notices.FindAsync(address, cancel);
            if (found.Local is { } mailbox) local.Add(mailbox);
            else if (found.IsNobody) return $"nobody has {address}";
            else queued.Add(new(found.Address, WayTo(found.Address), DsnNotify.Never, "", now.ToUnixTimeMilliseconds()));
        }
        var queue = queued.Count == 0 ? null
            : new QueueSubmission("", null, "", DsnReturn.Unspecified, QueueNeeds.None, QueuePriority.Person,
                parts.Sign(body, MailAddress.DomainOf(parts.From())), queued);
        var stored = await parts.Store.AcceptAsync(
            new(body, parts.Reader.Render(body), local, queue) { ReceivedAt = now.ToUnixTimeSeconds() }, cancel);
        if (stored.Value is not { } accepted) return $"the store says {stored.Error}";
        foreach (var no in accepted.Targets.Where(t => !t.Ok)) return $"the mailbox says {no.Error}";
        if (queue is not null) parts.Queued();
        return null;
    }

    /// <summary>Where the queue takes news for one of these addresses; null: it is another's, or has a sender.</summary>
    public string? DetourOf(MailAddress sender, MailAddress recipient) =>
        sender.IsNone && to.Any(a => MailAddress.TryParse(a, out var own) && own == recipient) ? WayTo(recipient.Wire) : null;

    private string WayTo(string address)
    {
        var broken = book.Standing.Where(s => BreakRelays.Contains(s.Finding.Code)).Select(s => Router.RelayPrefix + s.Finding.Subject)
            .ToHashSet();
        var ways = parts.Ways(address);
        return ways.FirstOrDefault(w => !broken.Contains(w)) ?? ways[0];
    }
}
