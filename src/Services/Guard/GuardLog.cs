using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>What this folder logs; ids 5300 to 5399.</summary>
internal static partial class GuardLog
{
    [LoggerMessage(5300, LogLevel.Error, "the connection to the CrowdSec engine failed and begins again")]
    public static partial void EngineFailed(this ILogger log, Exception error);

    [LoggerMessage(5301, LogLevel.Information, "the CrowdSec engine at {Url} told its whole list: {Count} decisions hold, {Added} new, {Removed} over")]
    public static partial void EngineToldAll(this ILogger log, Uri url, int count, int added, int removed);

    [LoggerMessage(5302, LogLevel.Information, "the CrowdSec engine decided: {Added} new, {Removed} over, {Count} hold")]
    public static partial void EngineDecided(this ILogger log, int added, int removed, int count);

    [LoggerMessage(5303, LogLevel.Warning,
        "the CrowdSec engine at {Url} does not tell its decisions: {Problem}; the last list holds ({Count} decisions, as of {Last})")]
    public static partial void EngineSilent(this ILogger log, Uri url, string problem, int count, string last);

    [LoggerMessage(5304, LogLevel.Warning, "there are {Most} decisions already; the rest of the engine's list does not hold here")]
    public static partial void EngineListTooLong(this ILogger log, int most);

    [LoggerMessage(5305, LogLevel.Warning, "the engine decides about scope {Scope}, which means nothing here: ignored")]
    public static partial void EngineScopeUnknown(this ILogger log, string scope);

    [LoggerMessage(5306, LogLevel.Warning, "the engine sent a decision that cannot be read: value {Value}, duration {Duration}")]
    public static partial void EngineDecisionUnreadable(this ILogger log, string value, string duration);

    [LoggerMessage(5307, LogLevel.Warning, "the engine's decisions of type {Type} are listed and refuse nobody: only bans do")]
    public static partial void EngineTypeRefusesNobody(this ILogger log, string type);

    [LoggerMessage(5308, LogLevel.Warning, "the engine bans {Value}, which is everybody: ignored")]
    public static partial void EngineBansEverybody(this ILogger log, string value);

    [LoggerMessage(5309, LogLevel.Warning, "the engine bans {Value} ({Scenario}), which is one of ours and is served all the same: "
        + "it may see a proxy's address where the client's should be")]
    public static partial void EngineBansOurs(this ILogger log, string value, string scenario);

    [LoggerMessage(5310, LogLevel.Warning, "the CrowdSec engine does not take our alerts, {Count} wait and are sent again: {Problem}")]
    public static partial void AlertsWait(this ILogger log, int count, string problem);

    [LoggerMessage(5311, LogLevel.Information, "the CrowdSec engine takes our alerts again")]
    public static partial void AlertsGoAgain(this ILogger log);

    [LoggerMessage(5312, LogLevel.Error, "the CrowdSec engine refused an alert of {Scenario}, which is given up: {Problem}")]
    public static partial void AlertRefused(this ILogger log, string scenario, string problem);

    [LoggerMessage(5313, LogLevel.Error, "alerts for the CrowdSec engine are not in the store and would not survive a restart: {Error}")]
    public static partial void AlertsNotStored(this ILogger log, string error);

    [LoggerMessage(5320, LogLevel.Warning, "there are {Most} decisions already: new ones do not hold until some end or are deleted")]
    public static partial void DecisionsFull(this ILogger log, int most);

    [LoggerMessage(5321, LogLevel.Error, "{Count} changes of decisions never reached the store and do not survive this stop")]
    public static partial void DecisionsLost(this ILogger log, int count);

    [LoggerMessage(5322, LogLevel.Information, "the store takes changes of decisions again: all of them are stored")]
    public static partial void DecisionsStoredAgain(this ILogger log);

    [LoggerMessage(5323, LogLevel.Error, "{Count} changes of decisions hold now but are not in the store yet; they are tried again: {Error}")]
    public static partial void DecisionsNotStored(this ILogger log, int count, string error);

    [LoggerMessage(5330, LogLevel.Information, "nftables: the sets of table {Table} are as they should be")]
    public static partial void SetsAreRight(this ILogger log, string table);

    [LoggerMessage(5331, LogLevel.Warning, "nftables: bans are not in the kernel's sets (they hold at accept): {Problem}")]
    public static partial void SetsAreWrong(this ILogger log, string problem);
}
