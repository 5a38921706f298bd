using Aviso.Sieve;

namespace Aviso.Delivery;

/// <summary>What a script would do, said to a person.</summary>
public static class SieveWords
{
    /// <summary>"file into Lists with flags \Seen"; one for each action.</summary>
    public static IReadOnlyList<string> Of(SieveOutcome outcome) => [.. outcome.Actions.Select(Of)];

    /// <param name="action">As decided; mailboxes are named as the script named them.</param>
    public static string Of(SieveAction action) => action switch
    {
        SieveAction.Keep keep => "keep in INBOX" + Flags(keep.Flags),
        SieveAction.FileInto into => $"{(into.Copy ? "copy" : "file")} into {into.Mailbox}{Flags(into.Flags)}",
        SieveAction.Redirect redirect => $"redirect{(redirect.Copy ? " a copy" : "")} to {redirect.Address}",
        SieveAction.Reject reject => $"refuse: {OneLine(reject.Reason)}",
        SieveAction.Discard => "discard",
        SieveAction.Vacation { Unsent: { } why } => $"no answer: {why}",
        SieveAction.Vacation vacation => $"answer {vacation.To}: {OneLine(vacation.Subject)}",
        SieveAction.Notify { Unsent: { } why } => $"no notification: {why}",
        SieveAction.Notify notify => $"notify {notify.Method}",
        _ => action.GetType().Name,
    };

    /// <summary>The same action on many messages has the same words: "file into Lists", without what differs from message to
    /// message.</summary>
    public static string Kind(SieveAction action) => action switch
    {
        SieveAction.Keep => "keep in INBOX",
        SieveAction.FileInto into => $"{(into.Copy ? "copy" : "file")} into {into.Mailbox}",
        SieveAction.Reject => "refuse",
        SieveAction.Vacation { Unsent: not null } => "no answer",
        SieveAction.Vacation => "answer the sender",
        _ => Of(action),
    };

    /// <summary>The message would not stay where it arrives.</summary>
    public static bool Moves(SieveOutcome outcome) =>
        !outcome.Actions.Any(a =>
            a is SieveAction.Keep || (a is SieveAction.FileInto into && into.Mailbox.Equals("INBOX", StringComparison.OrdinalIgnoreCase)));

    private static string Flags(IReadOnlyList<string> flags) => flags.Count == 0 ? "" : $" with flags {string.Join(' ', flags)}";

    private static string OneLine(string text)
    {
        var line = new string([.. text.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
        return line.Length <= 80 ? line : line[..77] + "...";
    }
}
