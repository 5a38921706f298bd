using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>
/// vacation (RFC 5230, 6131). Decided here: who must not be answered, as far as message and envelope show it (§4.5, §4.6, RFC 3834 §2),
/// and whether the message was sent to the account. The host remembers who had an answer.
/// </summary>
internal static class VacationCommand
{
    private static readonly string[] ListFields =
        ["List-Id", "List-Help", "List-Subscribe", "List-Unsubscribe", "List-Post", "List-Owner", "List-Archive"];

    private static readonly string[] Robots = ["mailer-daemon", "listserv", "majordomo", "noreply", "no-reply", "postmaster-noreply"];

    private static readonly string[] RecipientFields = ["To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"];

    public static IEnumerable<Spec> Specs =>
    [
        new("vacation", "vacation")
        {
            Positional = [Wants.String],
            Tags =
            [
                new("days", Wants.Number, null, "period"), new("seconds", Wants.Number, "vacation-seconds", "period"), new("subject", Wants.String),
                new("from", Wants.String), new("addresses", Wants.Strings), new("mime"), new("handle", Wants.String), .. Fcc.Tags,
            ],
            Check = Check,
            Run = Vacation,
        },
    ];

    private static void Check(Checker checker, Call call)
    {
        SendCommands.CheckAddresses(checker, call.Tag("from"));
        SendCommands.CheckAddresses(checker, call.Tag("addresses"));
        if (call.Has("mime") && call.Positional[0]!.Texts[0] is { Constant: { } text } reason && !IsMime(text)) checker.Error(reason.At, "with :mime the reason is a MIME part: fields, an empty line, content");
        Fcc.Check(checker, call);
    }

    private static bool IsMime(string text)
    {
        foreach (var field in new HeaderFields(Encoding.UTF8.GetBytes(text)))
        {
            if (field.Name.IsEmpty) return false;
        }
        return true;
    }

    private static ValueTask<Flow> Vacation(SieveRun run, Call call)
    {
        var (own, silent) = Decide(run, call);
        var reason = run.String(call.Positional[0]!);
        var from = run.String(call, "from");
        if (from is not null && SendCommands.Address(from) is null)
        {
            run.Note(call, $"`{from}` is no address to answer from");
            from = null;
        }
        var action = new SieveAction.Vacation(run.Message.EnvelopeFrom, own ?? run.Message.EnvelopeTo, from, Subject(run, call), reason,
            call.Has("mime"), Handle(run, call, reason), Period(run, call))
        {
            InReplyTo = MessageId(run),
            References = References(run),
            Fcc = Fcc.Read(run, call),
            // The action stands: two of them, or one beside a reject, are an error whether or not an answer goes out.
            Unsent = silent,
        };
        run.Add(call, action);
        return new(Flow.Next);
    }

    /// <summary>The own address the message went to, and why there is no answer; null: there is one.</summary>
    private static (string? Own, string? Silent) Decide(SieveRun run, Call call)
    {
        var sender = run.Message.EnvelopeFrom;
        if (sender.Length == 0) return (null, "the sender is the null address");
        var own = new List<string>([run.Message.EnvelopeTo, .. run.Message.OwnAddresses]);
        if (own.Contains(sender, AddressComparer.Instance)) return (null, "it is from the account itself");
        if (IsRobot(sender)) return (null, $"{sender} is no person");
        if (Automatic(run) is { } automatic) return (null, automatic);
        own.AddRange(run.Strings(call.Tag("addresses")).Select(a => SendCommands.Address(a) ?? a));
        var written = RecipientFields.SelectMany(run.View.Named).SelectMany(f => AddressList.Mailboxes(AddressList.Parse(f.Value)));
        var found = written.Select(a => a.Address).FirstOrDefault(a => own.Contains(a, AddressComparer.Instance));
        if (found is null && run.Limits.VacationToAnyone) return (null, null);
        return found is null ? (null, "it was not sent to an address of the account") : (found, null);
    }

