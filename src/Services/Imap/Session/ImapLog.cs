using System.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Imap;

/// <summary>Log events of this folder; ids from 4000.</summary>
internal static partial class ImapLog
{
    [LoggerMessage(4001, LogLevel.Information, "imap login {Address} from {Remote} in session {SessionId}")]
    public static partial void LoggedIn(ILogger log, string sessionId, string address, IPAddress remote);

    [LoggerMessage(4002, LogLevel.Warning, "imap session limit for {Address} from {Remote} reached in session {SessionId}")]
    public static partial void TooManySessions(ILogger log, string sessionId, string address, IPAddress remote);
}
