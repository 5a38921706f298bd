using System.Buffers;

namespace Aviso.Jmap;

/// <summary>The octets of a response as it grows; what a failed call wrote is cut off again.</summary>
/// <param name="most">Octets up to which answers of methods are written.</param>
internal sealed class ResponseBuffer(int most) : IBufferWriter<byte>, IDisposable
{
    private byte[] _octets = ArrayPool<byte>.Shared.Rent(4096);

    /// <summary>A method writes. What stands around its answer, and errors, always find room.</summary>
    public bool IsBounded { get; set; }

    public int Length { get; private set; }

    public ReadOnlySpan<byte> this[Range range] => _octets.AsSpan(0, Length)[range];

    public void Cut(int length) => Length = Math.Min(length, Length);

    public void Add(ReadOnlySpan<byte> octets)
    {
        octets.CopyTo(GetSpan(octets.Length));
        Advance(octets.Length);
    }

    public void Advance(int count)
    {
        Length += count;
        if (IsBounded && Length > most) throw TooLarge();
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 256));
        return _octets.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>The octets go to the reply, which gives them back.</summary>
    public JmapReply Reply(int status, string contentType)
    {
        var octets = _octets;
        _octets = [];
        return new(status, contentType, octets.AsMemory(0, Length), octets);
    }

    public void Dispose()
    {
        if (_octets.Length > 0) ArrayPool<byte>.Shared.Return(_octets);
        _octets = [];
    }

    private void Grow(int more)
    {
        if (_octets.Length - Length >= more) return;
        if (IsBounded && (long)Length + more > (long)most * 2) throw TooLarge();
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_octets.Length * 2, Length + more));
        _octets.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_octets);
        _octets = larger;
    }

    private MethodFailure TooLarge() =>
        MethodFailure.RequestTooLarge($"the answers would be longer than {most} octets: ask for less at once");
}
