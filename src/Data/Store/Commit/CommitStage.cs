using System.Diagnostics;
using Aviso.Store.Blobs;
using Aviso.Store.Copying;
using Aviso.Store.Sqlite;
using Microsoft.Extensions.Logging;

namespace Aviso.Store.Commit;

/// <summary>
/// Stage two, the one writing thread: takes all changes whose bodies are on disk, one transaction, one sync. Then journal,
/// views, callers, watchers, in this order. Checkpoints run here too, between commits: nobody else ever does.
/// </summary>
internal sealed class CommitStage : IDisposable
{
    private const int CheckpointFrames = 2000;
    private const int IdleMilliseconds = 2000;

    private readonly WaitingLine _line = new();
    private readonly Connection _db;
    private readonly WriteBatch _batch;
    private readonly Journal _journal;
    private readonly Ballast _ballast;
    private readonly FrameLog _frames;
    private readonly StoreGate _gate;
    private readonly ILogger _log;
    private readonly Action<WriteBatch> _committed;
    private readonly Thread _thread;
    private long _begun;
    private long _published;
    private int _nextCheckpoint = CheckpointFrames;

    /// <param name="committed">Called on the committing thread after each commit, before callers hear of it.</param>
    public CommitStage(
        Connection db, WriteBatch batch, Journal journal, Ballast ballast, FrameLog frames, StoreGate gate, ILogger log,
        Action<WriteBatch> committed)
    {
        (_db, _batch, _journal, _ballast, _frames, _gate) = (db, batch, journal, ballast, frames, gate);
        (_log, _committed) = (log, committed);
        _thread = new(Run) { IsBackground = true, Name = "aviso store commit" };
        _thread.Start();
    }

    public bool Add(WriteOperation operation) => _line.Add(operation);

    /// <summary>
    /// Returns when every commit that a read which has begun can see has reached the views. Without it a view read from rows
    /// could be newer than a view in memory, and who asks twice would see the mailbox go back in time.
    /// </summary>
    public void WaitUntilPublished()
    {
        var begun = Volatile.Read(ref _begun);
        if (Volatile.Read(ref _published) < begun) SpinWait.SpinUntil(() => Volatile.Read(ref _published) >= begun);
    }

    public void AddAll(List<WriteOperation> operations) => _line.AddAll(operations);

    /// <summary>Finishes what waits, moves the log into the database, then stops.</summary>
    public void Dispose()
    {
        _line.Close();
        _thread.Join();
        if (!_gate.IsSealed) Checkpoint(truncate: true);
        _db.Dispose();
        _journal.Dispose();
    }

    private void Run()
    {
        var taken = new List<WriteOperation>();
        while (_line.Take(ref taken, _db.WalFrames > 0 ? IdleMilliseconds : -1))
        {
            if (taken.Count > 0) Commit(taken);
            if (_gate.IsSealed) continue;
            if (taken.Count == 0) Checkpoint();
            else if (_db.WalFrames >= _nextCheckpoint) Checkpoint();
            taken.Clear();
        }
    }

    private void Commit(List<WriteOperation> operations)
    {
        while (operations.Count > 0)
        {
            if (_gate.IsSealed)
            {
                Refuse(operations, StoreError.ReadOnly);
                return;
            }
            var next = TryCommit(operations);
            if (next == Next.Done) return;
        }
    }

    private Next TryCommit(List<WriteOperation> operations)
    {
        var started = Stopwatch.GetTimestamp();
        WriteOperation? running = null;
        bool counts;
        try
        {
            _batch.Start();
            _db.Use(Statements.Begin).Run();
            foreach (var operation in operations)
            {
                running = operation;
                _batch.By = operation.By;
                operation.Apply(_batch);
            }
            running = null;
            counts = operations.Exists(static operation => operation.Counts);
            _batch.Flush(counts);
            Volatile.Write(ref _begun, _begun + 1);
            _db.Use(Statements.Commit).Run();
            _frames.Committed(_db.WalFrames, _batch.Commit, counts);
        }
        catch (Exception failed)
        {
            Volatile.Write(ref _published, _begun);
            return Undo(operations, running, failed);
        }
        StoreMeters.Commit.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        StoreMeters.BatchSize.Record(operations.Count);
        if (_batch.Stored > 0)
        {
            StoreMeters.Stored.Add(_batch.Stored);
            StoreMeters.StoredOctets.Add(_batch.StoredOctets);
        }
        _gate.Recovered();
        Publish(operations, counts);
        return Next.Done;
    }

