using Aviso.Store;

namespace Aviso.Backup;

/// <summary>What is remembered of drills, in the store. Thread-safe: one drill at a time writes.</summary>
internal sealed class DrillBook(IDocumentRows memory, TimeProvider clock)
{
    private volatile IReadOnlyDictionary<string, DrillMemory> _drills = new Dictionary<string, DrillMemory>();

    /// <summary>Of a target; null: none was made.</summary>
    public DrillMemory? Of(string target) => _drills.GetValueOrDefault(target);

    public bool IsDue(string target, TimeSpan every) =>
        clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(Of(target)?.DrilledAt ?? 0) >= every;

    public async Task ReadAsync(CancellationToken cancel)
    {
        var drills = new Dictionary<string, DrillMemory>(StringComparer.Ordinal);
        foreach (var document in await memory.ListDocumentsAsync(default, DrillMemory.Kind, cancel))
            if (document.Read(BackupJson.Default.DrillMemory) is { } drill) drills[document.Key.Name] = drill;
        _drills = drills;
    }

    /// <summary>Only a good one moves what is proven.</summary>
    public async Task NoteAsync(string target, DrillReport report, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var isGood = report.Problems.Count == 0;
        var drill = new DrillMemory(isGood && report.At is { } at ? at.ToUnixTimeMilliseconds() : Of(target)?.ProvenAt ?? 0,
            now.ToUnixTimeMilliseconds(), isGood ? null : string.Join("; ", report.Problems.Take(5)));
        var document = Documents.Of(new(default, DrillMemory.Kind, target), drill, BackupJson.Default.DrillMemory, now.ToUnixTimeSeconds());
        await memory.ChangeDocumentsAsync([document], [], cancel);
        _drills = new Dictionary<string, DrillMemory>(_drills, StringComparer.Ordinal) { [target] = drill };
    }
}
