using System.Buffers;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Reads octets of a message at an offset; 0 at its end.</summary>
internal delegate int ReadOctets(long offset, Span<byte> into);

/// <summary>
/// A message open for reading with its part tree. Offsets of the tree count from where the message began when it came; what we put before
/// it (Return-Path and trace fields) is the beginning of its header.
/// </summary>
internal sealed class MessageOctets(int prefixLength, MimePart root, ReadOctets read)
{
    /// <summary>Of one header, as much as IMAP's HEADER.FIELDS looks at.</summary>
    private const int MostHeader = 1024 * 1024;

    private const int PieceSize = 32 * 1024;

    private byte[]? _header;

    public MessageOctets(StoredBody body, MimePart root) : this(body.PrefixLength, root, body.Read)
    {
    }

    /// <summary>A message that has no part tree yet.</summary>
    public static MessageOctets Of(SpooledBody message)
    {
        var scanner = new MimeScanner();
        message.ForEachPiece(piece => scanner.Append(piece.Span));
        return new(0, scanner.Finish(), message.Read);
    }

    /// <summary>A message whose octets cannot be read any more: nothing is in it.</summary>
    public static MessageOctets Unreadable(MimePart root) => new(0, root, static (_, _) => 0);

    /// <summary>Octets of the message without what was put before it, as <see cref="MessageText"/> asks for them.</summary>
    public ReadOnlyMemory<byte> Read(long offset, int length) => Octets(prefixLength + offset, length);

    public MimePart Root => root;

    /// <summary>The whole header, the fields put before it first.</summary>
    public byte[] Header => _header ??= Octets(root.HeaderOffset, prefixLength + root.HeaderLength);

    /// <summary>The header of a part; of the root the whole header.</summary>
    public byte[] HeaderOf(MimePart part) => part == root ? Header : Octets(prefixLength + part.HeaderOffset, part.HeaderLength);

    /// <summary>Octets of a part once its transfer encoding is undone (RFC 8621 §4.1.4: size).</summary>
    public long SizeOf(MimePart part)
    {
        if (part.Encoding is not ("base64" or "quoted-printable")) return part.BodyLength;
        var length = new DecodedLength(part.Encoding);
        Pieces(part, part.BodyLength, piece => length.Append(piece));
        return length.Finish();
    }

    /// <summary>The octets of a part, its transfer encoding undone, from at most <paramref name="most"/> octets of the message.</summary>
    public ReadOnlyMemory<byte> Decode(MimePart part, long most)
    {
        var length = Math.Min(part.BodyLength, most);
        var into = new ArrayBufferWriter<byte>((int)Math.Clamp(length, 16, int.MaxValue / 4));
        var decoder = TransferDecoder.For(part.Encoding);
        Pieces(part, length, piece => decoder.Decode(piece, into));
        decoder.Finish(into);
        return into.WrittenMemory;
    }

    private void Pieces(MimePart part, long length, Action<ReadOnlySpan<byte>> each)
    {
        var piece = ArrayPool<byte>.Shared.Rent((int)Math.Min(PieceSize, Math.Max(length, 1)));
        try
        {
            var at = prefixLength + part.BodyOffset;
            for (var left = length; left > 0;)
            {
                var count = read(at, piece.AsSpan(0, (int)Math.Min(piece.Length, left)));
                if (count == 0) break;
                each(piece.AsSpan(0, count));
                at += count;
                left -= count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private byte[] Octets(long offset, long length)
    {
        var octets = new byte[Math.Min(length, MostHeader)];
        var total = 0;
        while (total < octets.Length && read(offset + total, octets.AsSpan(total)) is var count and > 0) total += count;
        return total == octets.Length ? octets : octets[..total];
    }
}
