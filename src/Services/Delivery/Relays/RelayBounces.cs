using System.Text;
using System.Threading.Channels;
using Aviso.Base;
using Aviso.Mime;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Bounces that come by mail hours after a relay took the message: a delivery status (RFC 3464) that names the original by its Message-ID
/// finds what was handed over. The bounce itself goes to the sender as any mail does; here it becomes an event, and the sender is not told
/// again when a webhook says the same. Read after the 250, one at a time, bounded; what is not read is still delivered.
/// </summary>
public sealed class RelayBounces(RelayWatch watch, Func<IReadOnlyList<string>> relays, TimeProvider clock, ILogger log)
{
    private const int MostWaiting = 256, MostPart = 64 * 1024, MostRecipients = 100;

    private readonly Channel<(DeliveryStatus Status, IReadOnlyList<string> For)> _waiting =
        Channel.CreateBounded<(DeliveryStatus Status, IReadOnlyList<string> For)>(
            new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Looks whether it is a bounce and hands it over; never waits, never throws for what is in it.</summary>
    /// <param name="recipients">Whom it was for, as the envelope said.</param>
    public void Take(SpooledBody body, MimePart root, IReadOnlyList<string> recipients)
    {
        if (relays().Count > 0 && DeliveryStatus.Read(root, MessageReader.Reader(body), MostPart) is { } status)
            _waiting.Writer.TryWrite((status, recipients));
    }

    /// <summary>Reads what comes, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await foreach (var (status, recipients) in _waiting.Reader.ReadAllAsync(stop))
        {
            try
            {
                await HearAsync(status, recipients, stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.BounceUnread(e);
            }
        }
    }

    internal async Task HearAsync(DeliveryStatus status, IReadOnlyList<string> recipients, CancellationToken cancel)
    {
        foreach (var (recipient, action, code, said) in status.Recipients.Take(MostRecipients))
        {
            // RFC 3464 §2.3.3
            RelayEventKind? kind = action switch
            {
                "failed" => RelayEventKind.Bounced,
                "delayed" => RelayEventKind.Deferred,
                "delivered" => RelayEventKind.Delivered,
                _ => null,
            };
            if (kind is not { } known) continue;
            var heard = new RelayEvent(known, recipient, [status.MessageId], clock.GetUtcNow(), RelayEvent.OneLine(said),
                HookText.Code(code));
            foreach (var relay in relays())
            {
                // Whoever got the message knows its id and could write a bounce about others; only we know its return path.
                var handed = await watch.FindAsync(relay, heard, cancel);
                if (handed is not null && recipients.Contains(handed.Sender, StringComparer.OrdinalIgnoreCase))
                    await watch.TakeBounceAsync(relay, heard, cancel);
            }
        }
    }
}

/// <summary>What a bounce says: which message, and of each recipient what became of it.</summary>
/// <param name="MessageId">Of the original, without brackets.</param>
internal sealed record DeliveryStatus(
    string MessageId, IReadOnlyList<(string Recipient, string Action, string Status, string Said)> Recipients)
{
    /// <summary>Null when the message is no delivery status that names its original.</summary>
    public static DeliveryStatus? Read(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read, int mostOctets)
    {
        if (root is not { Type: "multipart", Subtype: "report" }) return null;
        var status = root.Children.FirstOrDefault(p => p is { Type: "message", Subtype: "delivery-status" or "global-delivery-status" });
        if (status is null || Original(root, read, mostOctets) is not { Length: > 0 } id) return null;
        var text = Encoding.UTF8.GetString(TransferDecoder.DecodeAll(
            status.Encoding, read(status.BodyOffset, (int)Math.Min(status.BodyLength, mostOctets)).Span)).ReplaceLineEndings("\n");
        // RFC 3464 §2.1: groups of fields, the first about the message, each other about a recipient.
        var groups = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(Fields).ToList();
        var recipients = groups.Select(g => (Typed(g("Final-Recipient")), g("Action").Trim().ToLowerInvariant(), g("Status").Trim(),
            Typed(g("Diagnostic-Code")))).Where(r => r.Item1.Length > 0).ToList();
        return recipients.Count > 0 ? new(id, recipients) : null;
    }

    private static string Original(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read, int mostOctets)
    {
        foreach (var part in root.Children)
        {
            var (at, length) = part switch
            {
                { Type: "message", Subtype: "rfc822" or "global", Message: { } inner } => (inner.HeaderOffset, inner.HeaderLength),
                { Type: "text" or "message", Subtype: "rfc822-headers" or "global-headers" } => (part.BodyOffset, part.BodyLength),
                _ => (0L, 0L),
            };
            if (length == 0) continue;
            var header = read(at, (int)Math.Min(length, mostOctets)).Span;
            if (HeaderFields.TryFind(header, "Message-ID"u8, out var id)) return RelayEvent.Plain(Encoding.UTF8.GetString(id));
        }
        return "";
    }

    // "rfc822; carol@elsewhere.example", "smtp; 550 5.1.1 no such user"
    private static string Typed(string value) => value[(value.IndexOf(';', StringComparison.Ordinal) + 1)..].Trim();

    private static Func<string, string> Fields(string group)
    {
        var octets = Encoding.UTF8.GetBytes(group + "\n");
        return name => HeaderFields.TryFind(octets, Encoding.ASCII.GetBytes(name), out var value)
            ? string.Join(' ', Encoding.UTF8.GetString(value).Split('\n').Select(l => l.Trim())) : "";
    }
}
