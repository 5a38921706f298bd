using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Answered by whoever knows the accounts: the mailbox of a notice for a local address.</summary>
public interface INoticeTarget
{
    /// <summary>Where a notice about mail of this sender goes; a sender that we rewrote (SRS) is who it was before.</summary>
    ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel);

    /// <summary>Who keeps a forwarded message that can be neither sent on nor returned; null when none of ours forwarded it.</summary>
    /// <param name="originalRecipient">RFC 3461 §4.2 "rfc822;address": the address that the message was sent to, or empty.</param>
    ValueTask<NoticeAddress?> KeeperAsync(string originalRecipient, CancellationToken cancel) => new((NoticeAddress?)null);
}

/// <param name="Local">The mailbox, its prefix (Return-Path, Delivered-To) included; null when it is not one of ours.</param>
/// <param name="Address">Whom the notice is for.</param>
public sealed record NoticeAddress(AcceptTarget? Local, string Address)
{
    /// <summary>It is at a domain of ours, and nobody has it: no notice may go there.</summary>
    public bool IsNobody { get; init; }

    /// <summary>It forwarded the message and keeps it now.</summary>
    public bool IsKeeper { get; init; }
}

/// <summary>
/// Makes delivery status notifications (RFC 3464) of outcomes, as RFC 3461 asks for them: failed unless NOTIFY forbids,
/// delayed once, relayed for NOTIFY=SUCCESS when the next hop will not say. Never a notice about a message with a null sender
/// (RFC 5321 §4.5.5): that is an event and a count.
/// </summary>
internal sealed class Bounces(
    string hostName, BodySpool spool, IMessageReader reader, IRouter router, INoticeTarget target, IdSource ids, TimeProvider clock, ILogger log)
{
    private const int MaxOriginal = 64 * 1024;
    private const int MaxKept = 32 << 20;

    /// <summary>Notices that follow from these outcomes of one message; dispose their bodies after they are stored.</summary>
    /// <param name="open">Opens the original; null when it is gone.</param>
    public async Task<List<Acceptance>> MakeAsync(
        QueueMessage message, IReadOnlyList<(QueueOutcome Outcome, NoticeKind Kind)> due, TimeSpan giveUpAfter,
        Func<Task<StoredBody?>> open, CancellationToken cancel)
    {
        var made = new List<Acceptance>();
        foreach (var group in due.GroupBy(d => d.Kind))
        {
            foreach (var (to, outcomes) in await ReadersAsync(message, group.Key, group.Select(g => g.Outcome).ToList(), cancel))
            {
                made.Add(await MakeOneAsync(message, group.Key, to, outcomes, giveUpAfter, open, cancel));
                QueueMeters.Notices.Add(1, new KeyValuePair<string, object?>("kind", group.Key.ToString().ToLowerInvariant()));
            }
        }
        return made;
    }

    /// <summary>
    /// Whom to tell of what. Failed mail that cannot be returned, since its sender is null or nobody, is for the address of ours
    /// that forwarded it: what was acknowledged may not vanish. Only then nobody is told, which is an event and a count.
    /// </summary>
    private async Task<List<(NoticeAddress To, List<QueueOutcome> Outcomes)>> ReadersAsync(
        QueueMessage message, NoticeKind kind, List<QueueOutcome> outcomes, CancellationToken cancel)
    {
        var readers = new List<(NoticeAddress To, List<QueueOutcome> Outcomes)>();
        var wanted = outcomes.Where(o => Wanted(o, kind)).ToList();
        var sender = wanted.Count > 0 && message.Sender.Length > 0 ? await target.FindAsync(message.Sender, cancel) : null;
        if (sender is { IsNobody: false }) readers.Add((sender, wanted));
        if (kind != NoticeKind.Failed) return readers;
        var untold = sender is { IsNobody: false } ? outcomes.Except(wanted) : outcomes;
        foreach (var outcome in untold)
        {
            var keeper = wanted.Contains(outcome) ? await target.KeeperAsync(outcome.Recipient.OriginalRecipient, cancel) : null;
            if (keeper is null) Untold(message, outcome, sender is not null ? "nobody" : message.Sender.Length == 0 ? "bounce" : "never");
            else if (readers.FindIndex(r => r.To.Address == keeper.Address) is var at and >= 0) readers[at].Outcomes.Add(outcome);
            else
            {
                log.KeptForForwarder(message.Id, outcome.Recipient.Address, message.Sender, keeper.Address, outcome.Reply);
                readers.Add((keeper, [outcome]));
            }
        }
        return readers;
    }

    // RFC 3461 §4.1: without NOTIFY, failures are told, delays may be, success is not.
    private static bool Wanted(QueueOutcome outcome, NoticeKind kind)
    {
        var notify = outcome.Recipient.Notify;
        return kind switch
        {
            NoticeKind.Failed => notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Failure),
            NoticeKind.Delayed => notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Delay),
            _ => notify.HasFlag(DsnNotify.Success),
        };
    }

    private void Untold(QueueMessage message, QueueOutcome outcome, string reason)
    {
        QueueMeters.Unreported.Add(1, new KeyValuePair<string, object?>("reason", reason));
        var words = reason switch { "bounce" => "null sender", "nobody" => "nobody has the sender's address", _ => "NOTIFY forbids" };
        log.Untold(message.Id, outcome.Recipient.Address, words, outcome.Reply);
    }

    private async Task<Acceptance> MakeOneAsync(
        QueueMessage message, NoticeKind kind, NoticeAddress addressee, List<QueueOutcome> outcomes, TimeSpan giveUpAfter,
        Func<Task<StoredBody?>> open, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var (local, to) = (addressee.Local, addressee.Address);
        var utf8 = local is not null || !Ascii.IsValid(to);
        // RFC 3461 §4.3: RET=FULL is about failures only. One of ours gets back all of it: nobody else may have it.
        var full = kind == NoticeKind.Failed && (message.Return == DsnReturn.Full || addressee.IsKeeper)
            && message.Size <= (local is null ? MaxOriginal : MaxKept);
        // RFC 8689 §5: what must stay under TLS is not sent back whole, and its notice must stay there as well.
        var keep = message.Needs & QueueNeeds.RequireTls;
        full &= local is not null || keep == QueueNeeds.None;
        var original = await OriginalAsync(open, full);
        // RFC 6522 §4, RFC 3461 §4.3: a way back without SMTPUTF8 still takes a message in 8 bits, and any header when it is encoded.
        if (full && !utf8 && !Ascii.IsValid(HeaderOf(original)))
        {
            full = false;
            original = HeaderOf(original).ToArray();
        }
        var octets = new DeliveryReport
        {
            ReportingMta = hostName,
            From = HeaderAddress.Of("Mail Delivery System", "MAILER-DAEMON", hostName),
            To = HeaderAddress.Of("", RowAddresses.Read(to)),
            Subject = Subject(kind),
            Text = Text(kind, outcomes, giveUpAfter),
            Date = now,
            MessageId = $"{IdText.Format(ids.Next())}@{hostName}",
            Recipients = outcomes.Select(o => Report(o, kind, message, giveUpAfter)).ToList(),
            ArrivalDate = DateTimeOffset.FromUnixTimeMilliseconds(message.ArrivedAt),
            OriginalEnvelopeId = message.EnvelopeId.Length > 0 ? message.EnvelopeId : null,
            OriginalMessageId = message.MessageId,
            Original = original,
            HeadersOnly = !full,
            Utf8 = utf8,
        }.Compose();
        var body = spool.Begin();
        try
        {
            body.Write(octets);
            return new(body, reader.Render(body), local is null ? [] : [local with { IgnoreQuota = true }],
                local is null ? Queued(to, octets, keep, now) : null)
            { ReceivedAt = now.ToUnixTimeSeconds(), Origin = "bounce" };
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private QueueSubmission Queued(string to, byte[] octets, QueueNeeds keep, DateTimeOffset now)
    {
        var needs = keep | (Ascii.IsValid(octets) ? QueueNeeds.None : QueueNeeds.EightBit) | (Ascii.IsValid(to) ? QueueNeeds.None : QueueNeeds.SmtpUtf8);
        return new("", null, "", DsnReturn.Unspecified, needs, QueuePriority.Automatic, default,
            // RFC 3461 §6: a notice about a notice is never wanted.
            [new(to, router.DestinationFor("", to), DsnNotify.Never, "", now.ToUnixTimeMilliseconds())]);
    }

    private static async Task<byte[]> OriginalAsync(Func<Task<StoredBody?>> open, bool full)
    {
        using var stored = await open();
        if (stored is null) return [];
        var octets = new byte[(int)Math.Min(stored.Length, full ? MaxKept : MaxOriginal)];
        var at = 0;
        while (at < octets.Length && stored.Read(at, octets.AsSpan(at)) is var read and > 0) at += read;
        return full ? octets[..at] : HeaderOf(octets.AsSpan(0, at)).ToArray();
    }

    // Up to the empty line, or what is whole of it.
    private static ReadOnlySpan<byte> HeaderOf(ReadOnlySpan<byte> octets)
    {
        var end = octets.IndexOf("\r\n\r\n"u8);
        return octets[..(end < 0 ? octets.LastIndexOf("\r\n"u8) + 2 : end + 2)];
    }

    private RecipientReport Report(QueueOutcome outcome, NoticeKind kind, QueueMessage message, TimeSpan giveUpAfter) =>
        new(outcome.Recipient.Address, kind switch { NoticeKind.Failed => "failed", NoticeKind.Delayed => "delayed", _ => "relayed" }, outcome.Status.ToString())
        {
            OriginalRecipient = outcome.Recipient.OriginalRecipient.Length > 0 ? outcome.Recipient.OriginalRecipient : null,
            RemoteMta = outcome.Host.Length > 0 ? outcome.Host.Split('[')[0] : null,
            DiagnosticCode = outcome.FromPeer?.ToString(),
            LastAttempt = clock.GetUtcNow(),
            WillRetryUntil = kind == NoticeKind.Delayed
                ? DateTimeOffset.FromUnixTimeMilliseconds(message.ArrivedAt) + giveUpAfter : null,
        };

    private static string Subject(NoticeKind kind) => kind switch
    {
        NoticeKind.Failed => "Your message could not be delivered",
        NoticeKind.Delayed => "Your message is delayed",
        _ => "Your message was handed on",
    };

    private string Text(NoticeKind kind, List<QueueOutcome> outcomes, TimeSpan giveUpAfter)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"This is the mail system at {hostName}.\r\n\r\n").Append(kind switch
        {
            NoticeKind.Failed => "Your message could not be delivered to the addresses below. It will not be tried again.\r\n",
            NoticeKind.Delayed => "Your message has not been delivered yet to the addresses below. It is tried again for "
                + $"{SpanText.Of(giveUpAfter)} in all; you need not send it again.\r\n",
            _ => "Your message was handed to the next mail system for the addresses below. That system sends no reports of its own.\r\n",
        });
        foreach (var outcome in outcomes)
            text.Append(CultureInfo.InvariantCulture, $"\r\n<{outcome.Recipient.Address}>\r\n    {outcome.Reply}\r\n");
        return text.ToString();
    }
}

internal enum NoticeKind
{
    Failed, Delayed, Relayed,
}
