using Aviso.Store.Blobs;

namespace Aviso.Store.Judging;

/// <summary>
/// Do the files of the data folder agree? Read without changing any of them, before a store is opened and by `store check`.
/// Rule: nothing is removed on the word of one copy while another contradicts it.
/// </summary>
internal sealed record StoreJudge(DatabaseLook Database, JournalLook Journal, string Mail)
{
    // A crash leaves bodies of the last moments that no row knows. A journal that ends with the database vouches for it: then they may be
    // as old as a peer waits for its answer (RFC 5321 §4.5.3.2.6) beside a disk that hangs.
    private static readonly TimeSpan CrashLeaves = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan VouchedCrashLeaves = TimeSpan.FromMinutes(10);

    public static StoreJudge Of(string dataFolder) => new(DatabaseLook.At(dataFolder), JournalLook.At(dataFolder), MailIn(dataFolder));

    /// <summary>Why the database must not be worked with; empty when it knows all that the other files know.</summary>
    public IReadOnlyList<StoreFinding> Contradictions()
    {
        var found = new List<StoreFinding>();
        switch (Database.State)
        {
            case DatabaseState.Missing when Mail.Length > 0:
                found.Add(new("database-missing", $"{Database.Reason}, though there is stored mail: {Mail}"));
                break;
            case DatabaseState.Empty when Mail.Length > 0:
                found.Add(new("database-empty", $"{Database.Reason}, though there is stored mail: {Mail}"));
                break;
            case DatabaseState.Unreadable:
                found.Add(new("database-damaged", Database.Reason));
                break;
            case DatabaseState.Readable:
                Compare(found);
                break;
        }
        return found;
    }

    /// <summary>The journal ends with the database, but for what a crash takes from a file that is not synced: then what no row knows was
    /// never acknowledged.</summary>
    public bool IsVouched => Journal.LastCommit > 0 && Journal.LastCommit <= Database.Commit
        && (Journal.LastCommit >= Database.Commit - 1 || Database.CommittedAt - Journal.LastAt <= CrashLeaves.TotalSeconds);

    /// <summary>Why a journal that is behind must be written anew; null when it tells all.</summary>
    public string? JournalLacks() => Journal switch
    {
        { Any: false } => Database.Commit > 0 ? "its files are gone" : null,
        { LastCommit: 0 } => "it is of an older version",
        { Gaps: [{ IsTail: false } gap, ..] } => $"it is damaged: {gap}",
        _ when Journal.LastCommit < Database.Commit => $"it ends {Database.Commit - Journal.LastCommit} commits before the database",
        _ => null,
    };

    private void Compare(List<StoreFinding> found)
    {
        if (Journal.LastCommit > Database.Commit)
        {
            found.Add(new("database-older",
                $"store.db is older than the journal: it lacks the last {Journal.LastCommit - Database.Commit} commits, until {Utc(Journal.LastAt)}"));
        }
        else if (TooYoung() is [var first, ..] later)
        {
            found.Add(new("database-older",
                $"store.db ends at {Database.KnowsUntil:u} and does not know {later.Count} bodies that came later, the first of {first.Made:u} in {first.Where}"));
        }
    }

    private List<UnknownBody> TooYoung()
    {
        var limit = Database.KnowsUntil + (IsVouched ? VouchedCrashLeaves : CrashLeaves);
        return [.. Database.Unknown.Where(body => body.Made > limit)];
    }

    private static string Utc(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("u");

    /// <summary>What there is of stored mail, in words; empty when there is none.</summary>
    private static string MailIn(string dataFolder)
    {
        var words = new List<string>();
        Count("segments", "*.seg", "segment");
        Count("large", "*.msg", "large message");
        Count("journal", "*.log", "journal file");
        Count("journal", "*.base", "journal base");
        return string.Join(", ", words);

        void Count(string folder, string pattern, string name)
        {
            var path = Path.Combine(dataFolder, folder);
            if (!Directory.Exists(path)) return;
            var files = Directory.GetFiles(path, pattern).Count(file => new FileInfo(file).Length > 0);
            if (files > 0) words.Add($"{files} {name}{(files == 1 ? "" : "s")}");
        }
    }
}
