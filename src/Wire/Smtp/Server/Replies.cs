using System.Buffers;
using System.Text;
using Aviso.Base;

namespace Aviso.Smtp;

/// <summary>One reply of the server, a single line. Greetings, EHLO and 3xx replies have no enhanced code (RFC 2034 §4).</summary>
/// <param name="Code">220-554.</param>
/// <param name="Enhanced">RFC 3463 code of the same class, or null.</param>
/// <param name="Text">ASCII; "{0}" stands for what <see cref="With"/> fills in.</param>
public sealed record Reply(int Code, EnhancedCode? Enhanced, string Text)
{
    // RFC 5321 §4.5.3.1.5: 512 octets with code and CRLF.
    private const int LongestLine = 510;

    private byte[]? _line;

    /// <summary>The code as text, for metrics.</summary>
    public string CodeText { get; } = Code.ToString();

    /// <summary>True for a no: 4xx and 5xx.</summary>
    public bool IsRefusal => Code >= 400;

    /// <summary>The client of this transaction takes UTF-8 in replies.</summary>
    public bool IsUtf8 { get; init; }

    public static Reply From(Refusal refusal) => new(refusal.Code, refusal.Enhanced, refusal.Text) { IsUtf8 = refusal.IsUtf8 };

    /// <summary>This reply with <paramref name="detail"/> in its text.</summary>
    public Reply With(string detail) => this with { Text = Text.Replace("{0}", detail, StringComparison.Ordinal), _line = null };

    /// <summary>Writes the line with CRLF; returns the octets written.</summary>
    public int WriteTo(IBufferWriter<byte> output)
    {
        var line = _line ??= Encode();
        output.Write(line);
        return line.Length;
    }

    public override string ToString() => Enhanced is { } code ? $"{Code} {code} {Text}" : $"{Code} {Text}";

    // What a receiver put into the text must not be able to end the line or leave ASCII unasked.
    private byte[] Encode()
    {
        var text = ToString();
        var line = new StringBuilder(text.Length + 2);
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, LongestLine))) line.Append(
            c is >= ' ' and <= '~' || (IsUtf8 && c > '~' && !char.IsControl(c)) ? c : '?');
        return Encoding.UTF8.GetBytes(line.Append("\r\n").ToString());
    }
}

/// <summary>
/// Everything this server can say, once. What Delivery refuses comes as a <see cref="Refusal"/> from its own catalogue.
/// Texts tell a person what to do and nothing about our configuration.
/// </summary>
public static class Replies
{
    // 2xx, 3xx
    public static readonly Reply Greeting = new(220, null, "{0} ESMTP Aviso");
    public static readonly Reply GreetingLmtp = new(220, null, "{0} LMTP Aviso");
    public static readonly Reply Hello = new(250, null, "{0}");
    public static readonly Reply ReadyForTls = new(220, Two(0, 0), "Ready to start TLS");
    public static readonly Reply Goodbye = new(221, Two(0, 0), "Goodbye");
    public static readonly Reply LoggedIn = new(235, Two(7, 0), "Authentication successful");
    public static readonly Reply Ok = new(250, Two(0, 0), "OK");
    public static readonly Reply SenderOk = new(250, Two(1, 0), "Sender OK");
    public static readonly Reply RecipientOk = new(250, Two(1, 5), "Recipient OK");
    public static readonly Reply ChunkOk = new(250, Two(0, 0), "{0} octets received");
    public static readonly Reply Accepted = new(250, Two(0, 0), "Accepted as {0}");
    public static readonly Reply CannotVerify = new(252, Two(0, 0), "Cannot verify; send the mail and see");
    public static readonly Reply Help = new(214, Two(0, 0), "Commands: {0}");
    public static readonly Reply Challenge = new(334, null, "{0}");
    public static readonly Reply SendData = new(354, null, "Send the message; end it with a line that holds a single dot");

    // 421: the session ends
    public static readonly Reply AtTheDoor = new(421, Four(7, 0), "{0}");
    public static readonly Reply Draining = new(421, Four(3, 2), "Shutting down; come back in a moment");
    public static readonly Reply TimedOut = new(421, Four(4, 2), "Waited too long; closing");
    public static readonly Reply TooSlow = new(421, Four(3, 1), "Too slow while others wait; try again later");
    public static readonly Reply SessionTooLong = new(421, Four(4, 2), "Session has lasted too long; closing");
    public static readonly Reply TooManyBadCommands = new(421, Four(7, 0), "Too many bad commands; closing");
    public static readonly Reply TooManyCommands = new(421, Four(7, 0), "Too many commands from your address, try again later");
    public static readonly Reply TooManyIdleCommands = new(421, Four(7, 0), "Too many commands without a message; closing");
    public static readonly Reply TooManyRefusedRecipients = new(421, Four(7, 0), "Too many refused recipients; closing");
    public static readonly Reply TooManyTransactions = new(421, Four(7, 0), "Too many messages in one session; closing");
    public static readonly Reply TooManyFailedLogins = new(421, Four(7, 0), "Too many failed logins; closing");
    public static readonly Reply TooMuchBeforeLogin = new(421, Four(7, 0), "Too much said before authentication; closing");
    public static readonly Reply OutOfStep = new(421, Four(7, 0), "Octets sent before the reply to the last command; closing");

