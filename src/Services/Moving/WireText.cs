using System.Buffers;
using Aviso.Base;

namespace Aviso.Moving;

/// <summary>Lines as they are on the wire (RFC 5322 §2.1: CRLF). Programs of Unix keep messages with LF alone.</summary>
internal static class WireText
{
    /// <summary>Copies all of <paramref name="from"/> and puts a CR before each LF that has none.</summary>
    public static void CopyWithCrLf(Stream from, SpooledBody into)
    {
        var octets = ArrayPool<byte>.Shared.Rent(64 * 1024);
        var lines = ArrayPool<byte>.Shared.Rent(octets.Length * 2);
        try
        {
            var last = (byte)0;
            for (int read; (read = from.Read(octets)) > 0;)
            {
                var count = 0;
                for (var rest = octets.AsSpan(0, read); !rest.IsEmpty;)
                {
                    var end = rest.IndexOf((byte)'\n');
                    var piece = end < 0 ? rest : rest[..end];
                    piece.CopyTo(lines.AsSpan(count));
                    count += piece.Length;
                    if (piece.Length > 0) last = piece[^1];
                    if (end < 0) break;
                    if (last != (byte)'\r') lines[count++] = (byte)'\r';
                    lines[count++] = last = (byte)'\n';
                    rest = rest[(end + 1)..];
                }
                into.Write(lines.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(octets);
            ArrayPool<byte>.Shared.Return(lines);
        }
    }

    public static void Copy(Stream from, SpooledBody into)
    {
        var octets = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (int read; (read = from.Read(octets)) > 0;) into.Write(octets.AsSpan(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(octets);
        }
    }
}
