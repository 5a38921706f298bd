using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Aviso.Base;
using Aviso.Store.Blobs;

namespace Aviso.Store.Views;

/// <summary>
/// A view of a large mailbox on disk, so that the first look after a restart need not read every row. It counts only while the database says its
/// checksum and the mailbox has the same last change; losing it costs that reading. Not synced: a torn one has another checksum.
/// </summary>
internal sealed class ViewFiles(string dataFolder)
{
    /// <summary>Entries from which on a view is kept; smaller ones are read in no time.</summary>
    public const int Fewest = 5_000;

    private const int Most = 2_000_000;
    private const uint Magic = 0x31565641;   // "AVV1"
    private const int HeaderLength = 48;
    private readonly string _folder = Path.Combine(dataFolder, "views");

    public static bool IsKept(int entries) => entries is >= Fewest and <= Most;

    public string PathOf(long mailbox) => Path.Combine(_folder, IdText.Format(mailbox) + ".view");

    /// <summary>Mailboxes that have a file.</summary>
    public IEnumerable<long> List()
    {
        if (!Directory.Exists(_folder)) yield break;
        foreach (var path in Directory.EnumerateFiles(_folder, "*.view"))
            if (IdText.TryParse(Path.GetFileNameWithoutExtension(path), out var id)) yield return id;
    }

    /// <summary>Writes the view and returns the checksum that the database is to remember.</summary>
    public uint Write(ViewSnapshot view)
    {
        Directory.CreateDirectory(_folder);
        var octets = new byte[HeaderLength + view.Chunks.Sum(chunk => chunk.StoredLength)];
        WriteHeader(octets, view);
        var at = HeaderLength;
        foreach (var chunk in view.Chunks)
        {
            chunk.Store(octets.AsSpan(at, chunk.StoredLength));
            at += chunk.StoredLength;
        }
        var path = PathOf(view.Mailbox.Value);
        File.WriteAllBytes(path + ".new", octets);
        File.Move(path + ".new", path, overwrite: true);
        return Crc32C.Of(octets);
    }

    /// <summary>The chunks of the view as it was at this mod-sequence; null when the file is gone, torn, or of another moment.</summary>
    public ViewChunk[]? Read(long mailbox, uint crc, uint uidValidity, long highestModSeq, int count)
    {
        try
        {
            var octets = File.ReadAllBytes(PathOf(mailbox));
            if (octets.Length < HeaderLength || Crc32C.Of(octets) != crc || !IsOf(octets, mailbox, uidValidity, highestModSeq, count)) return null;
            var chunks = new List<ViewChunk>();
            for (var at = HeaderLength; at < octets.Length; at += chunks[^1].StoredLength)
            {
                if (ViewChunk.Load(octets.AsSpan(at)) is not { } chunk) return null;
                chunks.Add(chunk);
            }
            return chunks.Sum(chunk => chunk.Count) == count ? [.. chunks] : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Remove(long mailbox) => File.Delete(PathOf(mailbox));

    private static void WriteHeader(Span<byte> to, ViewSnapshot view)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(to[4..], Unsafe.SizeOf<CompactEntry>());
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], view.Mailbox.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], view.HighestModSeq);
        BinaryPrimitives.WriteUInt32LittleEndian(to[24..], view.UidValidity);
        BinaryPrimitives.WriteInt32LittleEndian(to[28..], view.Count);
    }

    private static bool IsOf(ReadOnlySpan<byte> from, long mailbox, uint uidValidity, long highestModSeq, int count) =>
        BinaryPrimitives.ReadUInt32LittleEndian(from) == Magic && BinaryPrimitives.ReadInt32LittleEndian(from[4..]) == Unsafe.SizeOf<CompactEntry>()
        && BinaryPrimitives.ReadInt64LittleEndian(from[8..]) == mailbox && BinaryPrimitives.ReadInt64LittleEndian(from[16..]) == highestModSeq
        && BinaryPrimitives.ReadUInt32LittleEndian(from[24..]) == uidValidity && BinaryPrimitives.ReadInt32LittleEndian(from[28..]) == count;
}
