using System.Buffers.Binary;
using System.Text;

namespace Aviso.Moving;

/// <summary>
/// `dovecot.index.log`: what happened to the index since it was written. Records are a size (7 bits an octet, most significant first,
/// in units of 4), a type, and what it says. Only what concerns flags and keywords is replayed.
/// </summary>
internal static class TransactionLog
{
    public const int HeaderLength = 40;

    private const uint TypeMask = 0x0FFFFFFF, Append = 0x2, FlagUpdate = 0x4, HeaderUpdate = 0x20, KeywordUpdate = 0x400,
        KeywordReset = 0x800;

    public static uint Sequence(byte[] log) => BinaryPrimitives.ReadUInt32LittleEndian(log.AsSpan(8));

    /// <summary>Replays from <paramref name="from"/> (0: the beginning); says what stopped it before the end, or null.</summary>
    public static string? Replay(
        byte[] log, uint from, Action<uint> validity, Func<uint, IndexedMessage?> make, Func<uint, uint, IEnumerable<IndexedMessage>> find)
    {
        var octets = log.AsSpan();
        var header = BinaryPrimitives.ReadUInt16LittleEndian(octets[2..]);
        if (octets[0] != 1 || header < 24 || (octets.Length > 32 && header > 32 && (octets[32] & 1) == 0))
            return "dovecot.index.log is not of version 1, or of a machine of other byte order";
        for (var at = (int)Math.Min(Math.Max(from, header), (uint)octets.Length); at + 8 <= octets.Length;)
        {
            var size = Size(octets[at..]);
            // Octets of a record that was never finished.
            if (size == 0) return null;
            if (size < 8 || size > octets.Length - at) return "dovecot.index.log is cut short";
            var type = BinaryPrimitives.ReadUInt32LittleEndian(octets[(at + 4)..]) & TypeMask & ~0x1000_0000u & ~0x2000_0000u;
            var data = octets.Slice(at + 8, (int)size - 8);
            if (type == HeaderUpdate) Header(data, validity);
            else Apply(type, data, make, find);
            at += (int)size;
        }
        return null;
    }

    private static uint Size(ReadOnlySpan<byte> octets)
    {
        if ((octets[0] & octets[1] & octets[2] & octets[3] & 0x80) == 0) return 0;
        return ((uint)(octets[0] & 0x7f) << 23) | ((uint)(octets[1] & 0x7f) << 16) | ((uint)(octets[2] & 0x7f) << 9) | (
            (uint)(octets[3] & 0x7f) << 2);
    }

    // Changes of the index's header: offset, size, what stands there, padding to 4. UIDVALIDITY is at 24.
    private static void Header(ReadOnlySpan<byte> data, Action<uint> validity)
    {
        while (data.Length >= 8)
        {
            var (at, size) = (BinaryPrimitives.ReadUInt16LittleEndian(data), BinaryPrimitives.ReadUInt16LittleEndian(data[2..]));
            if (at == 24 && size == 4) validity(Number(data, 4));
            data = data[Math.Min(data.Length, 4 + ((size + 3) & ~3))..];
        }
    }

    private static void Apply(
        uint type, ReadOnlySpan<byte> data, Func<uint, IndexedMessage?> make, Func<uint, uint, IEnumerable<IndexedMessage>> find)
    {
        switch (type)
        {
            case Append:
                for (; data.Length >= 8; data = data[8..])
                {
                    if (make(Number(data, 0)) is not { } message) return;
                    message.Flags = IndexFlags.Of(data[4]);
                    message.IsDirty = (data[4] & IndexFlags.Dirty) != 0;
                    message.Keywords.Clear();
                }
                break;
            case FlagUpdate:
                for (; data.Length >= 12; data = data[12..])
                {
                    var (add, remove) = (data[8], data[9]);
                    foreach (var message in find(Number(data, 0), Number(data, 4))) Change(message, add, remove);
                }
                break;
            case KeywordUpdate:
                Keywords(data, find);
                break;
            case KeywordReset:
                for (; data.Length >= 8; data = data[8..])
                    foreach (var message in find(Number(data, 0), Number(data, 4))) message.Keywords.Clear();
                break;
        }
    }

    private static void Change(IndexedMessage message, byte add, byte remove)
    {
        message.Flags = (message.Flags & ~IndexFlags.Of(remove)) | IndexFlags.Of(add);
        if ((remove & IndexFlags.Dirty) != 0) message.IsDirty = false;
        if ((add & IndexFlags.Dirty) != 0) message.IsDirty = true;
    }

    // What to do (0 add, 1 remove, 2 replace), the name, padding to 4, then pairs of UIDs.
    private static void Keywords(ReadOnlySpan<byte> data, Func<uint, uint, IEnumerable<IndexedMessage>> find)
    {
        if (data.Length < 4) return;
        var (what, length) = (data[0], BinaryPrimitives.ReadUInt16LittleEndian(data[2..]));
        if (4 + length > data.Length) return;
        var name = Encoding.UTF8.GetString(data.Slice(4, length));
        for (data = data[Math.Min(data.Length, (4 + length + 3) & ~3)..]; data.Length >= 8; data = data[8..])
        {
            foreach (var message in find(Number(data, 0), Number(data, 4)))
            {
                if (what == 1) message.Keywords.Remove(name);
                else if (what == 2) message.Keywords.Clear();
                if (what is 0 or 2) message.Keywords.Add(name);
            }
        }
    }

    private static uint Number(ReadOnlySpan<byte> octets, int at) => BinaryPrimitives.ReadUInt32LittleEndian(octets[at..]);
}
