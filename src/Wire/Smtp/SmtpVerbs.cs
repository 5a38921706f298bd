using System.Text;

namespace Aviso.Smtp;

/// <summary>When a command may come; asked before its own check.</summary>
[Flags]
internal enum When
{
    Always = 0,

    /// <summary>Not on an LMTP listener: RFC 2033 §4.1.</summary>
    Smtp = 1,

    /// <summary>Only on an LMTP listener.</summary>
    Lmtp = 2,

    /// <summary>After a HELO, EHLO or LHLO that was accepted: RFC 5321 §4.1.4.</summary>
    Greeted = 4,

    /// <summary>On a submission listener after login (RFC 6409 §4.3, RFC 4954 §6), elsewhere always.</summary>
    MayMail = 8,

    /// <summary>Outside a mail transaction.</summary>
    NoTransaction = 16,

    /// <summary>Inside one.</summary>
    Transaction = 32,

    /// <summary>With at least one accepted recipient.</summary>
    Recipients = 64,

    /// <summary>Without argument.</summary>
    Bare = 128,

    /// <summary>It makes no progress towards a message; too many of these end the session.</summary>
    Idle = 256,

    /// <summary>
    /// Must be the last of a pipelined group (RFC 2920 §3.1), and what follows a refused one may be a message rather than
    /// commands: then the session ends.
    /// </summary>
    LastInGroup = 512,
}

/// <summary>
/// A row of the command table. <paramref name="Check"/> answers a refusal or nothing and changes nothing but the command in
/// hand; <paramref name="Proceed"/> changes state and replies.
/// </summary>
internal sealed record Verb(
    string Name, Func<SmtpSession, Reply?> Check, Func<SmtpSession, ValueTask> Proceed, When When)
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes(Name);

    public bool Is(ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(word, _name);
}

/// <summary>Every command this server knows; what is not here is 500 5.5.1.</summary>
internal static class SmtpVerbs
{
    public static readonly Verb[] Table =
    [
        new("MAIL", s => s.CheckMail(), s => s.MailAsync(), When.Greeted | When.MayMail | When.NoTransaction),
        new("RCPT", s => s.CheckRcpt(), s => s.RcptAsync(), When.Greeted | When.MayMail | When.Transaction),
        new("DATA", s => s.CheckData(), s => s.DataAsync(),
            When.Greeted | When.MayMail | When.Transaction | When.Recipients | When.Bare | When.LastInGroup),
        // What a refused BDAT carries must be read over, so it asks for its place itself (RFC 3030 §2).
        new("BDAT", s => s.CheckBdat(), s => s.BdatAsync(), When.Always),
        new("EHLO", s => s.CheckHello(), s => s.EhloAsync(), When.Smtp | When.Idle),
        new("HELO", s => s.CheckHello(), s => s.HeloAsync(), When.Smtp | When.Idle),
        new("LHLO", s => s.CheckHello(), s => s.EhloAsync(), When.Lmtp | When.Idle),
        new("RSET", _ => null, s => s.RsetAsync(), When.Bare | When.Idle),
        new("QUIT", _ => null, s => s.QuitAsync(), When.Bare),
        new("STARTTLS", s => s.CheckStartTls(), s => s.StartTlsAsync(), When.Greeted | When.Bare | When.Idle | When.LastInGroup),
        new("AUTH", s => s.CheckAuth(), s => s.AuthAsync(), When.Smtp | When.Greeted | When.Idle),
        new("NOOP", _ => null, s => s.SayAsync(Replies.Ok), When.Idle),
        new("VRFY", s => s.CheckVrfy(), s => s.SayAsync(Replies.CannotVerify), When.Greeted | When.MayMail | When.Idle),
        new("EXPN", _ => Replies.NotImplemented, s => s.SayAsync(Replies.NotImplemented), When.Idle),
        new("HELP", _ => null, s => s.HelpAsync(), When.Idle),
    ];

    public static Verb? Find(ReadOnlySpan<byte> word)
    {
        foreach (var verb in Table)
        {
            if (verb.Is(word)) return verb;
        }
        return null;
    }
}
