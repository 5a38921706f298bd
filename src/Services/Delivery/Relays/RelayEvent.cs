// Relays owns what becomes of mail after a relay took it: what was handed over, what the relay's vendor says of it later (webhooks, bounces
// by mail), and the vendor's list of recipients that it no longer serves. Rules in here: nobody is believed without a proof that the vendor
// gave (signature, token, topic); the same news twice is one; a sender is told once; nothing in here can keep mail from leaving.
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>Whose documented API and webhooks a relay speaks.</summary>
public enum RelayVendor
{
    Brevo, Mailgun,

    /// <summary>Amazon SES: events by SNS, suppression list by API v2.</summary>
    Ses,
}

/// <summary>What became of one recipient at the relay.</summary>
public enum RelayEventKind
{
    /// <summary>The recipient's server took it.</summary>
    Delivered,

    /// <summary>The relay tries again by itself.</summary>
    Deferred,

    /// <summary>The recipient's server refused it, or the relay gave up.</summary>
    Bounced,

    /// <summary>The relay never tried: suppression list, policy, content.</summary>
    Dropped,

    /// <summary>The recipient called it junk.</summary>
    Complained,
}

/// <summary>One event of a vendor, in our words.</summary>
/// <param name="Ids">What it calls the message by: Message-ID or an id of its own, without brackets; most telling first.</param>
/// <param name="Says">The remote reply or the vendor's reason, one line, at most 500 characters.</param>
/// <param name="Status">RFC 3463, where one is named.</param>
public sealed record RelayEvent(
    RelayEventKind Kind, string Recipient, IReadOnlyList<string> Ids, DateTimeOffset At, string Says, EnhancedCode? Status = null)
{
    private const int MostSaid = 500;

    /// <summary>The message does not reach this recipient.</summary>
    public bool IsLoss => Kind is RelayEventKind.Bounced or RelayEventKind.Dropped;

    /// <summary>An id as it is compared: no white space, no angle brackets.</summary>
    public static string Plain(string id) => id.Trim().TrimStart('<').TrimEnd('>');

    internal static string OneLine(string? text)
    {
        var line = string.Concat((text ?? "").Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        return line.Length > MostSaid ? line[..MostSaid] : line;
    }
}

/// <summary>News of a relay about a message, for whoever keeps or tells such things.</summary>
/// <param name="Message">What was handed over; null when nothing known has this id and recipient.</param>
/// <param name="SenderTold">A notice about it was stored just now.</param>
/// <param name="IsByMail">A bounce that came by mail, which anybody who knows the message can write; false: the vendor proved it.</param>
public sealed record RelayNews(string Relay, RelayEvent Event, HandedOver? Message, bool SenderTold, bool IsByMail = false);

/// <summary>Told of each event once, after the sender was told. What it throws is logged and harms nobody.</summary>
public interface IRelayEventSink
{
    Task HeardAsync(RelayNews news, CancellationToken cancel);
}
