using System.Buffers;

namespace Aviso.Sieve;

/// <summary>keep and fileinto with what copy, imap4flags, mailbox, special-use and mailboxid add to them.</summary>
internal static class MailboxCommands
{
    private static readonly SearchValues<char> NotAtom = SearchValues.Create("(){%*\"\\]");

    public static IEnumerable<Spec> Specs =>
    [
        new("keep") { Tags = [FlagCommands.Tag], Check = (checker, call) => FlagCommands.CheckFlags(checker, call.Tag("flags")), Run = Keep },
        new("fileinto", "fileinto")
        {
            Positional = [Wants.String],
            Tags = [FlagCommands.Tag, new("copy", Wants.Nothing, "copy"), .. Target],
            Check = (checker, call) =>
            {
                CheckName(checker, call.Positional[0]!);
                CheckUse(checker, call.Tag("specialuse"));
                FlagCommands.CheckFlags(checker, call.Tag("flags"));
            },
            Run = FileInto,
        },
    ];

    /// <summary>RFC 5490 §3.2, RFC 8579 §5, RFC 9042 §3.</summary>
    public static readonly TagSpec[] Target =
    [
        new("create", Wants.Nothing, "mailbox"),
        // RFC 9042 §4.2: one of the two.
        new("specialuse", Wants.String, "special-use", "place"), new("mailboxid", Wants.String, "mailboxid", "place"),
    ];

    // RFC 8579 §4, RFC 6154 §6: use-attr = "\" atom
    public static void CheckUse(Checker checker, Operand? uses)
    {
        foreach (var use in uses?.Constants ?? [])
        {
            var text = use.Constant!;
            if (text.Length < 2 || text[0] != '\\' || text.AsSpan(1).ContainsAnyExceptInRange('!', '~')
                || text.AsSpan(1).ContainsAny(NotAtom))
                checker.Error(use.At, $"`{text}` is no special use, such as \\Junk");
        }
    }

    public static bool IsMailboxName(string name) =>
        name.Length is > 0 and <= 1024 && !name.Any(char.IsControl) && !name.StartsWith('/') && !name.EndsWith('/')
        && !name.Contains("//", StringComparison.Ordinal);

    public static void CheckName(Checker checker, Operand operand)
    {
        foreach (var name in operand.Constants)
        {
            if (!IsMailboxName(name.Constant!)) checker.Error(name.At, $"`{name.Constant}` is no name of a mailbox");
        }
    }

    private static ValueTask<Flow> Keep(SieveRun run, Call call)
    {
        run.CancelImplicitKeep();
        run.Add(call, new SieveAction.Keep(FlagCommands.For(run, call)));
        return new(Flow.Next);
    }

    private static ValueTask<Flow> FileInto(SieveRun run, Call call)
    {
        var mailbox = run.String(call.Positional[0]!);
        if (!IsMailboxName(mailbox))
        {
            run.Fail(call, $"`{mailbox}` is no name of a mailbox");
            return new(Flow.Stop);
        }
        var flags = FlagCommands.For(run, call);
        if (!call.Has("copy")) run.CancelImplicitKeep();
        // RFC 5228 §4.1: INBOX in any case is where keep files.
        var isKeep = mailbox.Equals("INBOX", StringComparison.OrdinalIgnoreCase) && !call.Has("specialuse") && !call.Has("mailboxid");
        run.Add(call, isKeep
            ? new SieveAction.Keep(flags) { IsNamed = true }
            : new SieveAction.FileInto(
                mailbox, flags, call.Has("copy"), call.Has("create"), run.String(call, "specialuse"), run.String(call, "mailboxid")));
        return new(Flow.Next);
    }
}
