using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>Log events of the parts, 6080-6129.</summary>
internal static partial class PartsLog
{
    [LoggerMessage(6080, LogLevel.Warning, "{Warning}")]
    public static partial void AccountsWarning(this ILogger log, string warning);

    [LoggerMessage(6081, LogLevel.Warning, "the use of app passwords could not be written: {Error}")]
    public static partial void AppPasswordsNotWritten(this ILogger log, string error);

    [LoggerMessage(6082, LogLevel.Warning, "the certificate for {Names} ends at {Until:u}: renew its file, or see `aviso certificates list`")]
    public static partial void CertificateEnds(this ILogger log, string names, DateTime until);

    [LoggerMessage(6083, LogLevel.Error, "certificates of our own authority could not be made, the old ones stay in use: {Error}")]
    public static partial void OwnCertificatesFail(this ILogger log, string error);

    [LoggerMessage(6086, LogLevel.Warning, "the queue's metrics could not be read: {Error}")]
    public static partial void QueueNotMeasured(this ILogger log, string error);

    [LoggerMessage(6087, LogLevel.Error, "{File} can not be used: nobody is greylisted")]
    public static partial void NobodyIsGreylisted(this ILogger log, string file);

    [LoggerMessage(6088, LogLevel.Error, "{File}: {Problem}")]
    public static partial void RuleProblem(this ILogger log, string file, object problem);

    [LoggerMessage(6089, LogLevel.Error, "{File} cannot be read, the rules stay as they were: {Problem}")]
    public static partial void RulesNotRead(this ILogger log, string file, string problem);

    [LoggerMessage(6092, LogLevel.Error, "push subscriptions of account {Account} could not be ended")]
    public static partial void PushesNotEnded(this ILogger log, Exception e, string account);

    [LoggerMessage(6091, LogLevel.Warning, "nftables: table {Table} could not be removed: {Problem}")]
    public static partial void TableStays(this ILogger log, string table, string problem);

    [LoggerMessage(6093, LogLevel.Error,
        "what waits for {Destination} could not be moved at once: it goes the other way when it is tried next")]
    public static partial void WaitingNotMoved(this ILogger log, Exception e, string destination);

    [LoggerMessage(6090, LogLevel.Error, "{File} can not be used: the spam filter goes on without what was learned")]
    public static partial void NothingLearned(this ILogger log, Exception e, string file);
}
