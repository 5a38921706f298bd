using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>Log events of this folder, 4750-4799.</summary>
internal static partial class DoctorLog
{
    [LoggerMessage(4750, LogLevel.Warning, "{Name} {Type} is {State} in the DNS: {Advice}; see `aviso certificates`")]
    public static partial void RecordIsUrgent(this ILogger log, string name, string type, string state, string advice);

    [LoggerMessage(4751, LogLevel.Error, "our own records about TLS could not be looked at; it is tried again")]
    public static partial void RecordsNotLookedAt(this ILogger log, Exception e);
}
