using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>Log events of this folder, 4750-4799.</summary>
internal static partial class DoctorLog
{
    [LoggerMessage(4752, LogLevel.Information, "{Name} {Type} was changed at {Host}: {Before} -> {After}")]
    public static partial void RecordChanged(this ILogger log, string name, string type, string host, string before, string after);

    [LoggerMessage(4753, LogLevel.Warning, "{Name} {Type} could not be changed at {Host}: {Problem}")]
    public static partial void RecordNotChanged(this ILogger log, string name, string type, string host, string problem);

    [LoggerMessage(4754, LogLevel.Warning, "DKIM rotation of {Domain} waits: {Name} cannot be published: {Problem}")]
    public static partial void RotationWaits(this ILogger log, string domain, string name, string problem);

    [LoggerMessage(4755, LogLevel.Error, "DKIM rotation of {Domain} failed; it is tried again")]
    public static partial void RotationFailed(this ILogger log, Exception e, string domain);

    [LoggerMessage(4760, LogLevel.Error, "finding {Code} ({Subject}): {Says}; {Evidence}; to do: {Fix}")]
    public static partial void FoundError(this ILogger log, string code, string subject, string says, string evidence, string fix);

    [LoggerMessage(4761, LogLevel.Warning, "finding {Code} ({Subject}): {Says}; {Evidence}; to do: {Fix}")]
    public static partial void FoundWarning(this ILogger log, string code, string subject, string says, string evidence, string fix);

    [LoggerMessage(4762, LogLevel.Information, "finding {Code} ({Subject}): {Says}")]
    public static partial void FoundInformation(this ILogger log, string code, string subject, string says);

    [LoggerMessage(4763, LogLevel.Information, "finding {Code} ({Subject}) has cleared, it stood since {Since:u}")]
    public static partial void FindingCleared(this ILogger log, string code, string subject, DateTimeOffset since);

    [LoggerMessage(4764, LogLevel.Warning, "{Most} findings stand: {Code} ({Subject}) and what else is found is not kept")]
    public static partial void TooManyFindings(this ILogger log, int most, string code, string subject);

    [LoggerMessage(4765, LogLevel.Error, "a check of the doctor failed: {Check}")]
    public static partial void CheckFailed(this ILogger log, Exception? e, string check);

    [LoggerMessage(4766, LogLevel.Error, "findings could not be written down; it is tried again")]
    public static partial void FindingsNotKept(this ILogger log, Exception e);

    [LoggerMessage(4767, LogLevel.Warning, "{Count} happenings were too many to look at: findings about refusals of ours may lack one")]
    public static partial void HappeningsLost(this ILogger log, long count);

    [LoggerMessage(4770, LogLevel.Warning, "events: {Target} does not take them ({Problem}); tried again at {Next:u}")]
    public static partial void EventsPutOff(this ILogger log, string target, string problem, DateTimeOffset next);

    [LoggerMessage(4771, LogLevel.Error, "events: {Count} for {Target} are given up: {Why}")]
    public static partial void EventsGivenUp(this ILogger log, int count, string target, string why);

    [LoggerMessage(4772, LogLevel.Information, "events: {Count} delivered to {Target}")]
    public static partial void EventsDelivered(this ILogger log, int count, string target);

    [LoggerMessage(4773, LogLevel.Error, "events could not be looked at; it is tried again")]
    public static partial void EventsFailed(this ILogger log, Exception e);

    [LoggerMessage(4774, LogLevel.Error, "what was counted of mail could not be written down; it is tried again")]
    public static partial void TallyNotKept(this ILogger log, Exception e);

    [LoggerMessage(4779, LogLevel.Error, "mail could not be counted, and is not from now on where this happens")]
    public static partial void FlowNotCounted(this ILogger log, Exception e);

    [LoggerMessage(4775, LogLevel.Information, "weekly digest of {Due:yyyy-MM-dd} handed over for {Target}")]
    public static partial void DigestSent(this ILogger log, DateTime due, string target);

    [LoggerMessage(4776, LogLevel.Warning, "weekly digest of {Due:yyyy-MM-dd} was not taken ({Problem}); tried again at {Next:u}")]
    public static partial void DigestPutOff(this ILogger log, DateTime due, string problem, DateTimeOffset next);

    [LoggerMessage(4777, LogLevel.Warning,
        "the server stopped while the weekly digest of {Due:yyyy-MM-dd} was handed over; it is not sent twice, so it may be missing")]
    public static partial void DigestUnsure(this ILogger log, DateTime due);

    [LoggerMessage(4778, LogLevel.Error, "the weekly digest could not be made; it is tried again")]
    public static partial void DigestFailed(this ILogger log, Exception e);
}