    private void Publish(List<WriteOperation> operations, bool counts)
    {
        try
        {
            if (counts) _journal.Append(_batch.Commit, _batch.Now, _batch.Journal.Written);
            _committed(_batch);
        }
        catch (Exception fault)
        {
            StoreMeters.Faults.Add(1);
            _log.AfterCommitFailed(fault);
        }
        Volatile.Write(ref _published, _begun);
        foreach (var operation in operations) operation.Complete();
    }

    /// <summary>Takes from the list what has its answer now.</summary>
    private Next Undo(List<WriteOperation> operations, WriteOperation? running, Exception failed)
    {
        Rollback();
        if (failed is SqliteException { IsFailedSync: true })
        {
            _gate.Seal(failed.Message);
            Refuse(operations, StoreError.ReadOnly);
            return Next.Done;
        }
        if (failed is SqliteException { IsFull: true }) return MakeRoom(operations, failed.Message);
        if (failed is SqliteException engine && (engine.Code & 0xff) is Native.IoError or Native.ReadOnly or Native.CantOpen)
        {
            _gate.Trouble(failed.Message);
            Refuse(operations, StoreError.ReadOnly);
            return Next.Done;
        }
        StoreMeters.Faults.Add(1);
        _log.ChangeFailed(failed);
        if (running is not null)
        {
            running.Fail(failed);
            operations.Remove(running);
            return Next.Again;
        }
        foreach (var operation in operations) operation.Fail(failed);
        return Next.Done;
    }

    /// <summary>The volume is full: new mail is refused; for the rest, which may be what gives room, the ballast is dropped and the
    /// log moved into the database, so that it begins anew in the place it has.</summary>
    private Next MakeRoom(List<WriteOperation> operations, string reason)
    {
        _gate.Trouble(reason);
        var refused = operations.RemoveAll(operation =>
        {
            if (operation.BringsMail) operation.Refuse(StoreError.DiskFull);
            return operation.BringsMail;
        });
        StoreMeters.Refused.Add(refused);
        if (operations.Count == 0) return Next.Done;
        var dropped = _ballast.Drop();
        var before = _db.WalFrames;
        Checkpoint();
        if (dropped || refused > 0 || _db.WalFrames < before) return Next.Again;
        Refuse(operations, StoreError.DiskFull);
        return Next.Done;
    }

    private enum Next
    {
        /// <summary>All have their answer.</summary>
        Done,

        /// <summary>Run what is left in the list.</summary>
        Again,
    }

    private void Rollback()
    {
        _batch.Forget();
        try
        {
            if (_db.InTransaction) _db.Use(Statements.Rollback).Run();
        }
        catch (SqliteException failed)
        {
            _gate.Seal("rollback: " + failed.Message);
        }
    }

    private void Checkpoint(bool truncate = false)
    {
        try
        {
            _frames.BeforeCheckpoint();
            _db.Checkpoint(truncate);
            StoreMeters.Checkpoints.Add(1);
            // A reader held it back: do not try again with every commit.
            _nextCheckpoint = _db.WalFrames == 0 ? CheckpointFrames : _db.WalFrames + CheckpointFrames;
        }
        catch (SqliteException failed) when (failed.IsFailedSync)
        {
            _gate.Seal("checkpoint: " + failed.Message);
        }
        catch (SqliteException failed)
        {
            _gate.Trouble("checkpoint: " + failed.Message);
            _nextCheckpoint = _db.WalFrames + CheckpointFrames;
        }
    }

    private static void Refuse(List<WriteOperation> operations, StoreError error)
    {
        StoreMeters.Refused.Add(operations.Count);
        foreach (var operation in operations) operation.Refuse(error);
    }
}
