using System.Buffers;

namespace Aviso.Jmap;

/// <summary>A response: the answers of a request, or problem details. Dispose when it has been sent: its octets are lent.</summary>
public sealed class JmapReply : IDisposable
{
    public const string Json = "application/json", ProblemJson = "application/problem+json";

    private byte[]? _lent;

    internal JmapReply(int status, string contentType, ReadOnlyMemory<byte> body, byte[]? lent = null) =>
        (Status, ContentType, Body, _lent) = (status, contentType, body, lent);

    /// <summary>The status of HTTP.</summary>
    public int Status { get; }

    public string ContentType { get; }

    public ReadOnlyMemory<byte> Body { get; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _lent, null) is { } lent) ArrayPool<byte>.Shared.Return(lent);
    }
}
