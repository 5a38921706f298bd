using System.Diagnostics;
using Aviso.Store.Blobs;

namespace Aviso.Store.Commit;

/// <summary>Stage one: takes all bodies that wait, one write and one fdatasync for all, then hands them to the committing stage.</summary>
internal sealed class BodyStage : IDisposable
{
    private readonly WaitingLine _line = new();
    private readonly SegmentWriter _segments;
    private readonly CommitStage _next;
    private readonly StoreGate _gate;
    private readonly Thread _thread;
    private int _current;

    public BodyStage(SegmentWriter segments, CommitStage next, StoreGate gate)
    {
        (_segments, _next, _gate) = (segments, next, gate);
        _current = segments.Current;
        _thread = new(Run) { IsBackground = true, Name = "aviso store bodies" };
        _thread.Start();
    }

    /// <summary>The segment that is written to; lower ones are closed.</summary>
    public int CurrentSegment => Volatile.Read(ref _current);

    public bool Add(WriteOperation operation) => _line.Add(operation);

    /// <summary>Finishes what waits, then stops.</summary>
    public void Dispose()
    {
        _line.Close();
        _thread.Join();
        _segments.Dispose();
    }

    private void Run()
    {
        var taken = new List<WriteOperation>();
        while (_line.Take(ref taken, -1))
        {
            if (Write(taken)) _next.AddAll(taken);
            taken.Clear();
        }
    }

    private bool Write(List<WriteOperation> operations)
    {
        if (_gate.IsSealed) return Refuse(operations, StoreError.ReadOnly);
        var mark = _segments.Mark();
        var started = Stopwatch.GetTimestamp();
        try
        {
            foreach (var operation in operations)
                foreach (var body in operation.Bodies) _segments.Append(body);
            _segments.Sync();
            Volatile.Write(ref _current, _segments.Current);
            StoreMeters.BodySync.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
            return true;
        }
        catch (SyncFailedException failed)
        {
            _gate.Seal(failed.Message);
            return Refuse(operations, StoreError.ReadOnly);
        }
        catch (Exception failed)
        {
            _gate.Trouble(failed.Message);
            GoBack(mark);
            return Refuse(operations, StoreError.DiskFull);
        }
        finally
        {
            foreach (var operation in operations)
                foreach (var body in operation.Bodies) body.Release();
        }
    }

    private void GoBack(BodyPlace mark)
    {
        try
        {
            _segments.GoBack(mark);
        }
        catch (Exception failed)
        {
            // Not harmful: the next record is written over it, and records that follow know their place.
            _gate.Trouble(failed.Message);
        }
    }

    private static bool Refuse(List<WriteOperation> operations, StoreError error)
    {
        foreach (var operation in operations) operation.Refuse(error);
        return false;
    }
}
