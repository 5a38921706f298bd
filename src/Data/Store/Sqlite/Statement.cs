using System.Buffers;
using System.Text;

namespace Aviso.Store.Sqlite;

/// <summary>
/// One prepared statement, kept for the life of its connection. `using` resets it, which also ends its read
/// transaction; spans from a row are valid until the next step.
/// </summary>
internal sealed unsafe class Statement(Connection connection, nint handle) : IDisposable
{
    private readonly nint _handle = handle;
    private int _next = 1;

    /// <summary>Binds the next parameter, in the order they stand in the text.</summary>
    public Statement Add(long value)
    {
        Native.sqlite3_bind_int64(_handle, _next++, value);
        return this;
    }

    public Statement Add(long? value)
    {
        if (value is { } number) return Add(number);
        Native.sqlite3_bind_null(_handle, _next++);
        return this;
    }

    public Statement Add(bool value) => Add(value ? 1L : 0L);

    public Statement Add(ReadOnlySpan<byte> blob)
    {
        byte empty = 0;
        fixed (byte* at = blob)
            Check(Native.sqlite3_bind_blob(_handle, _next++, at is null ? &empty : at, blob.Length, Native.Transient));
        return this;
    }

    public Statement Add(string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        byte[]? rented = null;
        var bytes = most <= 256 ? stackalloc byte[256] : rented = ArrayPool<byte>.Shared.Rent(most);
        var length = Encoding.UTF8.GetBytes(text, bytes);
        fixed (byte* at = bytes)
            Check(Native.sqlite3_bind_text(_handle, _next++, at, length, Native.Transient));
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return this;
    }

    /// <summary>True when there is a row to read.</summary>
    public bool Step()
    {
        var result = Native.sqlite3_step(_handle);
        if (result == Native.Row) return true;
        if (result != Native.Done) connection.Throw(result);
        return false;
    }

    /// <summary>Runs a statement without rows and makes it ready for the next use.</summary>
    public void Run()
    {
        var result = Native.sqlite3_step(_handle);
        Dispose();
        if (result is not (Native.Done or Native.Row)) connection.Throw(result);
    }

    /// <summary>As <see cref="Run"/>; returns the rows changed.</summary>
    public int RunCounting()
    {
        Run();
        return connection.Changes;
    }

    /// <summary>The first column of the first row, or null when there is none.</summary>
    public long? Number()
    {
        using (this) return Step() && !IsNull(0) ? Int(0) : null;
    }

    public long Int(int column) => Native.sqlite3_column_int64(_handle, column);

    public long? IntOrNull(int column) => IsNull(column) ? null : Int(column);

    public bool Bool(int column) => Int(column) != 0;

    public bool IsNull(int column) => Native.sqlite3_column_type(_handle, column) == Native.TypeNull;

    public ReadOnlySpan<byte> Blob(int column)
    {
        var at = Native.sqlite3_column_blob(_handle, column);
        return new(at, at is null ? 0 : Native.sqlite3_column_bytes(_handle, column));
    }

    public byte[] Bytes(int column) => Blob(column).ToArray();

    /// <summary>Text as the database holds it.</summary>
    public ReadOnlySpan<byte> Utf8(int column)
    {
        var at = Native.sqlite3_column_text(_handle, column);
        return new(at, at is null ? 0 : Native.sqlite3_column_bytes(_handle, column));
    }

    public string Text(int column)
    {
        var at = Native.sqlite3_column_text(_handle, column);
        return at is null ? "" : Encoding.UTF8.GetString(at, Native.sqlite3_column_bytes(_handle, column));
    }

    /// <summary>Resets; bound values stay until they are bound again.</summary>
    public void Dispose()
    {
        Native.sqlite3_reset(_handle);
        _next = 1;
    }

    internal void Close() => Native.sqlite3_finalize(_handle);

    private void Check(int result)
    {
        if (result != Native.Ok) connection.Throw(result);
    }
}
