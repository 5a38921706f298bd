using System.Buffers;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Smtp;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// A queued message in the form a next hop can take. A hop without 8BITMIME gets unsigned mail re-encoded (RFC 6152 §3); signed mail
/// goes as it is (docs/decisions, "Eight bits to a seven-bit hop").
/// </summary>
internal sealed class OutgoingBody : IDisposable
{
    private readonly StoredBody _stored;
    private readonly SpooledBody? _encoded;

    private OutgoingBody(StoredBody stored, SpooledBody? encoded, BodyType type)
    {
        _stored = stored;
        _encoded = encoded;
        Type = type;
    }

    public BodyType Type { get; }

    public long Length => _encoded?.Length ?? _stored.Length;

    public int Read(long offset, Span<byte> into) => _encoded is { } e ? e.Read(offset, into) : _stored.Read(offset, into);

    /// <summary>Owns <paramref name="stored"/>.</summary>
    public static OutgoingBody For(StoredBody stored, QueueNeeds needs, PeerFeatures peer, BodySpool spool)
    {
        var binary = needs.HasFlag(QueueNeeds.BinaryMime);
        if (binary && peer is { BinaryMime: true, Chunking: true }) return new(stored, null, BodyType.BinaryMime);
        if (!binary && !needs.HasFlag(QueueNeeds.EightBit)) return new(stored, null, BodyType.SevenBit);
        if (!binary && peer.EightBitMime) return new(stored, null, BodyType.EightBitMime);
        var root = Scan(stored);
        // Signed and binary cannot pass at all: the client says 5.6.1 (BINARYMIME).
        if (IsSigned(stored, root)) return new(stored, null, binary ? BodyType.BinaryMime : BodyType.EightBitMime);
        var into = spool.Begin();
        try
        {
            EightBitDowngrade.Write(root, (offset, length) => Slice(stored, offset, length), new SpoolWriter(into));
            return new(stored, into, BodyType.SevenBit);
        }
        catch
        {
            into.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _stored.Dispose();
        _encoded?.Dispose();
    }

    private static MimePart Scan(StoredBody stored)
    {
        var scanner = new MimeScanner();
        var piece = new byte[32 * 1024];
        for (long at = 0; stored.Read(at, piece) is var read and > 0; at += read) scanner.Append(piece.AsSpan(0, read));
        return scanner.Finish();
    }

    private static bool IsSigned(StoredBody stored, MimePart root)
    {
        var header = Slice(stored, 0, (int)Math.Min(root.HeaderLength, 1024 * 1024)).Span;
        foreach (var field in new HeaderFields(header))
            if (field.Is("DKIM-Signature"u8) || field.Is("ARC-Message-Signature"u8)) return true;
        return false;
    }

    private static ReadOnlyMemory<byte> Slice(StoredBody stored, long offset, int length)
    {
        var octets = new byte[length];
        var at = 0;
        while (at < length && stored.Read(offset + at, octets.AsSpan(at)) is var read and > 0) at += read;
        return octets.AsMemory(0, at);
    }

    private sealed class SpoolWriter(SpooledBody into) : IBufferWriter<byte>
    {
        private byte[] _piece = new byte[8 * 1024];

        public void Advance(int count) => into.Write(_piece.AsSpan(0, count));

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (sizeHint > _piece.Length) _piece = new byte[sizeHint];
            return _piece;
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
