using System.IO.Compression;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using SharpCompress.Compressors.BZip2;
using PackedMode = SharpCompress.Compressors.CompressionMode;

namespace Aviso.Spam;

/// <summary>One file packed by gzip (RFC 1952), bzip2 or xz: it is called as the archive is, without the last ending, or as gzip
/// says.</summary>
internal static class SingleFile
{
    private const int MostName = 250;

    public static ArchiveList Read(FileKind kind, ReadOnlyMemory<byte> octets, string name, WorkBudget work)
    {
        var list = new ArchiveList();
        var inner = Inner(name);
        // Windows goes by the name the file gets; gzip may hold another than the archive's.
        if (kind == FileKind.Gzip && GzipName(octets.Span) is { Length: > 0 } own && own != inner) list.Add(new(own, IsEncrypted: false));
        list.Add(new(inner, IsEncrypted: false, Opener(kind, octets, work)));
        return list;
    }

    private static Func<int, Unpacked>? Opener(FileKind kind, ReadOnlyMemory<byte> octets, WorkBudget work)
    {
        if (kind == FileKind.Gzip)
            return most => Unpacker.Inflate(new GZipStream(ZipDirectory.Stream(octets), CompressionMode.Decompress), work, most);
        return kind == FileKind.Bzip2 ? most => Bzip2(octets, most, work) : null;
    }

    private static Unpacked Bzip2(ReadOnlyMemory<byte> octets, int most, WorkBudget work)
    {
        // Its window has 900,000 octets at most, and tables of four times that.
        work.Take(900_000);
        try
        {
            return Unpacker.Inflate(BZip2Stream.Create(ZipDirectory.Stream(octets), PackedMode.Decompress, decompressConcatenated: false),
                work, most);
        }
        catch (Exception e) when (e is SharpCompress.Common.SharpCompressException
            or ArgumentException or IndexOutOfRangeException or InvalidOperationException)
        {
            return new(default, IsCut: false, IsBroken: true);
        }
    }

    private static string Inner(string name)
    {
        var extension = AttachedFile.ExtensionOf(name);
        if (extension is "tgz" or "tbz" or "tbz2" or "txz") return string.Concat(name.AsSpan(0, name.Length - extension.Length), "tar");
        return extension is "gz" or "gzip" or "bz2" or "bz" or "xz" or "z" ? name[..^(extension.Length + 1)] : name;
    }

    // RFC 1952 §2.3: flag 4 is an extra field, flag 8 the name.
    private static string GzipName(ReadOnlySpan<byte> gzip)
    {
        if (gzip.Length < 12 || (gzip[3] & 8) == 0) return "";
        var rest = gzip[10..];
        if ((gzip[3] & 4) != 0)
        {
            var extra = 2 + rest[0] + (rest[1] << 8);
            if (rest.Length < extra) return "";
            rest = rest[extra..];
        }
        var end = rest[..Math.Min(rest.Length, MostName)].IndexOf((byte)0);
        return end <= 0 ? "" : Encoding.Latin1.GetString(rest[..end]);
    }
}
