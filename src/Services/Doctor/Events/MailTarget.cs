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
/// Events by mail: into a mailbox here, or elsewhere by the usual way; by another one when the doctor knows that this is broken. The
/// message is stored when it is delivered; the queue does the rest, and bounces of it go nowhere.
/// </summary>
/// <param name="to">Addresses.</param>
public sealed class MailTarget(IReadOnlyList<string> to, EventMailParts parts, FindingBook book, EventSource source) : IEventTarget
{
    // What stands about a relay that makes it no way for news about it.
    private static readonly FindingCode[] BreakRelays = [FindingCode.RelayNotTaking, FindingCode.RelayQuotaNearlyUsed];

    public string Name => "mail to " + string.Join(", ", to);

    public string Kind => "mail";

    public async Task<string?> SendAsync(IReadOnlyList<DoctorEvent> events, CancellationToken cancel)
    {
        var (now, host) = (source.Clock.GetUtcNow(), source.HostName());
        var header = new HeaderWriter().Addresses("From", HeaderAddress.Of("Aviso", RowAddresses.Read(parts.From())))
            .Addresses("To", to.Select(a => HeaderAddress.Of("", RowAddresses.Read(a)))).Text("Subject", EventText.Title(host, events))
            .Date("Date", now).Ids("Message-ID", $"{events[0].Id}.{now.ToUnixTimeMilliseconds()}.event@{host}").Raw("Auto-Submitted",
                "auto-generated");
        var text = (EventText.Body(events) + $"\n\n`aviso doctor` on {host} shows everything that stands; docs/doctor.md explains the "
            + $"codes.\n")
            .ReplaceLineEndings("\r\n");
        using var body = parts.Store.Spool.Make(b => b.Write(new MessageComposer(header, MimeEntity.Text(text)).Compose()));
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
