using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Aviso.Base;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Log events of what relays say after they took mail, 4170-4199.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(4170, LogLevel.Error,
        "what was handed to relay {Relay} of message {Queue} could not be kept: what the relay says of it later is not understood")]
    public static partial void HandOverNotKept(this ILogger log, Exception e, QueueId queue, string relay);

    [LoggerMessage(4171, LogLevel.Information,
        "Relay {Relay} says of message {Queue}, message-id {MessageId}, for {Recipient}: {Kind}; {Says}")]
    public static partial void RelaySaid(
        this ILogger log, string relay, QueueId queue, string messageId, string recipient, RelayEventKind kind, string says);

    [LoggerMessage(4172, LogLevel.Warning,
        "Relay {Relay} took message {Queue}, message-id {MessageId}, for {Recipient} and it did not arrive: {Kind}; {Says}; sender told: "
            + "{Told}")]
    public static partial void RelayLost(
        this ILogger log, string relay, QueueId queue, string messageId, string recipient, RelayEventKind kind, string says, bool told);

    [LoggerMessage(4173, LogLevel.Information, "Relay {Relay} says {Kind} of a message for {Recipient} that is not known here ({Id})")]
    public static partial void RelaySaidOfUnknown(this ILogger log, string relay, RelayEventKind kind, string recipient, string id);

    [LoggerMessage(4174, LogLevel.Warning, "An event for relay {Relay} from {Client} is not taken: {Problem}")]
    public static partial void EventRefused(this ILogger log, string relay, string client, string problem);

    [LoggerMessage(4175, LogLevel.Error, "What relay {Relay} said of message {Queue} could not be passed on")]
    public static partial void EventNotPassedOn(this ILogger log, Exception e, string relay, QueueId queue);

    [LoggerMessage(4176, LogLevel.Information, "The subscription of relay {Relay} to topic {Topic} is confirmed")]
    public static partial void SubscriptionConfirmed(this ILogger log, string relay, string topic);

    [LoggerMessage(4177, LogLevel.Error, "A bounce by mail could not be looked through")]
    public static partial void BounceUnread(this ILogger log, Exception e);

    [LoggerMessage(4178, LogLevel.Warning, "Relay {Relay}: {Address} was taken off its list of blocked recipients")]
    public static partial void Unblocked(this ILogger log, string relay, string address);

    [LoggerMessage(4180, LogLevel.Error,
        "Mail for relay {From} goes by it again: of the first {All} recipients through {To} {Failed} failed; {Why}")]
    public static partial void SwitchedBack(this ILogger log, string from, string to, int failed, int all, string why);

    [LoggerMessage(4182, LogLevel.Warning,
        "{Count} messages are being handed to relays without a webhook: a bounce that comes by mail may not find some of them")]
    public static partial void HandOversForgotten(this ILogger log, int count);

    [LoggerMessage(4181, LogLevel.Error, "The trial of a switched relay could not be kept")]
    public static partial void SwitchNotKept(this ILogger log, Exception e);

    [LoggerMessage(4179, LogLevel.Error, "Events of relay {Relay} failed")]
    public static partial void EventsFailed(this ILogger log, Exception e, string relay);
}

/// <summary>What is counted of it.</summary>
internal static class RelayMeters
{
    private static readonly Meter Meter = new("Aviso.Delivery");

    /// <summary>Events of relays, by relay and kind: delivered, deferred, bounced, dropped, complained; and unknown, for messages that
    /// are not known here.</summary>
    private static readonly Counter<long> Events = Meter.CreateCounter<long>("aviso_relay_events_total");

    /// <summary>Requests to the webhooks of relays, by result: taken, again, refused, stale, unreadable, failed.</summary>
    private static readonly Counter<long> Hooks = Meter.CreateCounter<long>("aviso_relay_webhooks_total");

    [ModuleInitializer]
    internal static void Publish() => Instruments.StartAtZero(() =>
    {
        foreach (var result in Enum.GetNames<HookResult>()) Hook(result.ToLowerInvariant(), 0);
    });

    /// <summary>Its events are counted from 0.</summary>
    public static void Expect(string relay)
    {
        foreach (var kind in Enum.GetNames<RelayEventKind>()) Heard(relay, kind.ToLowerInvariant(), 0);
    }

    public static void Heard(string relay, string kind, long count = 1) => Events.Add(
        count, new KeyValuePair<string, object?>("relay", relay), new KeyValuePair<string, object?>("kind", kind));

    public static void Hook(string result, long count = 1) => Hooks.Add(count, new KeyValuePair<string, object?>("result", result));
}
