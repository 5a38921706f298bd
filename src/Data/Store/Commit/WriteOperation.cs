using Aviso.Store.Blobs;

namespace Aviso.Store.Commit;

/// <summary>
/// One change on its way to disk. <see cref="Apply"/> runs on the committing thread inside a transaction that may be run
/// again (another change of the batch failed), so it must set its result anew and change nothing but the batch.
/// </summary>
internal abstract class WriteOperation
{
    /// <summary>Bodies that must be on disk before the rows that point at them.</summary>
    public BodyWrite[] Bodies { get; init; } = [];

    /// <summary>Refused when the disk reserve is reached.</summary>
    public bool BringsMail { get; init; }

    /// <summary>False for what a rebuild need not know of: a canary, leases that end.</summary>
    public bool Counts { get; init; } = true;

    /// <summary>Who asked for it; null: the server itself.</summary>
    public Actor? By { get; } = Actor.Current;

    public abstract void Apply(WriteBatch batch);

    /// <summary>The transaction is durable.</summary>
    public abstract void Complete();

    /// <summary>Nothing of it was stored: the store cannot write.</summary>
    public abstract void Refuse(StoreError error);

    /// <summary>Nothing of it was stored: our own fault.</summary>
    public abstract void Fail(Exception fault);
}

/// <summary>A change with a result.</summary>
/// <param name="apply">Makes the change and answers its result.</param>
/// <param name="refused">The result that says the store cannot write; null: <see cref="StoreUnavailableException"/>.</param>
internal sealed class WriteOperation<T>(Func<WriteBatch, T> apply, Func<StoreError, T>? refused) : WriteOperation
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _done.Task;

    public override void Apply(WriteBatch batch) => _result = apply(batch);

    public override void Complete() => _done.TrySetResult(_result!);

    public override void Refuse(StoreError error)
    {
        if (refused is null) _done.TrySetException(new StoreUnavailableException(error));
        else _done.TrySetResult(refused(error));
    }

    public override void Fail(Exception fault) => _done.TrySetException(fault);
}

/// <summary>What waits for a stage. The stage takes all there is at once; nothing waits for company.</summary>
internal sealed class WaitingLine
{
    private readonly object _lock = new();
    private List<WriteOperation> _waiting = [];
    private bool _closed;

    /// <summary>False when the stage has stopped taking.</summary>
    public bool Add(WriteOperation operation)
    {
        lock (_lock)
        {
            if (_closed) return false;
            _waiting.Add(operation);
            if (_waiting.Count == 1) Monitor.Pulse(_lock);
        }
        return true;
    }

    public void AddAll(List<WriteOperation> operations)
    {
        lock (_lock)
        {
            _waiting.AddRange(operations);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Swaps <paramref name="taken"/> (empty) for all that waits. Empty after <paramref name="milliseconds"/> without work
    /// (-1: no limit); false when closed and empty.</summary>
    public bool Take(ref List<WriteOperation> taken, int milliseconds)
    {
        lock (_lock)
        {
            while (_waiting.Count == 0)
            {
                if (_closed) return false;
                if (!Monitor.Wait(_lock, milliseconds)) return true;
            }
            (taken, _waiting) = (_waiting, taken);
            return true;
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.PulseAll(_lock);
        }
    }
}
