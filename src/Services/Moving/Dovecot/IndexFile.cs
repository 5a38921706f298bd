using System.Buffers.Binary;
using System.Text;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Flags and keywords of one message as Dovecot's index has them.</summary>
internal sealed class IndexedMessage
{
    public SystemFlags Flags { get; set; }

    /// <summary>They have not been written to the file's name yet: what the index says is what holds.</summary>
    public bool IsDirty { get; set; }

    public HashSet<string> Keywords { get; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>
/// What `dovecot.index` and `dovecot.index.log` say together: of a Maildir the keywords beyond 26 live only there. Written from the layout
/// of the files (index 7, log 1, little-endian). Neither is believed: every number is checked against the octets there are, and a file that
/// does not hold together ends the reading with what was read so far, which <see cref="Problem"/> says.
/// </summary>
internal sealed class DovecotIndex
{
    /// <summary>Octets of a file that are read at most.</summary>
    public const int MostOctets = 256 << 20;

    private const int MostMessages = 10_000_000;

    public Dictionary<uint, IndexedMessage> Messages { get; } = [];

    public uint UidValidity { get; private set; }

    public uint UidNext { get; private set; }

    /// <summary>Null while all of it could be read.</summary>
    public string? Problem { get; private set; }

    private const long MostLooks = 400_000_000;

    private long _looks;
    private uint _logSequence;
    private uint _logOffset;

    /// <param name="index">`dovecot.index`, or nothing.</param>
    /// <param name="logs">`dovecot.index.log.2` and `dovecot.index.log`, those that are there.</param>
    public static DovecotIndex Read(byte[]? index, IReadOnlyList<byte[]> logs)
    {
        var read = new DovecotIndex();
        if (index is not null) read.ReadIndex(index);
        foreach (var log in logs.Where(log => log.Length >= TransactionLog.HeaderLength).OrderBy(TransactionLog.Sequence))
        {
            var sequence = TransactionLog.Sequence(log);
            if (sequence < read._logSequence) continue;
            var from = sequence == read._logSequence ? read._logOffset : 0;
            if (TransactionLog.Replay(log, from, value => read.UidValidity = value, read.Message, read.All)
                is { } wrong) read.Problem ??= wrong;
        }
        return read;
    }

    private IndexedMessage? Message(uint uid)
    {
        if (Messages.TryGetValue(uid, out var known)) return known;
        if (Messages.Count >= MostMessages) return null;
        return Messages[uid] = new();
    }

    // A log may name all messages again and again: what is looked at is counted.
    private IEnumerable<IndexedMessage> All(uint from, uint to)
    {
        if (to < from) return [];
        _looks += Math.Min((long)to - from + 1, Messages.Count);
        if (_looks > MostLooks)
        {
            Problem ??= "dovecot.index.log asks for more changes than can be meant";
            return [];
        }
        return to - from < (uint)Messages.Count ? Span(from, to) : Messages.Where(m => m.Key >= from && m.Key <= to).Select(m => m.Value);
    }

    private IEnumerable<IndexedMessage> Span(uint from, uint to)
    {
        for (var uid = (ulong)from; uid <= to; uid++)
            if (Messages.TryGetValue((uint)uid, out var known)) yield return known;
    }

    private void ReadIndex(byte[] file)
    {
        var octets = file.AsSpan();
        if (octets.Length < 120 || octets[0] != 7 || (octets[12] & 1) == 0)
        {
            Problem = "dovecot.index is not of version 7, or of a machine of other byte order";
            return;
        }
        var (baseSize, headerSize) = (BinaryPrimitives.ReadUInt16LittleEndian(octets[2..]), Number(octets, 4));
        var (recordSize, count) = (Number(octets, 8), Number(octets, 32));
        (UidValidity, UidNext) = (Number(octets, 24), Number(octets, 28));
        if (baseSize < 116 || headerSize < baseSize || headerSize > octets.Length || recordSize < 5
            || count > MostMessages || headerSize + ((long)recordSize * count) > octets.Length)
        {
            Problem = "dovecot.index is cut short";
            return;
        }
        (_logSequence, _logOffset) = (Number(octets, 60), Math.Min(Number(octets, 64), Number(octets, 68)));
        var (names, at, length) = Keywords(octets[..(int)headerSize], baseSize, recordSize);
        for (var i = 0; i < count; i++)
        {
            var record = octets.Slice((int)(headerSize + (i * recordSize)), (int)recordSize);
            if (Message(Number(record, 0)) is not { } message) return;
            message.Flags = IndexFlags.Of(record[4]);
            message.IsDirty = (record[4] & IndexFlags.Dirty) != 0;
            for (var bit = 0; bit < names.Count && bit / 8 < length; bit++)
                if ((record[at + (bit / 8)] & (1 << (bit % 8))) != 0) message.Keywords.Add(names[bit]);
        }
    }

    // Extensions follow the base header, each: sizes, name, padding to 8, its own header, padding to 8.
    private (List<string> Names, int At, int Length) Keywords(ReadOnlySpan<byte> header, int baseSize, uint recordSize)
    {
        for (var offset = Padded(baseSize); offset + 16 <= header.Length;)
        {
            var size = Number(header, offset);
            var (at, length) = (Short(header, offset + 8), Short(header, offset + 10));
            var nameLength = Short(header, offset + 14);
            var data = offset + Padded(16 + nameLength);
            if (size > int.MaxValue / 2 || data > header.Length || data + (long)size > header.Length) break;
            var name = header.Slice(offset + 16, Math.Min(nameLength, header.Length - offset - 16));
            if (name.SequenceEqual("keywords"u8))
                return at + length <= recordSize ? (Names(header.Slice(data, (int)size)), at, length) : ([], 0, 0);
            offset = data + Padded((int)size);
        }
        return ([], 0, 0);
    }

    private static List<string> Names(ReadOnlySpan<byte> header)
    {
        var names = new List<string>();
        if (header.Length < 4) return names;
        var count = Number(header, 0);
        if (count > 10_000 || 4 + (count * 8) > header.Length) return names;
        var texts = header[(int)(4 + (count * 8))..];
        for (var i = 0; i < count; i++)
        {
            var offset = Number(header, 4 + (i * 8) + 4);
            if (offset >= texts.Length) break;
            var text = texts[(int)offset..];
            var end = text.IndexOf((byte)0);
            names.Add(Encoding.UTF8.GetString(end < 0 ? text : text[..end]));
        }
        return names;
    }

    private static int Padded(int size) => (size + 7) & ~7;

    private static uint Number(ReadOnlySpan<byte> octets, int at) => BinaryPrimitives.ReadUInt32LittleEndian(octets[at..]);

    private static ushort Short(ReadOnlySpan<byte> octets, int at) => BinaryPrimitives.ReadUInt16LittleEndian(octets[at..]);
}

/// <summary>Flags as index and log have them.</summary>
internal static class IndexFlags
{
    public const byte Dirty = 0x80;

    public static SystemFlags Of(byte bits)
    {
        var flags = SystemFlags.None;
        if ((bits & 0x01) != 0) flags |= SystemFlags.Answered;
        if ((bits & 0x02) != 0) flags |= SystemFlags.Flagged;
        if ((bits & 0x04) != 0) flags |= SystemFlags.Deleted;
        if ((bits & 0x08) != 0) flags |= SystemFlags.Seen;
        if ((bits & 0x10) != 0) flags |= SystemFlags.Draft;
        return flags;
    }

    public static byte ToBits(SystemFlags flags) => (byte)(
        Bit(flags, SystemFlags.Answered, 0x01) | Bit(flags, SystemFlags.Flagged, 0x02) | Bit(flags, SystemFlags.Deleted, 0x04)
        | Bit(flags, SystemFlags.Seen, 0x08) | Bit(flags, SystemFlags.Draft, 0x10));

    private static int Bit(SystemFlags flags, SystemFlags flag, int bit) => (flags & flag) != 0 ? bit : 0;
}
