using System.Buffers;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>Streams a section from the store to the pipe in pieces; nothing of a body is held.</summary>
internal static class SectionWriter
{
    private const int PieceSize = 32 * 1024;

    public static async ValueTask WriteAsync(ResponseWriter writer, FetchSection section, FoundSection found, StoredBody body)
    {
        writer.Bytes(section.Label).Byte(' ');
        if (section.Kind == SectionKind.BinarySize)
        {
            writer.Number(found.Exists ? Measure(found, body).Length : 0);
            return;
        }
        if (!found.Exists)
        {
            writer.Bytes("NIL"u8);
            return;
        }
        if (found.Made is { } made)
        {
            var start = (int)Math.Min(section.Offset, made.Length);
            var part = made.AsSpan(start, (int)Math.Min(section.Length, made.Length - start));
            WithoutNul(part);
            writer.Byte('{').Number(part.Length).Bytes("}\r\n"u8).Bytes(part);
            return;
        }
        if (section.Kind == SectionKind.Binary && found.Encoding is "base64" or "quoted-printable")
        {
            await WriteDecodedAsync(writer, section, found, body);
            return;
        }
        var offset = Math.Min(section.Offset, found.Length);
        var length = Math.Min(section.Length, found.Length - offset);
        var binary = section.Kind == SectionKind.Binary;
        Announce(writer, length, binary && HasNul(body, found.Offset + offset, length));
        await CopyAsync(writer, body, found.Offset + offset, length, binary);
    }

    private static void Announce(ResponseWriter writer, long length, bool binary)
    {
        // RFC 3516 §4.3: literal8 where NUL may be in it.
        if (binary) writer.Byte('~');
        writer.Byte('{').Number(length).Bytes("}\r\n"u8);
        writer.InLiteral = length > 0;
    }

    // RFC 9051 §9: CHAR8 is any octet but NUL, so a literal has none; only BINARY's literal8 may. Sizes stay, and the store keeps the
    // octet.
    private static void WithoutNul(Span<byte> octets)
    {
        if (octets.Contains((byte)0)) octets.Replace((byte)0, (byte)0x80);
    }

    private static async ValueTask CopyAsync(ResponseWriter writer, StoredBody body, long offset, long length, bool binary)
    {
        while (length > 0)
        {
            var piece = writer.Piece((int)Math.Min(length, 4096));
            var count = body.Read(offset, piece.Span[..(int)Math.Min(piece.Length, length)]);
            if (count == 0) throw new EndOfStreamException("a stored message is shorter than its size says");
            if (!binary) WithoutNul(piece.Span[..count]);
            writer.Filled(count);
            offset += count;
            length -= count;
            await writer.BreatheAsync();
            if (writer.Broken) return;
        }
        writer.InLiteral = false;
    }

    private static bool HasNul(StoredBody body, long offset, long length)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            for (var left = length; left > 0;)
            {
                var count = body.Read(offset, piece.AsSpan(0, (int)Math.Min(piece.Length, left)));
                if (count == 0) return false;
                if (piece.AsSpan(0, count).Contains((byte)0)) return true;
                offset += count;
                left -= count;
            }
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static (long Length, bool HasNul) Measure(FoundSection found, StoredBody body)
    {
        if (found.Encoding is not ("base64" or "quoted-printable")) return (found.Length, false);
        long length = 0;
        var nul = false;
        foreach (var piece in Decoded(found, body))
        {
            length += piece.Length;
            nul |= piece.Span.Contains((byte)0);
        }
        return (length, nul);
    }

    private static async ValueTask WriteDecodedAsync(ResponseWriter writer, FetchSection section, FoundSection found, StoredBody body)
    {
        var (total, nul) = Measure(found, body);
        var skip = Math.Min(section.Offset, total);
        var left = Math.Min(section.Length, total - skip);
        Announce(writer, left, nul);
        foreach (var piece in Decoded(found, body))
        {
            var drop = (int)Math.Min(skip, piece.Length);
            skip -= drop;
            var take = (int)Math.Min(left, piece.Length - drop);
            writer.Bytes(piece.Span.Slice(drop, take));
            left -= take;
            await writer.BreatheAsync();
            if (left == 0 || writer.Broken) break;
        }
        if (left == 0) writer.InLiteral = false;
    }

    /// <summary>The decoded octets of a part in pieces, each valid until the next.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Decoded(FoundSection found, StoredBody body)
    {
        var decoder = TransferDecoder.For(found.Encoding);
        var into = new ArrayBufferWriter<byte>(PieceSize);
        var piece = new byte[PieceSize];
        var (offset, left) = (found.Offset, found.Length);
        while (left > 0)
        {
            var count = body.Read(offset, piece.AsSpan(0, (int)Math.Min(piece.Length, left)));
            if (count == 0) break;
            into.ResetWrittenCount();
            decoder.Decode(piece.AsSpan(0, count), into);
            offset += count;
            left -= count;
            if (into.WrittenCount > 0) yield return into.WrittenMemory;
        }
        into.ResetWrittenCount();
        decoder.Finish(into);
        if (into.WrittenCount > 0) yield return into.WrittenMemory;
    }
}
