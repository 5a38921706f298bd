using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Aviso.Pop3;

/// <summary>Log events of this folder, 4550-4599.</summary>
internal static partial class Pop3Log
{
    [LoggerMessage(4551, LogLevel.Information, "pop3 login {Address} from {Remote} in session {SessionId}: {Messages} messages")]
    public static partial void LoggedIn(ILogger log, string sessionId, string address, IPAddress remote, int messages);

    [LoggerMessage(4552, LogLevel.Warning, "pop3 session limit for {Address} from {Remote} reached in session {SessionId}")]
    public static partial void TooManySessions(ILogger log, string sessionId, string address, IPAddress remote);

    [LoggerMessage(4553, LogLevel.Information, "pop3 removed {Messages} messages of {Address} in session {SessionId}")]
    public static partial void Removed(ILogger log, string sessionId, string address, int messages);

    [LoggerMessage(4554, LogLevel.Error, "pop3 fault {FaultId} in session {SessionId}: {Command}")]
    public static partial void Fault(ILogger log, Exception e, string faultId, string sessionId, string command);

    [LoggerMessage(4555, LogLevel.Error, "pop3 cannot show a message of {Address} in session {SessionId}, email {Email}: {Fault}")]
    public static partial void Damaged(ILogger log, string sessionId, string address, string email, string fault);
}

/// <summary>Figures of the POP3 server; names are Prometheus names.</summary>
internal static class Pop3Meters
{
    private static readonly Meter Meter = new("Aviso.Pop3");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    public static readonly UpDownCounter<long> Sessions = Meter.CreateUpDownCounter<long>("aviso_pop3_sessions");
    public static readonly Counter<long> Commands = Meter.CreateCounter<long>("aviso_pop3_commands_total");
    public static readonly Counter<long> Faults = Meter.CreateCounter<long>("aviso_pop3_faults_total");
    public static readonly Counter<long> Logins = Meter.CreateCounter<long>("aviso_pop3_logins_total");
    public static readonly Counter<long> Removed = Meter.CreateCounter<long>("aviso_pop3_removed_total");
}
