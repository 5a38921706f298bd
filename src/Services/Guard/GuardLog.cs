using System.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>Log events of Guard, 6100-6199.</summary>
internal static partial class GuardLog
{
    [LoggerMessage(6101, LogLevel.Warning,
        "{Value} is banned for {Length} by {Scenario}: {Events} events, the last {Evidence}; before: {Before}")]
    public static partial void Banned(
        this ILogger log, string value, TimeSpan length, string scenario, int events, string evidence, int before);

    [LoggerMessage(6102, LogLevel.Warning,
        "{Client} would be banned for {Scenario} but has just logged in: only its failures stay limited")]
    public static partial void SparedByLogin(this ILogger log, IPAddress client, string scenario);

    [LoggerMessage(6103, LogLevel.Warning, "{Client} would be banned for {Scenario} but has delivered mail lately: it only waits")]
    public static partial void SparedByDelivery(this ILogger log, IPAddress client, string scenario);

    [LoggerMessage(6104, LogLevel.Warning,
        "{What} on {Kind} from our own network, {Client} {User}: a device or program of ours has lost its password")]
    public static partial void OwnTrouble(this ILogger log, string what, string kind, IPAddress client, string user);

    [LoggerMessage(6105, LogLevel.Warning,
        "More than {Count} passwords for {User} were wrong in ten minutes, from all addresses: "
        + "only addresses where it logged in lately are looked at now")]
    public static partial void AccountGuessed(this ILogger log, double count, string user);

    [LoggerMessage(6106, LogLevel.Warning, "there are {Most} decisions already: new ones do not hold until some end or are deleted")]
    public static partial void BookFull(this ILogger log, int most);

    [LoggerMessage(6107, LogLevel.Information, "the store takes changes of decisions again: all of them are stored")]
    public static partial void DecisionsStored(this ILogger log);

    [LoggerMessage(6108, LogLevel.Error,
        "{Count} changes of decisions hold now but are not in the store yet; they are tried again: {Error}")]
    public static partial void DecisionsWait(this ILogger log, int count, string error);

    [LoggerMessage(6109, LogLevel.Error, "{Count} changes of decisions never reached the store and do not survive this stop")]
    public static partial void DecisionsLost(this ILogger log, int count);

    [LoggerMessage(6120, LogLevel.Information, "nftables: the sets of table {Table} are as they should be")]
    public static partial void KernelInStep(this ILogger log, string table);

    [LoggerMessage(6121, LogLevel.Warning, "nftables: bans are not in the kernel's sets (they hold at accept): {Problem}")]
    public static partial void KernelBehind(this ILogger log, string problem);

    [LoggerMessage(6130, LogLevel.Error, "the connection to the CrowdSec engine failed and begins again")]
    public static partial void EngineFault(this ILogger log, Exception e);

    [LoggerMessage(6131, LogLevel.Information,
        "the CrowdSec engine at {Url} told its whole list: {Count} decisions hold, {Added} new, {Removed} over")]
    public static partial void EngineTold(this ILogger log, Uri url, int count, int added, int removed);

    [LoggerMessage(6132, LogLevel.Information, "the CrowdSec engine decided: {Added} new, {Removed} over, {Count} hold")]
    public static partial void EngineDecided(this ILogger log, int added, int removed, int count);

    [LoggerMessage(6133, LogLevel.Warning,
        "the CrowdSec engine at {Url} does not tell its decisions: {Problem}; the last list holds ({Count} decisions, as of {Last})")]
    public static partial void EngineSilent(this ILogger log, Uri url, string problem, int count, string last);

    [LoggerMessage(6134, LogLevel.Warning, "the engine bans {Value}, which is everybody: ignored")]
    public static partial void EngineBansAll(this ILogger log, string value);

    [LoggerMessage(6135, LogLevel.Warning, "the CrowdSec engine does not take our alerts, {Count} wait and are sent again: {Problem}")]
    public static partial void AlertsWait(this ILogger log, int count, string? problem);

    [LoggerMessage(6136, LogLevel.Information, "the CrowdSec engine takes our alerts again")]
    public static partial void AlertsTaken(this ILogger log);

    [LoggerMessage(6137, LogLevel.Error, "the CrowdSec engine refused an alert of {Scenario}, which is given up: {Problem}")]
    public static partial void AlertRefused(this ILogger log, string scenario, string? problem);

    [LoggerMessage(6138, LogLevel.Error, "alerts for the CrowdSec engine are not in the store and would not survive a restart: {Error}")]
    public static partial void AlertsNotStored(this ILogger log, string error);

    [LoggerMessage(6139, LogLevel.Warning, "there are {Most} decisions already; the rest of the engine's list does not hold here")]
    public static partial void EngineListTooLong(this ILogger log, int most);

    [LoggerMessage(6140, LogLevel.Warning, "the engine decides about scope {Scope}, which means nothing here: ignored")]
    public static partial void EngineScopeUnknown(this ILogger log, string scope);

    [LoggerMessage(6141, LogLevel.Warning, "the engine sent a decision that cannot be read: value {Value}, duration {Duration}")]
    public static partial void EngineUnreadable(this ILogger log, string value, string duration);

    [LoggerMessage(6142, LogLevel.Warning, "the engine's decisions of type {Type} are listed and refuse nobody: only bans do")]
    public static partial void EngineTypeIdle(this ILogger log, string type);

    [LoggerMessage(6143, LogLevel.Warning,
        "the engine bans {Value} ({Scenario}), which is one of ours and is served all the same: "
        + "it may see a proxy's address where the client's should be")]
    public static partial void EngineBansOurs(this ILogger log, string value, string scenario);

    /// <summary>To the logger that writes lines as they are.</summary>
    [LoggerMessage(6144, LogLevel.Critical, "{Line}")]
    public static partial void CompatibilityLine(this ILogger log, string line);
}
