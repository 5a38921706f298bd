using System.Buffers;

namespace Aviso.Web;

/// <summary>A request's body as a whole, in lent octets.</summary>
internal sealed class RequestBody : IDisposable
{
    private byte[] _lent = ArrayPool<byte>.Shared.Rent(16 << 10);
    private int _length;

    private RequestBody()
    {
    }

    public ReadOnlyMemory<byte> Octets => _lent.AsMemory(0, _length);

    /// <summary>Null when there are more than <paramref name="most"/>.</summary>
    public static async Task<RequestBody?> ReadAsync(Stream stream, int most, CancellationToken cancel)
    {
        var body = new RequestBody();
        try
        {
            while (await stream.ReadAsync(body._lent.AsMemory(body._length), cancel) is > 0 and var read)
            {
                body._length += read;
                if (body._length > most)
                {
                    body.Dispose();
                    return null;
                }
                body.Grow();
            }
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_lent.Length > 0) ArrayPool<byte>.Shared.Return(_lent);
        (_lent, _length) = ([], 0);
    }

    private void Grow()
    {
        if (_length < _lent.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(_lent.Length * 2);
        _lent.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(_lent);
        _lent = larger;
    }
}