    // 4xx
    public static readonly Reply OwnFault = new(451, Four(3, 0), "Internal fault, reference {0}; try again later");
    public static readonly Reply TooManyRecipients = new(452, Four(5, 3), "Too many recipients; send the rest in another message");
    public static readonly Reply SpoolFull = new(452, Four(3, 1), "Too many messages at once; try again later");
    public static readonly Reply LoginUnavailable = new(454, Four(7, 0), "{0}");
    public static readonly Reply LoginOverload = new(454, Four(7, 0), "Authentication is not possible now; try again later");

    // 5xx: form
    public static readonly Reply UnknownCommand = new(500, Five(5, 1), "Command not recognised");
    public static readonly Reply LineTooLong = new(500, Five(5, 2), "Command line too long");
    public static readonly Reply NotACommandLine = new(500, Five(5, 2), "Control characters in a command line");
    public static readonly Reply LoginLineTooLong = new(500, Five(5, 6), "Authentication line too long");
    public static readonly Reply BareLineFeed = new(521, Five(5, 2), "Lines end in CR LF, not LF alone; closing");
    public static readonly Reply BadHostName = new(501, Five(5, 4), "Say who you are: a host name or an address literal");
    public static readonly Reply NoArgument = new(501, Five(5, 4), "This command takes no argument");
    public static readonly Reply BadSenderPath = new(501, Five(1, 7), "Expected MAIL FROM:<address>");
    public static readonly Reply BadRecipientPath = new(501, Five(1, 3), "Expected RCPT TO:<address>");
    public static readonly Reply BadParameter = new(501, Five(5, 4), "Bad value of parameter {0}");
    public static readonly Reply BadParameterSyntax = new(501, Five(5, 4), "Bad parameter syntax");
    public static readonly Reply DoubleParameter = new(501, Five(5, 4), "Parameter {0} given twice");
    public static readonly Reply UnknownParameter = new(555, Five(5, 4), "Parameter {0} is not recognised");
    public static readonly Reply BadChunkSize = new(501, Five(5, 4), "Expected BDAT octets [LAST]; closing");
    public static readonly Reply BadAuthSyntax = new(501, Five(5, 4), "Expected AUTH mechanism [initial-response]");
    public static readonly Reply BadLoginData = new(501, Five(5, 2), "Authentication data cannot be read");
    public static readonly Reply LoginCancelled = new(501, Five(7, 0), "Authentication cancelled");
    public static readonly Reply NotImplemented = new(502, Five(5, 1), "Not implemented here");
    public static readonly Reply UnknownMechanism = new(504, Five(5, 4), "Mechanism not offered");

    // 5xx: order
    public static readonly Reply HelloFirst = new(503, Five(5, 1), "Say {0} first");
    public static readonly Reply NestedMail = new(503, Five(5, 1), "Sender already given; RSET to begin again");
    public static readonly Reply MailFirst = new(503, Five(5, 1), "Send MAIL FROM first");
    public static readonly Reply RecipientFirst = new(503, Five(5, 1), "Send RCPT TO first");
    public static readonly Reply NoValidRecipients = new(554, Five(5, 1), "No valid recipients");
    public static readonly Reply ChunksBegun = new(503, Five(5, 1), "The message has begun by BDAT; go on with BDAT or RSET");
    public static readonly Reply AlreadyTls = new(503, Five(5, 1), "TLS is already on");
    public static readonly Reply ClearAfterStartTls = new(503, Five(5, 1), "Octets in clear after STARTTLS; closing");
    public static readonly Reply AlreadyLoggedIn = new(503, Five(5, 1), "Already authenticated");
    public static readonly Reply LoginInTransaction = new(503, Five(5, 1), "Not while a message is being sent");

    // 5xx: policy
    public static readonly Reply EarlyTalker = new(554, Five(5, 0), "Octets came before the greeting; closing"); // RFC 5321 §3.1
    public static readonly Reply TlsFirst = new(530, Five(7, 0), "Issue STARTTLS first");
    public static readonly Reply LoginFirst = new(530, Five(7, 0), "Authentication required");
    public static readonly Reply LoginTooWeak = new(534, Five(7, 9), "{0}");
    public static readonly Reply LoginNotHere = new(535, Five(7, 8), "{0}");
    public static readonly Reply LoginRefused = new(535, Five(7, 8), "Authentication failed");
    public static readonly Reply EncryptionFirst = new(538, Five(7, 11), "Encryption required for authentication");
    public static readonly Reply TooLarge = new(552, Five(3, 4), "Message larger than {0} octets");
    public static readonly Reply Utf8Sender = new(553, Five(6, 7), "Non-ASCII address without SMTPUTF8");
    public static readonly Reply Utf8Recipient = new(553, Five(6, 7), "Non-ASCII recipient in a message without SMTPUTF8");
    public static readonly Reply BareLineEnd = new(550, Five(6, 0), "Message holds a CR or LF on its own; lines must end in CR LF");
    public static readonly Reply NulOctet = new(550, Five(6, 0), "Message holds a NUL octet");
    public static readonly Reply DataLineTooLong = new(550, Five(6, 0), "Message holds a line longer than {0} octets");

    private static EnhancedCode Two(int subject, int detail) => new(2, subject, detail);

    private static EnhancedCode Four(int subject, int detail) => new(4, subject, detail);

    private static EnhancedCode Five(int subject, int detail) => new(5, subject, detail);
}
