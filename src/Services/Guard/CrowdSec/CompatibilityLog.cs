using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>
/// Evidence as lines that CrowdSec's postfix-logs, postscreen-logs and dovecot-logs parsers read, for engines that watch logs. What a
/// stranger chose (a user name) is cut down to harmless characters: it can't end a line or name another address. Nothing is printed about
/// clients that automation may not ban.
/// </summary>
public sealed class CompatibilityLog(Gatekeeper gate, string host, TimeProvider clock)
{
    private const int LongestUser = 80;
    private static readonly int Pid = Environment.ProcessId;

    /// <summary>One line without its end; null when the parsers know no words for it or the client is one of ours.</summary>
    public string? Line(Evidence evidence, string? user)
    {
        if (gate.IsExempt(evidence.Client) || gate.IsTrusted(evidence.Client)) return null;
        return Words(evidence, user) is (var program, var text)
            ? string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff}Z {host} {program}: {text}") : null;
    }

    private static (string Program, string Text)? Words(Evidence evidence, string? user)
    {
        var client = Networks.Normal(evidence.Client);
        var what = evidence.What;
        if (what == Reason.LoginFailed) return FailedLogin(evidence.Kind, client, user);
        if (what == Reason.UnknownRecipient)
            return Reject("550 5.1.1 <>: Recipient address rejected: User unknown in virtual mailbox table");
        if (what == Reason.RelayDenied) return Reject("554 5.7.1 <>: Relay access denied");
        if (what == Reason.HeloRejected) return Reject("504 5.5.2 <>: Helo command rejected: need fully-qualified hostname");
        if (what == Reason.Spam) return Reject("550 5.7.1 <DATA>: Data command rejected: spam", "DATA");
        if (what == Reason.NonSmtpCommand)
            return (Smtpd(evidence.Kind), $"warning: non-SMTP command from unknown[{client}]: GET / HTTP/1.1");
        if (what == Reason.EarlyTalker) return ($"postfix/postscreen[{Pid}]", $"PREGREET 4 after 0.01 from [{client}]:0: EHLO");
        return null;

        (string, string) Reject(string reason, string command = "RCPT") => (Smtpd(evidence.Kind),
            $"NOQUEUE: reject: {command} from unknown[{client}]: {reason}; from=<> to=<> proto=ESMTP helo=<>");
    }

    // The parser of postfix knows LOGIN, PLAIN, CRAM-MD5 and DIGEST-MD5, so every mechanism is PLAIN here.
    private static (string Program, string Text) FailedLogin(ListenerKind kind, IPAddress client, string? user) =>
        ReaderOf(kind) is { } reader ? ("dovecot", Login(reader, client, user))
        : (Smtpd(kind), $"warning: unknown[{client}]: SASL PLAIN authentication failed: sasl_username={Harmless(user)}");

    // The parser wants an address of ours as well; which it is means nothing to it.
    private static string Login(string reader, IPAddress client, string? user) =>
        $"{reader}-login: Disconnected (auth failed, 1 attempts in 0 secs): user=<{Harmless(user)}>, method=PLAIN, rip={client}, "
        + $"lip={(client.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any)}, TLS, session=<>";

    private static string Smtpd(ListenerKind kind) => kind switch
    {
        ListenerKind.Submission => $"postfix/submission/smtpd[{Pid}]",
        ListenerKind.Submissions => $"postfix/smtps/smtpd[{Pid}]",
        _ => $"postfix/smtpd[{Pid}]",
    };

    private static string? ReaderOf(ListenerKind kind) => kind switch
    {
        ListenerKind.Imap or ListenerKind.Imaps => "imap",
        ListenerKind.Pop3 or ListenerKind.Pop3s => "pop3",
        ListenerKind.ManageSieve => "managesieve",
        _ => null,
    };

    private static string Harmless(string? user) =>
        new([.. (user ?? "").Take(LongestUser).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '@' or '-' or '_' or '+' ? c : '?')]);
}
