using System.Buffers.Binary;
using Aviso.Store.Blobs;

namespace Aviso.Trace;

/// <summary>
/// One file of traces: a mark, entries in the order they were told, and, once nothing is added any more, a foot: the tokens that may be
/// found in it, when its first and last entry were, where the entries end (8 octets each), octets of the tokens (4), CRC-32C of the foot
/// (4) and the mark again.
/// </summary>
internal sealed record TraceSegment(int Number, string File)
{
    public const int FootOctets = 8 + 8 + 8 + 4 + 4 + 8;

    public static ReadOnlySpan<byte> Mark => "AVTRACE1"u8;

    /// <summary>Unix milliseconds; the last one may be before the first when the clock went back.</summary>
    public long First { get; set; } = long.MaxValue;

    public long Last { get; set; } = long.MinValue;

    /// <summary>Where its entries end.</summary>
    public long End { get; set; } = Mark.Length;

    /// <summary>Octets of the file.</summary>
    public long Octets { get; set; } = Mark.Length;

    /// <summary>Kept in memory while it grows; null: it stands in the foot.</summary>
    public TokenSet? Tokens { get; set; }

    /// <summary>The tokens, from memory or from the file. Throws IOException when the file is gone or damaged.</summary>
    public TokenSet ReadTokens()
    {
        if (Tokens is { } held) return held;
        using var file = Open();
        var octets = new byte[Octets - FootOctets - End];
        if (RandomAccess.Read(file, octets, End) != octets.Length) throw new IOException("it is shorter than it says");
        return TokenSet.Read(octets) ?? throw new IOException("its tokens cannot be read");
    }

    /// <summary>All entries, one after the other. Throws IOException when the file is gone.</summary>
    public byte[] ReadEntries()
    {
        using var file = Open();
        var octets = new byte[End - Mark.Length];
        var read = 0;
        while (read < octets.Length && RandomAccess.Read(file, octets.AsSpan(read), Mark.Length + read) is var more and > 0) read += more;
        return read == octets.Length ? octets : octets[..read];
    }

    public byte[] Foot(TokenSet tokens)
    {
        var foot = new byte[tokens.Octets.Length + FootOctets];
        tokens.Octets.CopyTo(foot);
        var at = foot.AsSpan(tokens.Octets.Length);
        BinaryPrimitives.WriteInt64LittleEndian(at, First);
        BinaryPrimitives.WriteInt64LittleEndian(at[8..], Last);
        BinaryPrimitives.WriteInt64LittleEndian(at[16..], End);
        BinaryPrimitives.WriteInt32LittleEndian(at[24..], tokens.Octets.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(at[28..], Crc32C.Of(foot.AsSpan(0, foot.Length - 12)));
        Mark.CopyTo(at[32..]);
        return foot;
    }

    /// <summary>Reads what a foot says; false when there is none that holds.</summary>
    public bool TryReadFoot()
    {
        using var file = Open();
        var length = RandomAccess.GetLength(file);
        if (length < Mark.Length + FootOctets) return false;
        Span<byte> last = stackalloc byte[FootOctets];
        RandomAccess.Read(file, last, length - FootOctets);
        var tokens = BinaryPrimitives.ReadInt32LittleEndian(last[24..]);
        var end = BinaryPrimitives.ReadInt64LittleEndian(last[16..]);
        if (!last[32..].SequenceEqual(Mark) || tokens < 0 || end < Mark.Length || end + tokens + FootOctets != length) return false;
        var foot = new byte[tokens + FootOctets];
        RandomAccess.Read(file, foot, end);
        if (BinaryPrimitives.ReadUInt32LittleEndian(last[28..]) != Crc32C.Of(foot.AsSpan(0, foot.Length - 12))) return false;
        (First, Last) = (BinaryPrimitives.ReadInt64LittleEndian(last), BinaryPrimitives.ReadInt64LittleEndian(last[8..]));
        (End, Octets) = (end, length);
        return true;
    }

    private Microsoft.Win32.SafeHandles.SafeFileHandle Open() =>
        System.IO.File.OpenHandle(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
