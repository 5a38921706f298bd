using Microsoft.Extensions.Logging;

namespace Aviso.Store;

/// <summary>Log events of this folder, 3200-3299.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(3201, LogLevel.Warning, "store cannot accept mail: {Reason}")]
    public static partial void CannotAccept(this ILogger log, string reason);

    [LoggerMessage(3202, LogLevel.Information, "put {Octets} octets of unfinished mail at the end of segment {Segment} aside: {Aside}")]
    public static partial void TailPutAside(this ILogger log, long octets, int segment, string aside);

    [LoggerMessage(3203, LogLevel.Critical, "segment {Segment} lacks {Octets} octets of stored mail: run `aviso store check`")]
    public static partial void SegmentLacks(this ILogger log, int segment, long octets);

    [LoggerMessage(3204, LogLevel.Warning, "garbage left in {Path}: {Reason}")]
    public static partial void GarbageLeft(this ILogger log, string path, string reason);

    [LoggerMessage(3205, LogLevel.Error, "a watcher of account {Account} failed")]
    public static partial void WatcherFailed(this ILogger log, Exception fault, AccountId account);

    [LoggerMessage(3206, LogLevel.Error, "upkeep of the store failed; it is tried again")]
    public static partial void UpkeepFailed(this ILogger log, Exception fault);

    [LoggerMessage(3207, LogLevel.Critical, "segment {Segment} is damaged at {Offset}; it is left as it is: run `aviso store check --bodies`")]
    public static partial void SegmentDamaged(this ILogger log, int segment, long offset);

    [LoggerMessage(3208, LogLevel.Information, "compacted segment {Segment}: {Octets} live octets moved in {Seconds:F1} s")]
    public static partial void Compacted(this ILogger log, int segment, long octets, double seconds);

    [LoggerMessage(3209, LogLevel.Critical, "segment {Segment} has {Count} bodies that no record holds: run `aviso store check`")]
    public static partial void BodiesWithoutRecord(this ILogger log, int segment, long count);

    [LoggerMessage(3210, LogLevel.Warning, "journal not written, a rebuild would miss changes: {Reason}")]
    public static partial void JournalNotWritten(this ILogger log, string reason);

    [LoggerMessage(3211, LogLevel.Critical, "store sealed, read-only until restarted: {Reason}")]
    public static partial void Sealed(this ILogger log, string reason);

    [LoggerMessage(3212, LogLevel.Error, "store cannot write: {Reason}")]
    public static partial void CannotWrite(this ILogger log, string reason);

    [LoggerMessage(3213, LogLevel.Information, "store writes again")]
    public static partial void WritesAgain(this ILogger log);

    [LoggerMessage(3214, LogLevel.Error, "after a commit")]
    public static partial void AfterCommitFailed(this ILogger log, Exception fault);

    [LoggerMessage(3215, LogLevel.Error, "a change failed and was undone")]
    public static partial void ChangeFailed(this ILogger log, Exception fault);

    [LoggerMessage(3216, LogLevel.Error, "indexing account {Account} failed")]
    public static partial void IndexingFailed(this ILogger log, Exception fault, AccountId account);

    [LoggerMessage(3217, LogLevel.Error, "{File} cannot be read ({Reason}); it is moved to {Aside} and made anew")]
    public static partial void FileMadeAnew(this ILogger log, string file, string reason, string aside);

    [LoggerMessage(3218, LogLevel.Warning, "{File} was empty: what it held is lost, and it is made anew")]
    public static partial void FileWasEmpty(this ILogger log, string file);

    [LoggerMessage(3219, LogLevel.Warning, "the journal does not tell all that the database knows ({Reason}); it is written anew, nothing is removed")]
    public static partial void JournalLacks(this ILogger log, string reason);

    [LoggerMessage(3220, LogLevel.Error, "message {Email} is damaged on the disk: {Reason}. Run `aviso store check --bodies`; a backup may have it whole")]
    public static partial void BodyDamaged(this ILogger log, string email, string reason);

    [LoggerMessage(3221, LogLevel.Warning, "{Count} files of large messages belong to nothing the database knows; they are kept: run `aviso store check`")]
    public static partial void LargeUnknown(this ILogger log, int count);

    [LoggerMessage(3223, LogLevel.Error, "the search index is damaged ({Reason}): searches look at all mail until the next start makes it anew")]
    public static partial void IndexDamaged(this ILogger log, string reason);

    [LoggerMessage(3222, LogLevel.Information, "removed {Path}: an interrupted delivery of {Made:u} that nobody was told about")]
    public static partial void LeftoverRemoved(this ILogger log, string path, DateTimeOffset made);

    [LoggerMessage(3224, LogLevel.Error, "pages for the backup cannot be kept ({Reason}): the next backup begins anew")]
    public static partial void FramesNotKept(this ILogger log, string reason);
}
