using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Aviso.ManageSieve;

/// <summary>Log events of this folder, 4500-4599.</summary>
internal static partial class ManageSieveLog
{
    [LoggerMessage(4501, LogLevel.Information, "managesieve login {Address} from {Remote} in session {SessionId}")]
    public static partial void LoggedIn(ILogger log, string sessionId, string address, IPAddress remote);

    [LoggerMessage(4502, LogLevel.Warning, "managesieve session limit for {Address} from {Remote} reached in session {SessionId}")]
    public static partial void TooManySessions(ILogger log, string sessionId, string address, IPAddress remote);

    [LoggerMessage(4503, LogLevel.Information, "managesieve {Command} of script {Script} by {Address} in session {SessionId}")]
    public static partial void Changed(ILogger log, string sessionId, string address, string command, string script);

    [LoggerMessage(4504, LogLevel.Error, "managesieve fault {FaultId} in session {SessionId}: {Command}")]
    public static partial void Fault(ILogger log, Exception e, string faultId, string sessionId, string command);
}

/// <summary>Figures of the ManageSieve server; names are Prometheus names.</summary>
internal static class ManageSieveMeters
{
    private static readonly Meter Meter = new("Aviso.ManageSieve");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    public static readonly UpDownCounter<long> Sessions = Meter.CreateUpDownCounter<long>("aviso_managesieve_sessions");
    public static readonly Counter<long> Commands = Meter.CreateCounter<long>("aviso_managesieve_commands_total");
    public static readonly Counter<long> Faults = Meter.CreateCounter<long>("aviso_managesieve_faults_total");
    public static readonly Counter<long> Logins = Meter.CreateCounter<long>("aviso_managesieve_logins_total");
}
