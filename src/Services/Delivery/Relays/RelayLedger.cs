using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// What was handed to relays in the last days, found by Message-ID (or the id that the relay's reply named) and recipient: what a relay
/// says hours later needs its message, whose row and octets are gone by then. Written before the message is handed over where the relay has
/// a webhook, so that the fastest one finds it; else afterwards, beside the next message. One document of at most 5 KiB a recipient; a
/// message goes out whether it can be written or not.
/// </summary>
public sealed class RelayLedger(IDocumentRows documents, TimeProvider clock, ILogger log) : IRelayLedger
{
    private const string Kind = "relay-handed", IdKind = "relay-id", ToKind = "relay-to";
    private const int HeaderOctets = 64 * 1024, KeptOctets = 4096;

    private const int MostLater = 1000;

    // An id of a relay: Postfix' queue ids and words of a sentence are shorter.
    private const int ShortestId = 12, MostIds = 3;

    /// <summary>How long an event may take to come. Mailgun tries for 8 hours, SES for 14, Brevo for days.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(8);

    private static readonly string[] KeptFields = ["From", "To", "Cc", "Subject", "Date", "Message-ID"];

    private readonly ConcurrentDictionary<long, IReadOnlyList<HandedOver>> _later = [];

    /// <summary>Has this relay a webhook.</summary>
    public Func<string, bool> IsHeard { get; set; } = _ => true;

    public async Task HandingOverAsync(
        string relay, QueueMessage message, IReadOnlyList<QueueRecipient> recipients, StoredBody body, CancellationToken cancel)
    {
        // Without an id nothing that the relay says can be about it, but for ids of its own.
        try
        {
            var (now, header) = (clock.GetUtcNow(), HeaderOf(body));
            var rows = recipients.Select(r => new HandedOver(
                relay, message.Id.Value, RelayEvent.Plain(message.MessageId), r.Address, message.Sender, message.Account?.Value ?? 0,
                message.EnvelopeId, message.Return, message.Needs, r.Notify, r.OriginalRecipient, message.ArrivedAt,
                now.ToUnixTimeMilliseconds(), header, 0, "")).ToList();
            if (IsHeard(relay)) await documents.ChangeDocumentsAsync([.. rows.SelectMany(r => Rows(r, now))], [], cancel);
            else Later(message.Id, rows);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.HandOverNotKept(e, message.Id, relay);
        }
    }

    public async Task HandedOverAsync(string relay, QueueMessage message, IReadOnlyList<QueueTry> tries)
    {
        try
        {
            var now = clock.GetUtcNow();
            var ids = tries.Where(t => t.IsDelivered).SelectMany(t => IdsIn(t.Reply).Select(id => new Document(
                new(default, IdKind, Name(relay, id, t.Recipient)), Encoding.ASCII.GetBytes(Name(relay, MainId(message), t.Recipient)),
                now.ToUnixTimeSeconds(), (now + Kept).ToUnixTimeSeconds()))).ToList();
            if (_later.TryRemove(message.Id.Value, out var rows)) ids.AddRange(
                rows.Where(r => tries.Any(t => t.IsDelivered && t.Recipient == r.Recipient)).SelectMany(r => Rows(r, now)));
            if (ids.Count > 0) await documents.ChangeDocumentsAsync(ids, [], CancellationToken.None);
        }
        catch (Exception e)
        {
            log.HandOverNotKept(e, message.Id, relay);
        }
    }

    private void Later(QueueId message, IReadOnlyList<HandedOver> rows)
    {
        // What is left here belongs to deliveries that broke off; it is tried again and comes anew.
        if (_later.Count >= MostLater)
        {
            log.HandOversForgotten(_later.Count);
            _later.Clear();
        }
        _later.AddOrUpdate(message.Value, rows, (_, before) => [.. before, .. rows]);
    }

    /// <summary>What was handed to the relay under one of these ids for this recipient; null when nothing was.</summary>
    public async Task<HandedOver?> FindAsync(string relay, IReadOnlyList<string> ids, string recipient, CancellationToken cancel)
    {
        foreach (var id in ids.Where(i => i.Length > 0))
        {
            var name = Name(relay, id, recipient);
            if (await ReadAsync(name) is { } found) return found;
            if (await documents.GetDocumentAsync(default, IdKind, name, cancel) is { } other
                && await ReadAsync(Encoding.ASCII.GetString(other.Value)) is { } named) return named;
        }
        return null;

        async Task<HandedOver?> ReadAsync(string name) =>
            (await documents.GetDocumentAsync(default, Kind, name, cancel))?.Read(RelayJson.Default.HandedOver);
    }

    /// <summary>What became of it; kept as long again.</summary>
    public Task ChangeAsync(HandedOver handed, CancellationToken cancel) =>
        documents.ChangeDocumentsAsync([Document(handed, clock.GetUtcNow())], [], cancel);

    /// <summary>Was mail for this address handed to the relay in the last days.</summary>
    public async Task<bool> HasSentToAsync(string relay, string recipient, CancellationToken cancel) =>
        await documents.GetDocumentAsync(default, ToKind, Name(relay, "", recipient), cancel) is not null;

    private static IEnumerable<Document> Rows(HandedOver handed, DateTimeOffset now) =>
    [
        Document(handed, now),
        new(new(default, ToKind, Name(handed.Relay, "", handed.Recipient)), [], now.ToUnixTimeSeconds(), (now + Kept).ToUnixTimeSeconds()),
    ];

    private static Document Document(HandedOver handed, DateTimeOffset now) => Documents.Of(
        new(default, Kind, Name(handed.Relay, handed.MessageId.Length > 0 ? handed.MessageId : handed.Id.ToString(), handed.Recipient)),
        handed, RelayJson.Default.HandedOver, now.ToUnixTimeSeconds(), (now + Kept).ToUnixTimeSeconds());

    private static string MainId(QueueMessage message) =>
        RelayEvent.Plain(message.MessageId) is { Length: > 0 } id ? id : message.Id.ToString();

    // Ids are a stranger's choice: of one length here, and nothing in them means anything.
    private static string Name(string relay, string id, string recipient) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{relay}\0{id}\0{recipient.ToLowerInvariant()}")));

    /// <summary>"250 Ok 0100018f...-000000" (SES), "250 2.0.0 OK: queued as &lt;2024...@relay>" (Brevo): words that can only be
    /// ids.</summary>
    internal static IEnumerable<string> IdsIn(string reply) => reply.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
        .Select(w => RelayEvent.Plain(w.TrimEnd('.', ',', ';')))
        .Where(w => w.Length >= ShortestId && w.Any(char.IsAsciiDigit) && !w.Contains('[')
            && !w.StartsWith("TLS", StringComparison.Ordinal))
        .Take(MostIds);

    private static byte[] HeaderOf(StoredBody body)
    {
        var octets = new byte[(int)Math.Min(body.Length, HeaderOctets)];
        var at = 0;
        while (at < octets.Length && body.Read(at, octets.AsSpan(at)) is var read and > 0) at += read;
        var kept = new List<byte>();
        foreach (var field in new HeaderFields(octets.AsSpan(0, at)))
        {
            if (!KeptFields.Contains(Encoding.ASCII.GetString(field.Name), StringComparer.OrdinalIgnoreCase)) continue;
            if (kept.Count + field.Length <= KeptOctets) kept.AddRange(octets.AsSpan(field.Offset, field.Length));
        }
        if (kept.Count > 0) kept.AddRange("\r\n"u8);
        return [.. kept];
    }
}
