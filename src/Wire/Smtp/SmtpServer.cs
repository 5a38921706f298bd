// Smtp owns the two sides of RFC 5321 and RFC 2033 on the wire: grammar of the envelope, the replies, the server session and
// the client session. It keeps nothing: what is accepted is handed to IMailReceiver (Delivery), which answers after it is
// durable. Rules that hold here: only CR LF "." CR LF ends a message and a lone CR or LF is refused everywhere
// (DataScanner); every reply stands in Replies; every command is a row of SmtpVerbs; everything a stranger sends has a limit
// in SmtpServerOptions.
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Smtp;

/// <summary>
/// The SMTP and LMTP server: MX (kind smtp), submission, submissions and lmtp, told apart by the connection's listener kind.
/// One instance serves any number of connections.
/// </summary>
/// <param name="options">Name and limits.</param>
/// <param name="receiver">Says yes or no to envelopes and takes the messages.</param>
/// <param name="authenticator">Null: AUTH is not offered; then a submission listener accepts no mail.</param>
/// <param name="log">Refusals, logins and faults.</param>
/// <param name="clock">Null: the system's.</param>
public sealed class SmtpServer(
    SmtpServerOptions options, IMailReceiver receiver, IAuthenticator? authenticator, ILogger log,
    TimeProvider? clock = null) : IWireProtocol
{
    private readonly SmtpContext _context = new(options, receiver, authenticator, log, clock ?? TimeProvider.System);

    public async Task RunAsync(WireConnection connection)
    {
        using var session = new SmtpSession(_context, connection);
        await session.RunAsync();
    }
}

/// <summary>What all sessions of a server share.</summary>
internal sealed record SmtpContext(
    SmtpServerOptions Options, IMailReceiver Receiver, IAuthenticator? Authenticator, ILogger Log, TimeProvider Clock);
