using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Log events of the queue and of its way out, 4300-4329.</summary>
internal static partial class QueueLog
{
    [LoggerMessage(4300, LogLevel.Information,
        "Queue {Queue} {Fate} to {Destination}: {Recipients} from <{Sender}>, message-id {MessageId}, {Milliseconds} ms, {Reply}")]
    public static partial void Tried(
        this ILogger log, QueueId queue, Fate fate, string destination, string recipients, string sender, string messageId,
        long milliseconds, string reply);

    [LoggerMessage(4301, LogLevel.Warning, "Message {Queue} for {Recipient} failed and nobody is told ({Reason}): {Reply}")]
    public static partial void Untold(this ILogger log, QueueId queue, string recipient, string reason, string reply);

    [LoggerMessage(4307, LogLevel.Warning,
        "Message {Queue} for {Recipient} from <{Sender}> cannot be sent on nor returned; {Keeper}, who forwards it, keeps it: {Reply}")]
    public static partial void KeptForForwarder(
        this ILogger log, QueueId queue, string recipient, string sender, string keeper, string reply);

    [LoggerMessage(4302, LogLevel.Warning, "Queue {Queue} dropped by hand: {Recipient} from <{Sender}>, message-id {MessageId}")]
    public static partial void Dropped(this ILogger log, QueueId queue, string recipient, string sender, string messageId);

    [LoggerMessage(4303, LogLevel.Error, "The queue could not be read; trying again")]
    public static partial void QueueUnreadable(this ILogger log, Exception e);

    [LoggerMessage(4304, LogLevel.Error, "Delivery to {Destination} broke; {Recipients} recipients are tried again when their lease ends")]
    public static partial void DeliveryBroke(this ILogger log, Exception e, string destination, int recipients);

    [LoggerMessage(4305, LogLevel.Error, "Outcome of message {Queue} could not be written, try {Attempt}")]
    public static partial void OutcomeUnwritten(this ILogger log, Exception e, QueueId queue, int attempt);

    [LoggerMessage(4308, LogLevel.Error,
        "the sender {Sender} of a forwarded message could not be kept; it goes out under a long address, to which few bounces come back")]
    public static partial void SenderNotKept(this ILogger log, Exception e, string sender);

    [LoggerMessage(4309, LogLevel.Information,
        "Queue {Queue}: {Recipients} recipients go from {From} to {To}, since the quota of the first is used up")]
    public static partial void Spilled(this ILogger log, QueueId queue, int recipients, string from, string to);

    [LoggerMessage(4306, LogLevel.Error,
        "relay {Relay} refuses our login as {User}: {Reply}; mail for it waits until `username` and `password` of the relay are right")]
    public static partial void RelayLoginRefused(this ILogger log, string relay, string user, string reply);
}
