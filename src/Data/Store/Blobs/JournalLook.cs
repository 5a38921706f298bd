namespace Aviso.Store.Blobs;

/// <summary>What the journal tells of itself: how far it goes, and whether its newest file is whole.</summary>
/// <param name="Newest">Number of the newest file; 0 when there is none.</param>
/// <param name="Gaps">Damage in the newest files, as far back as the last commit is told.</param>
internal sealed record JournalLook(int Newest, bool NewestIsWhole, bool Any, long LastCommit, long LastAt, IReadOnlyList<JournalGap> Gaps)
{
    public static readonly JournalLook None = new(0, true, false, 0, 0, []);

    /// <summary>Reads the newest file, and older ones only while no commit is named.</summary>
    public static JournalLook At(string dataFolder)
    {
        var gaps = new List<JournalGap>();
        var newest = Journal.List(dataFolder) is [.., var last] ? last : 0;
        var (commit, at, any, whole) = (0L, 0L, false, true);
        foreach (var file in Journal.FilesToReplay(dataFolder).Reverse())
        {
            if (commit > 0) break;
            // In a base the first block tells the commit, and all the rest is as long as the store.
            var isBase = file.EndsWith(".base", StringComparison.Ordinal);
            foreach (var block in JournalFile.Read(file, gaps))
            {
                any = true;
                if (JournalFile.CommitOf(block) is var told && told.Commit > commit) (commit, at) = told;
                if (isBase) break;
            }
            if (newest > 0 && file == Journal.PathOf(dataFolder, newest)) whole = gaps.Count == 0;
        }
        return new(newest, whole, any, commit, at, gaps);
    }
}
