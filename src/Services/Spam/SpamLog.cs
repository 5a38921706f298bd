using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>What this folder logs; ids 5200 to 5299.</summary>
internal static partial class SpamLog
{
    [LoggerMessage(5200, LogLevel.Error, "spam check {Check} failed; the message goes on without it")]
    public static partial void CheckFailed(this ILogger log, string check, Exception error);

    [LoggerMessage(5201, LogLevel.Warning, "spam check {Check} ran out of time after {Milliseconds:0} ms; the message goes on without it")]
    public static partial void CheckTimedOut(this ILogger log, string check, double milliseconds);

    [LoggerMessage(5202, LogLevel.Error, "the spam filter failed; the message goes on unchecked")]
    public static partial void FilterFailed(this ILogger log, Exception error);

    [LoggerMessage(5213, LogLevel.Warning, "spam check {Check} ended at a limit ({What}); it counts as LIMIT_HIT")]
    public static partial void CheckSpent(this ILogger log, string check, string what);

    [LoggerMessage(5214, LogLevel.Error, "spam check {Check} still runs {Seconds:0} s after its message went on")]
    public static partial void CheckHangs(this ILogger log, string check, double seconds);

    [LoggerMessage(
        5203, LogLevel.Warning,
        "DNS list {List} refuses our questions ({Answer}); it is not asked until {Until:u}. Use a resolver of your own, or leave the list out")]
    public static partial void ListRefuses(this ILogger log, string list, string answer, DateTimeOffset until);

    [LoggerMessage(5204, LogLevel.Warning, "DNS list {List} does not answer; it is not asked until {Until:u}")]
    public static partial void ListSilent(this ILogger log, string list, DateTimeOffset until);

    [LoggerMessage(5205, LogLevel.Warning,
        "clamd at {Address} cannot be asked ({Cause}); mail of strangers is put off (451); asked again at {Until:u}")]
    public static partial void ClamdSilent(this ILogger log, string address, string cause, DateTimeOffset until);

    [LoggerMessage(5215, LogLevel.Warning, "clamd at {Address} cannot be asked ({Cause}); mail is not scanned for viruses until {Until:u}")]
    public static partial void ClamdMissed(this ILogger log, string address, string cause, DateTimeOffset until);

    [LoggerMessage(
        5216, LogLevel.Error,
        "clamd at {Address} has been away for {Hours:0.#} hours ({Cause}); mail is taken unscanned before its senders give up; "
        + "asked again at {Until:u}")]
    public static partial void ClamdGivenUp(this ILogger log, string address, string cause, double hours, DateTimeOffset until);

    [LoggerMessage(5217, LogLevel.Information, "clamd at {Address} answers again, after {Minutes:0.#} minutes")]
    public static partial void ClamdBack(this ILogger log, string address, double minutes);

    [LoggerMessage(5206, LogLevel.Information, "virus {Virus} found by clamd")]
    public static partial void VirusFound(this ILogger log, string virus);

    [LoggerMessage(5207, LogLevel.Error, "spam rules of {File} are not used: line {Line}: {Text}; the rules before stay in force")]
    public static partial void RulesBroken(this ILogger log, string file, int line, string text);

    [LoggerMessage(5208, LogLevel.Warning, "clamd at {Address} did not scan a message: {Answer}")]
    public static partial void ClamdRefused(this ILogger log, string address, string answer);

    [LoggerMessage(5209, LogLevel.Error, "DNS list {List} fails its self-test: {Why}; it is not asked until {Until:u}")]
    public static partial void ListBroken(this ILogger log, string list, string why, DateTimeOffset until);

    [LoggerMessage(5210, LogLevel.Information, "DNS list {List} answers as it should again")]
    public static partial void ListBelieved(this ILogger log, string list);

    [LoggerMessage(5212, LogLevel.Information, "a spam trap was hit by {Client}: {Learned}")]
    public static partial void TrapHit(this ILogger log, string client, string learned);

    [LoggerMessage(5211, LogLevel.Debug, "the self-test of DNS list {List} ended early: {Cause}")]
    public static partial void ListTestFailed(this ILogger log, string list, string cause);
}
