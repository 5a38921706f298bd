using System.IO.Compression;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>
/// Opens what reports come in: gzip, zip or plain, known by their first octets whatever they are called. Reports are text that packs
/// well, but no bomb: what grows more than <see cref="MostRatio"/> times is none.
/// </summary>
public static class ReportArchive
{
    /// <summary>Octets of a report after opening.</summary>
    public const int MostOctets = 4 << 20;

    /// <summary>Octets after opening for one before, beyond the first 256 KiB.</summary>
    public const int MostRatio = 100;

    private const int Allowed = 256 * 1024;

    /// <summary>What may be the report inside, in order; each is opened when it is asked for.</summary>
    /// <param name="tooLarge">Called with why something was not opened whole.</param>
    /// <exception cref="WorkSpentException">It would cost more than a report may.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> Open(ReadOnlyMemory<byte> octets, WorkBudget work, Action<string> tooLarge) =>
        Open(octets, work, tooLarge, twice: true);

    /// <summary>By its first octets.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> octets) => octets.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])
        || octets.StartsWith("PK\x03\x04"u8);

    private static IEnumerable<ReadOnlyMemory<byte>> Open(ReadOnlyMemory<byte> octets, WorkBudget work, Action<string> tooLarge, bool twice)
    {
        work.Step();
        if (!IsPacked(octets.Span))
        {
            if (octets.Length <= MostOctets) yield return octets;
            else tooLarge($"more than {MostOctets >> 20} MB");
            yield break;
        }
        foreach (var inner in octets.Span[0] == 0x1F ? Gzip(octets, work, tooLarge) : Zip(octets, work, tooLarge))
        {
            // Some reporters pack twice.
            if (!twice || !IsPacked(inner.Span)) yield return inner;
            else foreach (var one in Open(inner, work, tooLarge, twice: false)) yield return one;
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Gzip(ReadOnlyMemory<byte> octets, WorkBudget work, Action<string> tooLarge)
    {
        if (Take(new GZipStream(ZipDirectory.Stream(octets), CompressionMode.Decompress), octets.Length, work, tooLarge) is { } plain)
            yield return plain;
    }

    // The report need not be the first file: macOS puts its own beside it.
    private static IEnumerable<ReadOnlyMemory<byte>> Zip(ReadOnlyMemory<byte> octets, WorkBudget work, Action<string> tooLarge)
    {
        var zip = ZipDirectory.Read(octets.Span, work);
        if (zip.Entries.Count == 0) tooLarge("a broken or empty archive");
        foreach (var entry in zip.Entries)
        {
            if (entry.Size == 0 && entry.Packed == 0 || entry.Name.EndsWith('/')
                || entry.Name.StartsWith("__MACOSX/", StringComparison.Ordinal)) continue;
            if (entry.IsEncrypted)
            {
                tooLarge("it wants a password");
                continue;
            }
            using var packed = ZipDirectory.Open(octets, entry);
            if (packed is null) tooLarge("it is packed in a way that is not read");
            else if (Take(packed, entry.Packed, work, tooLarge) is { } plain) yield return plain;
        }
    }

    private static ReadOnlyMemory<byte>? Take(Stream packed, long length, WorkBudget work, Action<string> tooLarge)
    {
        var most = (int)Math.Min(MostOctets, Allowed + (length * MostRatio));
        var unpacked = Unpacker.Inflate(packed, work, most);
        if (!unpacked.IsCut && !unpacked.IsBroken) return unpacked.Octets;
        tooLarge(unpacked.IsBroken ? "a broken archive" : most == MostOctets ? $"more than {MostOctets >> 20} MB inside"
            : $"it grows more than {MostRatio} times");
        return null;
    }
}
