using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Base;

/// <summary>The budget of octets in flight, or the sender's share of it, is used up: answer 452 4.3.1, the sender tries again.</summary>
public sealed class SpoolFullException() : IOException("too many message octets in flight");

/// <summary>
/// One message body: written once, front to back, then read any number of times. Not thread-safe while written.
/// </summary>
public sealed class SpooledBody : IDisposable
{
    private readonly BodySpool _spool;
    private byte[] _memory = ArrayPool<byte>.Shared.Rent(8 * 1024);
    private SafeFileHandle? _file;
    private Action? _evict;
    private long _reserved;
    private bool _isReturned;

    internal SpooledBody(BodySpool spool, SpoolOwner owner, Action? evict) => (_spool, Owner, _evict) = (spool, owner, evict);

    internal SpoolOwner Owner { get; }

    /// <summary>It counts for nobody's share.</summary>
    internal bool IsOurs => Owner == default;

    internal ref SpoolPace Pace => ref _pace;

    private SpoolPace _pace;

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

    /// <summary>All octets are here: nobody is waited for any more, and it is not given up for others.</summary>
    public void Settle()
    {
        _evict = null;
        _spool.Settle(this);
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
        if (_isReturned) return;
        _isReturned = true;
        _spool.Return(this, _reserved);
    }

    // On the thread of whoever needs the room: what the sender's session does about it is its own matter.
    internal void Evict()
    {
        if (_evict is { } evict) ThreadPool.UnsafeQueueUserWorkItem(static e => e(), evict, preferLocal: false);
    }

    private void Reserve(int octets)
    {
        if (!_spool.TryReserve(this, octets)) throw new SpoolFullException();
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
