using System.Text;

namespace Aviso.Smtp;

/// <summary>When a command may come; checked before its own check.</summary>
[Flags]
internal enum When
{
    /// <summary>At any time after the banner.</summary>
    Always = 0,

    /// <summary>After EHLO, HELO or LHLO.</summary>
    Greeted = 1,

    /// <summary>On submission: after AUTH.</summary>
    LoggedIn = 2,

    /// <summary>Not between MAIL and the end of its transaction.</summary>
    NoTransaction = 4,

    /// <summary>After an accepted MAIL.</summary>
    Transaction = 8,

    /// <summary>It brings a message nearer: not counted as idle.</summary>
    Progress = 16,
}

/// <summary>
/// One line of the state machine. <paramref name="Check"/> answers a refusal or nothing and changes nothing;
/// <paramref name="Proceed"/> does it, says its reply, and returns false when the session is over.
/// </summary>
internal sealed record SmtpCommand(
    string Verb, Func<SmtpSession, Reply?> Check, Func<SmtpSession, ReadOnlyMemory<byte>, ValueTask<bool>> Proceed, When When)
{
    private readonly byte[] _octets = Encoding.ASCII.GetBytes(Verb);

    /// <summary>
    /// RFC 5321 §4.1 with RFC 3030 (BDAT), RFC 3207 (STARTTLS), RFC 4954 (AUTH) and RFC 2033 (LHLO). §4.1.4 gives the order.
    /// </summary>
    public static readonly SmtpCommand[] All =
    [
        new("MAIL", s => s.CheckMail(), (s, a) => s.Mail(a), When.Greeted | When.LoggedIn | When.NoTransaction | When.Progress),
        new("RCPT", s => s.CheckRcpt(), (s, a) => s.Rcpt(a), When.Greeted | When.LoggedIn | When.Transaction | When.Progress),
        new("DATA", s => s.CheckData(), (s, a) => s.Data(a), When.Greeted | When.LoggedIn | When.Progress),
        // BDAT brings octets along whatever is wrong with it: it checks for itself.
        new("BDAT", s => null, (s, a) => s.Bdat(a), When.Progress),
        new("EHLO", s => s.CheckHello("EHLO"), (s, a) => s.Hello(a, extended: true), When.Always),
        new("HELO", s => s.CheckHello("HELO"), (s, a) => s.Hello(a, extended: false), When.Always),
        new("LHLO", s => s.CheckHello("LHLO"), (s, a) => s.Hello(a, extended: true), When.Always),
        new("STARTTLS", s => s.CheckStartTls(), (s, a) => s.StartTls(a), When.Greeted | When.NoTransaction),
        new("AUTH", s => s.CheckAuth(), (s, a) => s.Auth(a), When.Greeted),
        new("RSET", s => null, (s, a) => s.Rset(a), When.Always),
        new("NOOP", s => null, (s, _) => s.Say(Replies.Ok), When.Always),
        new("QUIT", s => null, (s, a) => s.Quit(a), When.Progress),
        // RFC 5321 §7.3: VRFY and EXPN tell strangers nothing.
        new("VRFY", s => null, (s, _) => s.Say(Replies.CannotVerify), When.Always),
        new("EXPN", s => Replies.NotImplemented, (s, _) => s.Say(Replies.NotImplemented), When.Always),
        new("HELP", s => null, (s, _) => s.TellHelp(), When.Always),
    ];

    /// <summary>The command a line begins with, and its argument without leading spaces; null for none of ours.</summary>
    public static SmtpCommand? Find(ReadOnlyMemory<byte> line, out ReadOnlyMemory<byte> argument)
    {
        var space = line.Span.IndexOf((byte)' ');
        var verb = space < 0 ? line.Span : line.Span[..space];
        argument = space < 0 ? default : line[(space + 1)..].TrimStart((byte)' ');
        foreach (var command in All)
            if (Ascii.EqualsIgnoreCase(verb, command._octets)) return command;
        return null;
    }
}