    // RFC 5230 §4.5
    private static bool IsRobot(string sender)
    {
        var local = MailAddress.TryCut(sender, out var written, out _) ? written.ToString().ToLowerInvariant() : "";
        return Robots.Contains(local) || local.StartsWith("owner-", StringComparison.Ordinal) || local.EndsWith("-request", StringComparison.Ordinal)
            || local.EndsWith("-owner", StringComparison.Ordinal) || local.EndsWith("-bounces", StringComparison.Ordinal);
    }

    private static string? Automatic(SieveRun run)
    {
        string Value(string name) => run.View.Named(name) is [var first, ..] ? first.Decoded.ToLowerInvariant() : "";
        var submitted = Value("Auto-Submitted").Split(';')[0].Trim();
        if (submitted is not ("" or "no")) return $"it was sent automatically ({submitted})";
        if (Array.Find(ListFields, f => run.View.Named(f).Count > 0) is { } list) return $"it is from a mailing list ({list})";
        if (Value("Precedence") is "bulk" or "list" or "junk") return "its precedence is bulk";
        return Value("X-Auto-Response-Suppress") is { Length: > 0 } suppress && (suppress.Contains("all", StringComparison.Ordinal)
            || suppress.Contains("oof", StringComparison.Ordinal) || suppress.Contains("autoreply", StringComparison.Ordinal)) ? "its sender wants no answer" : null;
    }

    // RFC 5230 §4.4, §5.2
    private static string Subject(SieveRun run, Call call)
    {
        var subject = run.String(call, "subject")
            ?? (run.View.Named("Subject") is [{ Decoded.Length: > 0 } field, ..] ? "Auto: " + field.Decoded : "Automated reply");
        return Template.Cut(subject.ReplaceLineEndings(" "), 500);
    }

    // RFC 5230 §4.7
    private static string Handle(SieveRun run, Call call, string reason) => run.String(call, "handle") is { } handle
        ? HostTests.Hash("vacation", "handle", handle)
        : HostTests.Hash("vacation", reason, run.String(call, "subject") ?? "", run.String(call, "from") ?? "", call.Has("mime") ? "mime" : "");

    private static TimeSpan Period(SieveRun run, Call call)
    {
        var limits = run.Limits;
        var wanted = call.Tag("seconds") is { } seconds ? TimeSpan.FromSeconds(seconds.Number)
            : call.Tag("days") is { } days ? TimeSpan.FromDays(Math.Clamp(days.Number, 1, 10_000)) : limits.VacationDefault;
        return wanted < limits.VacationShortest ? limits.VacationShortest : wanted > limits.VacationLongest ? limits.VacationLongest : wanted;
    }

    private static string? MessageId(SieveRun run) =>
        run.View.Named("Message-ID") is [var field, ..] && MessageIds.Parse(field.Value) is [var id, ..] ? id : null;

    // RFC 5322 §3.6.4
    private static IReadOnlyList<string> References(SieveRun run)
    {
        var before = run.View.Named("References") is [var field, ..] ? MessageIds.Parse(field.Value)
            : run.View.Named("In-Reply-To") is [var parent, ..] && MessageIds.Parse(parent.Value) is [var one] ? [one] : [];
        return MessageId(run) is { } id ? [.. before.TakeLast(20), id] : [.. before.TakeLast(20)];
    }
}

/// <summary>fcc (RFC 8580): a copy of what is sent.</summary>
internal static class Fcc
{
    public static readonly TagSpec[] Tags =
    [
        new("fcc", Wants.String, "fcc"), FlagCommands.Tag, .. MailboxCommands.Target,
    ];

    public static void Check(Checker checker, Call call)
    {
        FlagCommands.CheckFlags(checker, call.Tag("flags"));
        MailboxCommands.CheckUse(checker, call.Tag("specialuse"));
        if (call.Tag("fcc") is { } fcc) MailboxCommands.CheckName(checker, fcc);
        else if (call.Has("flags") || MailboxCommands.Target.Any(t => call.Has(t.Name))) checker.Error(call.At, "this tag goes with :fcc");
    }

    public static SieveFcc? Read(SieveRun run, Call call) => run.String(call, "fcc") is not { } mailbox ? null
        : new(mailbox, call.Tag("flags") is { } flags ? FlagCommands.Read(run, call, run.Strings(flags)) : [], call.Has("create"),
            run.String(call, "specialuse"), run.String(call, "mailboxid"));
}
