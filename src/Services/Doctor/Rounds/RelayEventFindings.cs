using Aviso.Base;
using Aviso.Delivery;

namespace Aviso.Doctor;

/// <summary>
/// What relays say of mail that they took, as findings: what a relay dropped by itself, and complaints. A recipient's server that refuses
/// is between it and the sender, who has a notice; only when it speaks of authentication it is ours to mend.
/// </summary>
public sealed class RelayEventFindings(FindingBook book, ReplyWatch replies) : IRelayEventSink
{
    private static readonly TimeSpan Stands = TimeSpan.FromDays(1);

    /// <summary>How long it is said that a switch went back.</summary>
    public static readonly TimeSpan WentBackStands = TimeSpan.FromDays(3);

    /// <summary>A trial of another relay failed.</summary>
    public static Finding WentBack(SwitchedRelay back) => new(FindingCode.RelaySwitchedBack, $"{back.From} to {back.To}",
        $"mail goes by the relay {back.From} again: {back.Failed} of the first {back.Failed + back.Taken} recipients through {back.To} "
            + "failed",
        back.Why, FindingCode.RelaySwitchedBack.ToDo, $"aviso relay switch {back.From} {back.To}");

    public async Task HeardAsync(RelayNews news, CancellationToken cancel)
    {
        var heard = news.Event;
        var subject = $"{heard.Recipient} by {news.Relay}";
        var evidence = $"{heard.At:u}: {(heard.Says.Length > 0 ? heard.Says : "no reason is given")}"
            + (news.Message is { } message ? $" (queue {message.Id}, message-id {message.MessageId})" : "");
        if (heard.Kind == RelayEventKind.Dropped)
            await book.RaiseAsync(new(FindingCode.RelayDropped, subject,
                $"the relay {news.Relay} took a message for {heard.Recipient} and did not send it on", evidence,
                    FindingCode.RelayDropped.ToDo,
                $"aviso relay unblock {heard.Recipient}"), Stands, cancel);
        else if (heard.Kind == RelayEventKind.Complained)
            await book.RaiseAsync(new(FindingCode.RelayComplaint, subject, $"{heard.Recipient} called a message of ours junk", evidence,
                FindingCode.RelayComplaint.ToDo), Stands, cancel);
        else if (heard.Kind == RelayEventKind.Bounced && MailAddress.TryParse(heard.Recipient, out var recipient))
            replies.Hear([new(heard.Recipient, recipient.Domain.Ascii, false, true, heard.Status, heard.Says)]);
    }
}
