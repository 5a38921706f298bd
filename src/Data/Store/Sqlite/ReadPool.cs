using System.Collections.Concurrent;

namespace Aviso.Store.Sqlite;

/// <summary>Connections for reading. Each read is one transaction, so it sees one moment; nothing waits on a peer inside one.</summary>
internal sealed class ReadPool(string file, int size) : IDisposable
{
    private readonly ConcurrentBag<Connection> _idle = [];
#pragma warning disable CA2213 // who still reads when the pool closes leaves through it afterwards
    private readonly SemaphoreSlim _free = new(size, size);
#pragma warning restore CA2213
    private volatile bool _closed;

    public async ValueTask<T> ReadAsync<T>(Func<Connection, T> read, CancellationToken cancel)
    {
        await _free.WaitAsync(cancel);
        return ReadHeld(read);
    }

    /// <summary>For callers that cannot wait otherwise.</summary>
    public T Read<T>(Func<Connection, T> read)
    {
        _free.Wait();
        return ReadHeld(read);
    }

    public void Dispose()
    {
        _closed = true;
        while (_idle.TryTake(out var connection)) connection.Dispose();
    }

    private T ReadHeld<T>(Func<Connection, T> read)
    {
        Connection? connection = null;
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
#pragma warning disable CA2000 // it goes back to the pool, which closes it
            if (!_idle.TryTake(out connection)) connection = new(file, writes: false, cacheKibibytes: 1024);
#pragma warning restore CA2000
            connection.Use(Statements.BeginRead).Run();
            return read(connection);
        }
        finally
        {
            if (connection is not null) GiveBack(connection);
            _free.Release();
        }
    }

    private void GiveBack(Connection connection)
    {
        try
        {
            if (connection.InTransaction) connection.Use(Statements.Rollback).Run();
        }
        catch (SqliteException)
        {
            connection.Dispose();
            return;
        }
        if (_closed) connection.Dispose();
        else _idle.Add(connection);
    }
}
