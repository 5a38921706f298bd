using System.Globalization;
using System.Text;

namespace Aviso.Store;

/// <summary>What happened to a record; the letters are what is written to disk.</summary>
public enum RecordChangeKind
{
    Created = 'c', Updated = 'u', Destroyed = 'd',
}

/// <summary>One line of the log: which state it made, and of which record.</summary>
public readonly record struct RecordLogEntry(long State, RecordChangeKind Kind, string Id);

/// <summary>
/// The state of one type of records in an account and its last changes, oldest first. It is a document beside the records and is written in
/// one transaction with them.
/// </summary>
public sealed class RecordLog
{
    private const int Most = 1_000;

    private readonly List<RecordLogEntry> _changes;

    private RecordLog(long number, List<RecordLogEntry> changes) => (Number, _changes) = (number, changes);

    public static RecordLog Empty { get; } = new(0, []);

    /// <summary>Grows by one with each change.</summary>
    public long Number { get; }

    /// <summary>As clients are told it.</summary>
    public string State => Number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Nothing was ever written.</summary>
    public bool IsNew => Number == 0;

    /// <summary>The state after which the log is whole.</summary>
    public long Floor => _changes.Count == 0 ? Number : _changes[0].State - 1;

    public IReadOnlyList<RecordLogEntry> Changes => _changes;

    public RecordLog With(IEnumerable<(string Id, RecordChangeKind Kind)> changes)
    {
        var all = new List<RecordLogEntry>(_changes);
        all.AddRange(changes.Select(c => new RecordLogEntry(Number + 1, c.Kind, c.Id)));
        // What one change wrote stays together, so that no state in the log is half known.
        if (all.Count > Most)
        {
            var last = all[all.Count - Most - 1].State;
            all.RemoveAll(c => c.State <= last);
        }
        return new(Number + 1, all);
    }

    /// <summary>So much later, and nothing known of what happened between.</summary>
    public RecordLog After(int states) => new(Number + states, []);

    public byte[] Write()
    {
        var text = new StringBuilder(State);
        foreach (var (state, kind, id) in _changes) text.Append('\n').Append(state).Append((char)kind).Append(id);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The state alone, of what <see cref="Write"/> wrote.</summary>
    public static string StateOf(ReadOnlySpan<byte> octets) =>
        Encoding.UTF8.GetString(octets.IndexOf((byte)'\n') is >= 0 and var end ? octets[..end] : octets);

    public static RecordLog Read(ReadOnlySpan<byte> octets)
    {
        var lines = Encoding.UTF8.GetString(octets).Split('\n');
        var changes = new List<RecordLogEntry>(lines.Length);
        foreach (var line in lines.Skip(1))
        {
            var kind = line.IndexOfAny(['c', 'u', 'd']);
            changes.Add(new(
                long.Parse(line.AsSpan(0, kind), CultureInfo.InvariantCulture), (RecordChangeKind)line[kind], line[(kind + 1)..]));
        }
        return new(long.Parse(lines[0], CultureInfo.InvariantCulture), changes);
    }
}
