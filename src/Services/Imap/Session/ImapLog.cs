using System.Net;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Imap;

/// <summary>Log events of this folder, 4400-4499.</summary>
internal static partial class ImapLog
{
    [LoggerMessage(4401, LogLevel.Information, "imap login {Address} from {Remote} in session {SessionId}")]
    public static partial void LoggedIn(ILogger log, string sessionId, string address, IPAddress remote);

    [LoggerMessage(4402, LogLevel.Warning, "imap session limit for {Address} from {Remote} reached in session {SessionId}")]
    public static partial void TooManySessions(ILogger log, string sessionId, string address, IPAddress remote);

    [LoggerMessage(4403, LogLevel.Error, "imap fault {FaultId} in session {SessionId} of account {Account}: {Command}")]
    public static partial void Fault(ILogger log, Exception e, string faultId, string sessionId, AccountId account, string command);

    [LoggerMessage(4404, LogLevel.Debug, "session {SessionId} is {Client}")]
    public static partial void ClientIs(ILogger log, string sessionId, string client);
}
