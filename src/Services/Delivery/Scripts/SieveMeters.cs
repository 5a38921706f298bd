using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>What is counted of Sieve at delivery.</summary>
internal static class SieveMeters
{
    private static readonly Meter Meter = new("Aviso.Delivery");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    /// <summary>Messages that met a script, by result: ok, failed.</summary>
    public static readonly Counter<long> Runs = Meter.CreateCounter<long>("aviso_sieve_runs_total");

    /// <summary>Scripts that could not do what they say, by reason: compile, run, file, mailbox, redirect, fault. The mail was kept.</summary>
    public static readonly Counter<long> Failures = Meter.CreateCounter<long>("aviso_sieve_failures_total");

    /// <summary>What scripts decided, by action.</summary>
    public static readonly Counter<long> Actions = Meter.CreateCounter<long>("aviso_sieve_actions_total");

    public static readonly Histogram<double> Seconds = Meter.CreateHistogram("aviso_sieve_seconds", "s", null, null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] });
}

/// <summary>Log events of Sieve at delivery, 4060-4079.</summary>
internal static partial class SieveLog
{
    [LoggerMessage(4060, LogLevel.Error, "sieve: the administrator's script {Path} {State}: {Reason}")]
    public static partial void SieveFile(this ILogger log, string path, string reason, string state);

    [LoggerMessage(4061, LogLevel.Warning, "sieve: account {Account}: {Reason}; the message is kept")]
    public static partial void SieveFailed(this ILogger log, string account, string reason);

    [LoggerMessage(4062, LogLevel.Error, "sieve: account {Account}: our own fault; the message is kept")]
    public static partial void SieveFault(this ILogger log, Exception e, string account);

    [LoggerMessage(4063, LogLevel.Error, "sieve: account {Account}: a {Kind} could not be sent")]
    public static partial void SieveLetterLost(this ILogger log, Exception? e, string account, string kind);

    [LoggerMessage(4065, LogLevel.Warning, "sieve: account {Account}: a {Kind} was not sent: {Cause}")]
    public static partial void SieveLetterOverLimit(this ILogger log, string account, string kind, string cause);

    [LoggerMessage(4066, LogLevel.Warning, "sieve: account {Account}: `:from` {Address} is ignored, the account has no grant for it")]
    public static partial void SieveFromIgnored(this ILogger log, string account, string address);

    [LoggerMessage(4064, LogLevel.Warning, "sieve: account {Account}: redirect to {Address} stopped, the message was redirected from there before")]
    public static partial void SieveLoop(this ILogger log, string account, string address);
}
