using System.Text;
using Aviso.Base;
using Aviso.Net;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Imap;

/// <summary>
/// IMAP4rev2 (RFC 9051) and IMAP4rev1 (RFC 3501). This folder owns grammar, session state and one handler per command; the
/// mail itself is Store's. Rules here: grammar sees complete commands only; a session's sequence numbers change only
/// where RFC 9051 §5.2 and §7.5.1 let them; nothing is written to a peer while the store holds anything for us; a
/// message is never held whole. One instance serves all listeners.
/// </summary>
public sealed class ImapServer(
    ImapOptions options, IMailStore store, IMessageReader reader, IAuthenticator authenticator, TimeProvider clock, ILogger log)
    : IWireProtocol
{
    internal SessionPlaces Places { get; } = new(options.SessionsPerUserAndAddress);

    internal LineLimits Limits { get; } = new()
    {
        LoginTime = options.LoginTime,
        FailedLogins = options.FailedLogins,
        BadCommands = options.BadCommandsBeforeLogin,
        BadCommandsInARow = options.BadCommandsInARow,
    };

    internal MailKeys Keys { get; } = new();

    internal ImapOptions Options => options;

    internal IMailStore Store => store;

    internal IMessageReader Reader => reader;

    internal IAuthenticator Authenticator => authenticator;

    internal TimeProvider Clock => clock;

    internal ILogger Log => log;

    public async Task RunAsync(WireConnection connection)
    {
        ImapMeters.Sessions.Add(1);
        var session = new ImapSession(this, connection);
        try
        {
            await session.RunAsync();
        }
        finally
        {
            session.Dispose();
            ImapMeters.Sessions.Add(-1);
            ImapMeters.OctetsSent.Add(session.Writer.Written);
        }
    }

    /// <summary>RFC 5530 §3: UNAVAILABLE, temporary.</summary>
    public ReadOnlyMemory<byte> DoorLine(Reason reason) =>
        Encoding.ASCII.GetBytes($"* BYE [UNAVAILABLE] {LineSession.DoorText(reason)}\r\n");
}
