using System.Text;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Every "no" of the receive steps. Texts tell a person what to do, details are for the log.</summary>
internal static class Refusals
{
    public static readonly Refusal Unknown = new(550, new(5, 1, 1), "No such mailbox here", Reason.UnknownRecipient, "nobody has this address");
    public static readonly Refusal Full = new(452, new(4, 2, 2), "Mailbox is full", Reason.OverQuota, "over quota");
    public static readonly Refusal Relay = new(554, new(5, 7, 1), "Relay access denied", Reason.RelayDenied, "not a domain of ours and no login");
    public static readonly Refusal LoginFirst = new(530, new(5, 7, 0), "Authentication required", Reason.LoginNeeded, "submission without login");
    public static readonly Refusal TooMany = new(452, new(4, 5, 3), "Too many recipients", Reason.TooManyRecipients, "too many targets in one transaction");

    public static readonly Refusal Spam = new(550, new(5, 7, 1), "This message looks like spam and is not accepted", Reason.Spam, "at or above the reject threshold");

    public static Refusal Virus(string name) => new(550, new(5, 7, 1), $"This message has a virus ({name}) and is not accepted", Reason.Virus, name);

    // RFC 6647 §5.
    public static Refusal Greylisted(string why) => new(450, new(4, 7, 1), "New sender, please try again in a few minutes", Reason.Greylisted, why);

    // RFC 3463 §3.8: X.7.0, security that no other code describes.
    public static Refusal Unscanned(string who) =>
        new(451, new(4, 7, 0), "This message cannot be scanned for viruses now, please try again later", Reason.Unscanned,
            $"{who} cannot be asked");

    /// <summary>RFC 5429 §2.1.1: the script's words, on one line and short.</summary>
    /// <param name="utf8">They may hold more than ASCII; else, when they do, ours take their place.</param>
    public static Refusal ByScript(string reason, bool utf8)
    {
        var text = string.Join(' ', reason.Split((char[])['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        text = text.Length > 0 && (utf8 || Ascii.IsValid(text)) ? text : "The recipient does not accept this message";
        return new(550, new(5, 7, 1), Short(text), Reason.Script, "refused by the recipient's script") { IsUtf8 = utf8 };
    }

    // RFC 5321 §4.5.3.1.5: a reply line has 512 octets.
    private static string Short(string text)
    {
        var (at, octets) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if ((octets += rune.Utf8SequenceLength) > 400) break;
            at += rune.Utf16SequenceLength;
        }
        return text[..at];
    }

    /// <summary>RFC 3463 §3.7: the message is not what the format wants.</summary>
    public static Refusal Header(string why) => new(550, new(5, 6, 0), $"The header is not acceptable: {why}", Reason.Header, why);

    /// <summary>RFC 7489 §10.3.</summary>
    public static Refusal Dmarc(string domain) =>
        new(550, new(5, 7, 1), $"{domain} asks that mail which it does not stand behind is refused (DMARC)", Reason.Dmarc, domain);

    public static Refusal Suspended(string what) => new(450, new(4, 2, 1), "Mailbox is not available now", Reason.Suspended, what);

    public static Refusal NoRoom(string why) => new(452, new(4, 3, 1), "Cannot store mail now, try again later", Reason.Store, why);

    public static Refusal TooLarge(long octets) => new(552, new(5, 3, 4), "Message is too large", Reason.Size, $"{octets} octets");

    public static readonly Refusal WentInACircle = Loop("Delivered-To names the forwarding address");

    /// <summary>A step threw (style.md "Saying no"): temporary, with an id that is also in the log.</summary>
    public static Refusal OwnFault(string step, string id) =>
        new(451, new(4, 3, 0), $"Internal fault, reference {id}; try again later", Reason.StepFault, step);

    public static Refusal Loop(string why) => new(554, new(5, 4, 6), "Mail loop", Reason.Loop, why);

    public static Refusal NotStored(StoreError error) => error switch
    {
        StoreError.OverQuota => Full,
        StoreError.NotFound => Unknown,
        _ => NoRoom($"the store says {error}"),
    };
}
