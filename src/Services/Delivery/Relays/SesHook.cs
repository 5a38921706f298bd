using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Fetches a text over https; null when it cannot be had now.</summary>
public delegate Task<string?> FetchText(Uri at, CancellationToken cancel);

/// <summary>
/// Events of Amazon SES by way of one SNS topic. Signed by a certificate that is in force and was fetched from SNS itself over verified
/// https; the first message of a topic is a question that is answered by a visit to SNS.
/// </summary>
internal sealed class SesHook(string relay, string topic, FetchText fetch, TimeProvider clock, ILogger log) : IRelayHook
{
    private const int MostCertificates = 8;
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<Uri, X509Certificate2> _certificates = new();

    // SNS gives up after about an hour by its own policy, and an administrator may make that longer.
    public TimeSpan Window => TimeSpan.FromHours(9);

    public async Task<HookReading> ReadAsync(HookRequest request, CancellationToken cancel)
    {
        using var json = HookText.Parse(request.Body);
        if (json is null) return HookReading.No(HookResult.Unreadable, "it is no JSON");
        var sns = new SnsMessage(json.RootElement);
        if (!sns.IsNotification && !sns.IsSubscription) return HookReading.No(HookResult.Unreadable, "it is no message of SNS");
        if (!HookText.AreSame(sns["TopicArn"], topic)) return HookReading.No(HookResult.Refused,
            "it is of another topic than `events.topic`");
        if (sns.CertificateAddress is not { } at) return HookReading.No(HookResult.Refused, "its certificate does not lie at SNS");
        if (await CertificateAsync(at, cancel) is not { } certificate)
            return HookReading.No(HookResult.Failed, "the certificate of SNS cannot be fetched");
        if (!sns.IsSignedBy(certificate)) return HookReading.No(HookResult.Refused, "the signature is not of the certificate");
        var (now, sent) = (clock.GetUtcNow(), HookText.Date(sns["Timestamp"]));
        if (sent is not { } signed || signed < now - Window || signed > now + Ahead)
            return HookReading.No(HookResult.Stale, $"it was signed at {sns["Timestamp"]}, and {now:u} is now");
        return sns.IsNotification ? Read(sns) : await ConfirmAsync(sns, cancel);
    }

    private HookReading Read(SnsMessage sns)
    {
        using var inner = HookText.Parse(System.Text.Encoding.UTF8.GetBytes(sns["Message"]));
        // SES says a sentence in plain words when a topic is set up.
        return new(HookResult.Taken, inner is null ? [] : [.. SesEvents.Read(inner.RootElement, clock.GetUtcNow())],
            Token: sns["MessageId"]);
    }

    private async Task<HookReading> ConfirmAsync(SnsMessage sns, CancellationToken cancel)
    {
        if (sns.Type == "UnsubscribeConfirmation") return new(HookResult.Taken, [], Token: sns["MessageId"]);
        if (sns.SubscribeAddress is not { } visit) return HookReading.No(HookResult.Refused, "its SubscribeURL does not lead to SNS");
        if (await fetch(visit, cancel) is null) return HookReading.No(HookResult.Failed, "SNS does not take the confirmation");
        log.SubscriptionConfirmed(relay, topic);
        return new(HookResult.Taken, [], Token: sns["MessageId"]);
    }

    private async Task<X509Certificate2?> CertificateAsync(Uri at, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        if (_certificates.TryGetValue(at, out var kept) && now < kept.NotAfter.ToUniversalTime()) return kept;
        if (await fetch(at, cancel) is not { } pem) return null;
        try
        {
#pragma warning disable CA2000 // the list holds it
            var certificate = X509Certificate2.CreateFromPem(pem);
#pragma warning restore CA2000
            if (now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime()) return null;
            if (_certificates.Count >= MostCertificates) _certificates.Clear();
            return _certificates[at] = certificate;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}

/// <summary>What SES publishes of a message: a notification (notificationType) or an event of a configuration set (eventType).</summary>
internal static class SesEvents
{
    public static IEnumerable<RelayEvent> Read(JsonElement said, DateTimeOffset now)
    {
        var type = HookText.Text(said, "eventType") is { Length: > 0 } name ? name : HookText.Text(said, "notificationType");
        var ids = Ids(said);
        return type switch
        {
            "Bounce" => Bounces(said, ids, now),
            "Complaint" => HookText.Items(said, "complaint", "complainedRecipients").Select(r => new RelayEvent(
                RelayEventKind.Complained, HookText.Text(r, "emailAddress"), ids, At(said, "complaint", now),
                RelayEvent.OneLine(HookText.Text(said, "complaint", "complaintFeedbackType")))),
            "Delivery" => HookText.Items(said, "delivery", "recipients").Select(r => new RelayEvent(
                RelayEventKind.Delivered, HookText.Text(r), ids, At(said, "delivery", now),
                RelayEvent.OneLine(HookText.Text(said, "delivery", "smtpResponse")))),
            "DeliveryDelay" => HookText.Items(said, "deliveryDelay", "delayedRecipients").Select(r => Refused(
                RelayEventKind.Deferred, r, ids, At(said, "deliveryDelay", now), HookText.Text(said, "deliveryDelay", "delayType"))),
            "Reject" => HookText.Items(said, "mail", "destination").Select(r => new RelayEvent(
                RelayEventKind.Dropped, HookText.Text(r), ids, now,
                RelayEvent.OneLine(HookText.Text(said, "reject", "reason")))),
            _ => [],
        };
    }

    private static IEnumerable<RelayEvent> Bounces(JsonElement said, IReadOnlyList<string> ids, DateTimeOffset now)
    {
        var (type, sub) = (HookText.Text(said, "bounce", "bounceType"), HookText.Text(said, "bounce", "bounceSubType"));
        // Suppressed and OnAccountSuppressionList: SES did not try. A transient bounce is told when SES has given up.
        var kind = sub is "Suppressed" or "OnAccountSuppressionList" ? RelayEventKind.Dropped : RelayEventKind.Bounced;
        return HookText.Items(said, "bounce", "bouncedRecipients").Select(r =>
            Refused(kind, r, ids, At(said, "bounce", now), $"{type} {sub}"));
    }

    private static RelayEvent Refused(RelayEventKind kind, JsonElement recipient, IReadOnlyList<string> ids, DateTimeOffset at,
        string otherwise)
    {
        var said = HookText.Text(recipient, "diagnosticCode") is { Length: > 0 } code ? code : otherwise;
        var status = HookText.Code(HookText.Text(recipient, "status")) ?? HookText.Code(said);
        return new(kind, HookText.Text(recipient, "emailAddress"), ids, at, RelayEvent.OneLine(said), status);
    }

    private static DateTimeOffset At(JsonElement said, string part, DateTimeOffset now) =>
        HookText.Date(HookText.Text(said, part, "timestamp")) ?? now;

    // SES writes a Message-ID of its own into the message; ours is among the headers where they are included, and its id stood in the
    // reply.
    private static IReadOnlyList<string> Ids(JsonElement said) =>
    [
        .. HookText.Items(said, "mail", "headers").Where(h => HookText.Text(h, "name").Equals("Message-ID",
            StringComparison.OrdinalIgnoreCase))
            .Select(h => RelayEvent.Plain(HookText.Text(h, "value"))).Take(1),
        RelayEvent.Plain(HookText.Text(said, "mail", "commonHeaders", "messageId")),
            RelayEvent.Plain(HookText.Text(said, "mail", "messageId")),
    ];
}
