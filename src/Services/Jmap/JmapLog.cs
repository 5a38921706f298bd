using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Aviso.Jmap;

/// <summary>Log events of this folder, 4600-4699.</summary>
internal static partial class JmapLog
{
    [LoggerMessage(4601, LogLevel.Error, "jmap fault {FaultId} in {Method} of {Address}")]
    public static partial void Fault(this ILogger log, Exception e, string faultId, string method, string address);

    [LoggerMessage(4602, LogLevel.Error, "submission {Id} of account {Account} could not be released; it is tried again")]
    public static partial void NotReleased(this ILogger log, Exception e, string id, string account);

    [LoggerMessage(4603, LogLevel.Warning, "submission {Id} of {Address} was not sent when its time came: {Why}")]
    public static partial void ReleaseRefused(this ILogger log, string id, string address, string why);

    [LoggerMessage(4604, LogLevel.Information, "submission {Id} of {Address} is put off and tried again: {Why}")]
    public static partial void ReleasePutOff(this ILogger log, string id, string address, string why);
}

/// <summary>Figures of JMAP; names are Prometheus names.</summary>
internal static class JmapMeters
{
    private static readonly Meter Meter = new("Aviso.Jmap");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    public static readonly Counter<long> Calls = Meter.CreateCounter<long>("aviso_jmap_calls_total");
    public static readonly Counter<long> Errors = Meter.CreateCounter<long>("aviso_jmap_errors_total");
    public static readonly Counter<long> Faults = Meter.CreateCounter<long>("aviso_jmap_faults_total");
    public static readonly Counter<long> Unsent = Meter.CreateCounter<long>("aviso_jmap_unsent_total");

    private static readonly Counter<long> Pushes = Meter.CreateCounter<long>("aviso_jmap_pushes_total");

    /// <param name="method">Of the table: a closed set.</param>
    public static void Called(string method) => Calls.Add(1, new KeyValuePair<string, object?>("method", method));

    /// <param name="status">Of the push service's answer; 0 for none.</param>
    public static void Pushed(int status) => Pushes.Add(1, new KeyValuePair<string, object?>("result", status switch
    {
        >= 200 and < 300 => "taken",
        404 or 410 => "gone",
        429 or >= 500 => "put_off",
        0 => "no_answer",
        _ => "refused",
    }));

    /// <param name="type">Of an RFC: a closed set.</param>
    public static void Failed(string type) => Errors.Add(1, new KeyValuePair<string, object?>("type", type));
}
