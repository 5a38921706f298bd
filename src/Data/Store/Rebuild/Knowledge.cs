using Aviso.Store.Blobs;
using Aviso.Store.Judging;

namespace Aviso.Store.Rebuild;

/// <summary>
/// All that can be known without the lost database: the journal, and where that does not tell all, what still reads of the old database,
/// under the lines of the journal that came after it.
/// </summary>
internal sealed class Knowledge
{
    private readonly List<JournalGap> _gaps = [];
    private readonly List<string> _notes = [];
    private long _commit;
    private long _gapEnd;
    private DateTimeOffset _gapEndAt = DateTimeOffset.MinValue;
    private long _baseCommit;
    private bool _hasBase;
    private bool _begins;
    private bool _baseDamaged;

    private Knowledge()
    {
    }

    public JournalState State { get; private set; } = new();

    /// <summary>In words for the person: gaps, what was read of the old database.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Highest commit that any file tells of.</summary>
    public long Commit { get; private set; }

    /// <summary>Documents (second factors, app passwords, scripts, keys, bans) are known as they were; else some may be lost or old.</summary>
    public bool KnowsDocuments { get; private set; }

    public static Knowledge Read(string dataFolder)
    {
        var known = new Knowledge();
        var blocks = Journal.FilesToReplay(dataFolder);
        foreach (var file in blocks) known.Replay(file, after: 0);
        known.Commit = known._commit;
        known.KnowsDocuments = known._begins && known._gaps.TrueForAll(gap => gap.IsTail && !IsBase(gap.Path));
        var database = DatabaseLook.At(dataFolder);
        var isBehind = database.State == DatabaseState.Readable && database.Commit > known._commit;
        if (!known.KnowsDocuments || isBehind) known = known.WithOldDatabase(dataFolder, database, blocks);
        if (known._baseDamaged)
        {
            known.State.Mark = 0;
            known.State.Queue.ForgetMark();
        }
        known.State.Queue.DoubtUntil = known._gapEndAt;
        foreach (var gap in known._gaps.Where(gap => !gap.IsTail || IsBase(gap.Path))) known._notes.Add($"the journal is damaged: {gap}");
        return known;
    }

    /// <summary>The journal does not tell all: begin with the old database, then the lines that came after it.</summary>
    private Knowledge WithOldDatabase(string dataFolder, DatabaseLook judged, IReadOnlyList<string> files)
    {
        var old = judged.State == DatabaseState.Readable ? OldDatabase.Read(dataFolder) : null;
        // A whole base that is newer than the database knows all that the database knows, and what is gone since.
        if (old is null || !old.AnyRead || (_baseCommit > judged.Commit && !_baseDamaged))
        {
            _notes.Add(files.Count == 0 ? "there is no journal, and the old database cannot be read" : "the journal does not tell all, and the old database is of no help");
            DoubtQueue(_begins || _hasBase ? _gapEndAt : DateTimeOffset.MaxValue);
            return this;
        }
        // Bodies that came later than the database: then it is a copy from before the loss.
        var isCurrent = judged.Unknown.All(body => body.Made <= judged.KnowsUntil + TimeSpan.FromMinutes(1));
        var both = new Knowledge { State = old.State, _begins = true, _commit = judged.Commit };
        // Lines without a number came before or with a database that is current.
        foreach (var file in files)
            if (judged.Commit > 0 || !isCurrent) both.Replay(file, judged.Commit);
        both.Commit = Math.Max(Commit, judged.Commit);
        both.KnowsDocuments = old.DocumentsRead && isCurrent && judged.Commit >= both._gapEnd;
        both._notes.AddRange(old.Notes.Prepend($"the old database was read as it was at {judged.KnowsUntil:u}"));
        if (!isCurrent || !old.QueueRead) both.DoubtQueue(DateTimeOffset.MaxValue);
        if (!old.EntriesRead) both._baseDamaged = true;
        return both;
    }

    private void DoubtQueue(DateTimeOffset until)
    {
        if (until > _gapEndAt) _gapEndAt = until;
    }

    /// <param name="after">Blocks of commits up to this one are known already.</param>
    private void Replay(string file, long after)
    {
        var before = _gaps.Count;
        var told = 0L;
        foreach (var block in JournalFile.Read(file, _gaps))
        {
            var (commit, at) = JournalFile.CommitOf(block);
            if (IsBase(file) && commit > 0) (_begins, _baseCommit) = (true, commit);
            if (commit == 1) _begins = true;
            if (commit > 0 && ((_commit > 0 && commit > _commit + 1) || _gaps.Count > before)) Missed(commit, at);
            if (commit > 0) (before, told) = (_gaps.Count, commit);
            _commit = Math.Max(_commit, commit);
            if (told > after || after == 0) State.Replay(block);
        }
        _hasBase |= IsBase(file);
        _baseDamaged |= IsBase(file) && _gaps.Exists(gap => gap.Path == file);
    }

    private void Missed(long commit, long at)
    {
        if (commit > _commit + 1) _notes.Add($"the journal lacks commits {_commit + 1} to {commit - 1}");
        _gapEnd = Math.Max(_gapEnd, commit - 1);
        DoubtQueue(DateTimeOffset.FromUnixTimeSeconds(at));
        _begins &= commit <= _commit + 1;
    }

    private static bool IsBase(string path) => path.EndsWith(".base", StringComparison.Ordinal);
}
