using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Base;

/// <summary>
/// Where message bodies wait between the wire and the store. Up to <see cref="MemoryLimit"/> octets stay in pooled
/// memory; beyond that the body goes on in a spool file that has no name once it is open, so a crash leaves nothing.
/// All bodies together may hold at most <c>budget</c> octets: a body that would pass it gets 452 4.3.1.
/// </summary>
public sealed class BodySpool(string folder, long budget)
{
    /// <summary>256 KiB: a body up to this size never touches the spool folder.</summary>
    public const int MemoryLimit = 256 * 1024;

    private long _inFlight;

    /// <summary>Octets held by bodies not yet disposed, 0 or more.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>A new, empty body. Dispose it when it is stored or given up.</summary>
    public SpooledBody Begin() => new(this);

    /// <summary>A body that <paramref name="write"/> fills; nothing of it is held when that throws. Dispose it as any other.</summary>
    public SpooledBody Make(Action<SpooledBody> write)
    {
        var body = Begin();
        try
        {
            write(body);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    internal bool TryReserve(long octets)
    {
        if (Interlocked.Add(ref _inFlight, octets) <= budget) return true;
        Interlocked.Add(ref _inFlight, -octets);
        return false;
    }

    internal void Return(long octets) => Interlocked.Add(ref _inFlight, -octets);

    internal SafeFileHandle OpenFile()
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, Path.GetRandomFileName());
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        return file;
    }
}

/// <summary>The process-wide budget of bytes in flight is used up: answer 452 4.3.1, the sender tries again.</summary>
public sealed class SpoolFullException() : IOException("too many message octets in flight");

/// <summary>
/// One message body: written once, front to back, then read any number of times. Not thread-safe while written.
/// </summary>
public sealed class SpooledBody : IDisposable
{
    private readonly BodySpool _spool;
    private byte[] _memory = ArrayPool<byte>.Shared.Rent(8 * 1024);
    private SafeFileHandle? _file;
    private long _reserved;

    internal SpooledBody(BodySpool spool) => _spool = spool;

    /// <summary>Octets written so far.</summary>
    public long Length { get; private set; }

    /// <summary>True when the whole body is in <see cref="Memory"/>; false when it is in a spool file.</summary>
    public bool InMemory => _file is null;

    /// <summary>The whole body; only while <see cref="InMemory"/>.</summary>
    public ReadOnlyMemory<byte> Memory => _file is null
        ? _memory.AsMemory(0, (int)Length)
        : throw new InvalidOperationException("this body is in a spool file; read it in pieces");

    /// <summary>Adds octets at the end. Throws <see cref="SpoolFullException"/> when the budget is used up.</summary>
    public void Write(ReadOnlySpan<byte> octets)
    {
        Reserve(octets.Length);
        if (_file is null && Length + octets.Length > BodySpool.MemoryLimit) MoveToFile();
        if (_file is not null) RandomAccess.Write(_file, octets, Length);
        else
        {
            if (Length + octets.Length > _memory.Length) Grow((int)Length + octets.Length);
            octets.CopyTo(_memory.AsSpan((int)Length));
        }
        Length += octets.Length;
    }

    /// <summary>Adds all of <paramref name="octets"/> at the end.</summary>
    public void Write(in ReadOnlySequence<byte> octets)
    {
        foreach (var piece in octets) Write(piece.Span);
    }

    /// <summary>Adds all of another body, from <paramref name="from"/> on.</summary>
    public void Write(SpooledBody other, long from = 0)
    {
        long seen = 0;
        other.ForEachPiece(piece =>
        {
            Write(piece.Span[(int)Math.Clamp(from - seen, 0, piece.Length)..]);
            seen += piece.Length;
        });
    }

    /// <summary>Fills <paramref name="into"/> from <paramref name="offset"/>; returns the octets read, 0 at the end.</summary>
    public int Read(long offset, Span<byte> into)
    {
        if (offset >= Length) return 0;
        var count = (int)Math.Min(into.Length, Length - offset);
        if (_file is not null) return RandomAccess.Read(_file, into[..count], offset);
        _memory.AsSpan((int)offset, count).CopyTo(into);
        return count;
    }

    /// <summary>Calls <paramref name="each"/> with the whole body in order, in pieces of at most 64 KiB.</summary>
    public void ForEachPiece(Action<ReadOnlyMemory<byte>> each)
    {
        if (_file is null)
        {
            each(Memory);
            return;
        }
        var piece = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (long at = 0; at < Length;)
            {
                var read = Read(at, piece);
                if (read == 0) throw new EndOfStreamException("the spool file is shorter than what was written to it");
                each(piece.AsMemory(0, read));
                at += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    public void Dispose()
    {
        if (_memory.Length > 0) ArrayPool<byte>.Shared.Return(_memory);
        _memory = [];
        _file?.Dispose();
        _spool.Return(_reserved);
        _reserved = 0;
    }

    private void Reserve(int octets)
    {
        if (!_spool.TryReserve(octets)) throw new SpoolFullException();
        _reserved += octets;
    }

    private void MoveToFile()
    {
        _file = _spool.OpenFile();
        RandomAccess.Write(_file, _memory.AsSpan(0, (int)Length), 0);
        ArrayPool<byte>.Shared.Return(_memory);
        _memory = [];
    }

    private void Grow(int atLeast)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(atLeast, Math.Min(_memory.Length * 2, BodySpool.MemoryLimit)));
        _memory.AsSpan(0, (int)Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_memory);
        _memory = larger;
    }
}
