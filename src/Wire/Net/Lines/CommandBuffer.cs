using System.Buffers;

namespace Aviso.Net;

/// <summary>
/// One command as it comes, its lines and literals joined. The memory is the pool's, is cleared (it may have held a password) and given
/// back with each command: an idle session holds none.
/// </summary>
public sealed class CommandBuffer(WireConnection connection) : IDisposable
{
    private const int Smallest = 512;

    private byte[] _octets = [];

    public int Length { get; private set; }

    /// <summary>Valid until the next <see cref="Add"/>, <see cref="Cut"/> or <see cref="Forget"/>.</summary>
    public ReadOnlyMemory<byte> Octets => _octets.AsMemory(0, Length);

    public void Add(ReadOnlySpan<byte> octets)
    {
        if (_octets.Length < Length + octets.Length)
        {
            // Doubling, so that a literal that comes in crumbs is not copied again and again.
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + octets.Length, Math.Max(_octets.Length * 2, Smallest)));
            _octets.AsSpan(0, Length).CopyTo(larger);
            Return();
            _octets = larger;
        }
        octets.CopyTo(_octets.AsSpan(Length));
        Length += octets.Length;
    }

    /// <summary>Keeps the first <paramref name="length"/> octets of a command that is refused anyway.</summary>
    public void Cut(int length)
    {
        if (length >= Length) return;
        _octets.AsSpan(length, Length - length).Clear();
        Length = length;
    }

    /// <summary>Adds the next <paramref name="size"/> octets of the peer.</summary>
    /// <param name="patience">Asked before each wait.</param>
    /// <returns>Complete, or how the connection ended.</returns>
    public async ValueTask<ReadStatus> CollectAsync(int size, Func<TimeSpan> patience)
    {
        for (var left = size; left > 0;)
        {
            var peek = await connection.PeekAsync(patience());
            if (peek.Status != ReadStatus.Complete) return peek.Status;
            var piece = peek.Octets.Slice(0, Math.Min(left, peek.Octets.Length));
            foreach (var segment in piece) Add(segment.Span);
            left -= (int)piece.Length;
            connection.Consume(piece.Length);
        }
        return ReadStatus.Complete;
    }

    /// <summary>Throws away the next <paramref name="size"/> octets of the peer.</summary>
    public async ValueTask<ReadStatus> SkipAsync(long size, Func<TimeSpan> patience)
    {
        while (size > 0)
        {
            var peek = await connection.PeekAsync(patience());
            if (peek.Status != ReadStatus.Complete) return peek.Status;
            var count = Math.Min(size, peek.Octets.Length);
            connection.Consume(count);
            size -= count;
        }
        return ReadStatus.Complete;
    }

    /// <summary>Gives back what the last command needed.</summary>
    public void Forget()
    {
        Return();
        _octets = [];
        Length = 0;
    }

    public void Dispose() => Forget();

    private void Return()
    {
        if (_octets.Length == 0) return;
        _octets.AsSpan(0, Length).Clear();
        ArrayPool<byte>.Shared.Return(_octets);
    }
}
