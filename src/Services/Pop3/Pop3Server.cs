using System.Text;
using Aviso.Base;
using Aviso.Net;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Pop3;

/// <summary>
/// POP3 (RFC 1939, 2449, 2595, 3206, 5034, 6856). This folder owns its grammar, session state and commands; the maildrop is the account's
/// INBOX as it was at the login. Rules here: nothing is removed but by QUIT; one session has the maildrop; nothing is taken from octets
/// that came before TLS. One instance serves all listeners.
/// </summary>
public sealed class Pop3Server(Pop3Options options, IMailStore store, IAuthenticator authenticator, TimeProvider clock, ILogger log)
    : IWireProtocol
{
    internal SessionPlaces Places { get; } = new(options.SessionsPerUserAndAddress);

    internal MaildropLocks Locks { get; } = new(options.LockPatience);

    internal LineLimits Limits { get; } = new()
    {
        LoginTime = options.LoginTime,
        FailedLogins = options.FailedLogins,
        BadCommands = options.BadCommandsBeforeLogin,
        BadCommandsInARow = options.BadCommandsInARow,
    };

    internal Pop3Options Options => options;

    internal IMailStore Store => store;

    internal IAuthenticator Authenticator => authenticator;

    internal TimeProvider Clock => clock;

    internal ILogger Log => log;

    public async Task RunAsync(WireConnection connection)
    {
        Pop3Meters.Sessions.Add(1);
        var session = new Pop3Session(this, connection);
        try
        {
            await session.RunAsync();
        }
        finally
        {
            await session.LeaveAsync();
            Pop3Meters.Sessions.Add(-1);
        }
    }

    /// <summary>RFC 3206 §4: SYS/TEMP.</summary>
    public ReadOnlyMemory<byte> DoorLine(Reason reason) =>
        Encoding.ASCII.GetBytes($"-ERR [SYS/TEMP] {LineSession.DoorText(reason)}\r\n");
}
