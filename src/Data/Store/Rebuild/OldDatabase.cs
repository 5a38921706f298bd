using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store.Rebuild;

/// <summary>What still reads of the database that is replaced, part by part: damage in one table leaves the others.</summary>
internal sealed class OldDatabase
{
    private const int BlockOctets = 64 * 1024;
    private static readonly string[] Parts =
        ["accounts", "facts", "passwords", "documents", "the queue", "mailboxes", "entries", "sort orders"];

    private readonly HashSet<string> _read = [];
    private readonly List<string> _notes = [];

    public JournalState State { get; } = new();

    public IReadOnlyList<string> Notes => _notes;

    public bool AnyRead => _read.Contains("accounts") && _read.Contains("mailboxes");

    public bool DocumentsRead => _read.Contains("documents");

    public bool EntriesRead => _read.Contains("entries");

    public bool QueueRead => _read.Contains("the queue");

    public static OldDatabase Read(string dataFolder)
    {
        var old = new OldDatabase();
        using var db = Connection.Look(Path.Combine(dataFolder, "store.db"));
        var lines = new JournalLines();
        foreach (var (part, steps) in Parts.Zip(JournalBase.Sections(db, lines))) old.ReadPart(part, steps, lines);
        if (old.EntriesRead && old.QueueRead) old.ReadPart("marks", Marks(db, lines), lines);
        return old;
    }

    private static IEnumerable<int> Marks(Connection db, JournalLines lines)
    {
        long newest = 0;
        db.Query("SELECT max(coalesce((SELECT max(queue_id) FROM queue_message), 0), coalesce((SELECT max(email_id) FROM email), 0))", row => newest = row.Int(0));
        JournalBase.Marks(db, lines, newest);
        yield return 0;
    }

    private void ReadPart(string part, IEnumerable<int> steps, JournalLines lines)
    {
        try
        {
            foreach (var _ in steps)
                if (lines.Length > BlockOctets) Take(lines);
            _read.Add(part);
        }
        catch (SqliteException damaged)
        {
            _notes.Add($"{part} of the old database could not be read whole ({damaged.Message})");
        }
        Take(lines);
    }

    private void Take(JournalLines lines)
    {
        State.Replay(lines.Written);
        lines.Clear();
    }
}
