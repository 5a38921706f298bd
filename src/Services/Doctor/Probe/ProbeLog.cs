using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>Log events of the probe, 4790-4799.</summary>
internal static partial class ProbeLog
{
    [LoggerMessage(4790, LogLevel.Information, "round trip by {Route} came through in {Milliseconds} ms: {Path}")]
    public static partial void ProbeCame(this ILogger log, string route, long milliseconds, string path);

    [LoggerMessage(4791, LogLevel.Warning, "round trip by {Route} failed at {Stage}: {Problem}")]
    public static partial void ProbeFailed(this ILogger log, string route, string stage, string problem);

    [LoggerMessage(4792, LogLevel.Warning, "a round trip by {Route} that was given up came after {Seconds} s: {Path}")]
    public static partial void ProbeCameLate(this ILogger log, string route, long seconds, string path);

    [LoggerMessage(4793, LogLevel.Warning, "the result of a round trip could not be pushed to {To}: {Why}")]
    public static partial void ProbeNotPushed(this ILogger log, string to, string why);

    [LoggerMessage(4794, LogLevel.Error, "probes could not be looked for or taken away; it is tried again with the next one")]
    public static partial void ProbesNotLookedFor(this ILogger log, Exception e);

    [LoggerMessage(4796, LogLevel.Warning, "more than {Most} round trips are missing: the oldest stays in the mailbox if it comes after all")]
    public static partial void ProbesForgotten(this ILogger log, int most);

    [LoggerMessage(4795, LogLevel.Error, "the probe stopped for a fault of ours and begins again")]
    public static partial void ProbeBroke(this ILogger log, Exception e);
}
