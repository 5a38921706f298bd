// SMTP as a server: grammar, the reply catalogue and the session of one connection (MX, submission, LMTP). What becomes of a
// message is the receiver's matter. Rules that hold here: the grammar sees complete lines only; check changes nothing and
// proceed changes state; a transaction is one object, so a reset is one assignment; only CR LF "." CR LF ends data; nothing a
// stranger sends is without a limit.
using System.Text;
using Aviso.Base;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Smtp;

/// <summary>
/// RFC 5321 (kinds smtp, submission, submissions) and RFC 2033 (kind lmtp). One instance serves all listeners of one kind.
/// <paramref name="authenticator"/> null: AUTH is not offered. <paramref name="guard"/> null: everybody is welcome.
/// </summary>
public sealed class SmtpServer(
    SmtpServerOptions options, IMailReceiver receiver, IAuthenticator? authenticator, ILogger log, TimeProvider? clock = null,
        ISmtpGuard? guard = null)
    : IWireProtocol
{
    internal SmtpServerOptions Options => options;

    internal IMailReceiver Receiver => receiver;

    internal IAuthenticator? Authenticator => authenticator;

    internal ISmtpGuard Guard { get; } = guard ?? NoGuard.Instance;

    /// <summary>Before a login and after it alike: mail that was taken makes good, not who sends.</summary>
    internal LineLimits Limits { get; } = new()
    {
        BadCommands = options.BadCommands + 1,
        BadCommandsInARow = options.BadCommands + 1,
        FailedLogins = options.FailedLogins,
    };

    internal ILogger Log => log;

    internal TimeProvider Clock { get; } = clock ?? TimeProvider.System;

    /// <summary>The session greets first and ends with a reply, unless the peer just goes.</summary>
    public Task RunAsync(WireConnection connection) => new SmtpSession(this, connection).RunAsync();

    public ReadOnlyMemory<byte> DoorLine(Reason reason) =>
        Encoding.ASCII.GetBytes($"{Replies.AtTheDoor.With(LineSession.DoorText(reason))}\r\n");
}
