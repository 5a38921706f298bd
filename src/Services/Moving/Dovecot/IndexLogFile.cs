using System.Buffers.Binary;
using System.Text;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// A `dovecot.index.log` that names the messages of a mailbox with their flags and all keywords, for those that a Maildir's file names
/// cannot
/// carry. Dovecot makes its index from it.
/// </summary>
internal static class IndexLogFile
{
    private const uint External = 0x1000_0000;

    public static byte[] Write(MailboxView view, IReadOnlyList<string> words, TimeProvider clock)
    {
        using var log = new MemoryStream();
        var now = (uint)clock.GetUtcNow().ToUnixTimeSeconds();
        Span<byte> head = stackalloc byte[TransactionLog.HeaderLength];
        head.Clear();
        (head[0], head[1]) = (1, 3);
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], TransactionLog.HeaderLength);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], now);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(head[20..], now);
        head[32] = 1;
        log.Write(head);
        Header(log, 24, view.UidValidity);
        Messages(log, view);
        Header(log, 28, view.UidNext);
        for (var at = 0; at < words.Count; at++) Keyword(log, view, words[at]);
        return log.ToArray();
    }

    public static bool Carries(MailboxView view, Entry entry, string word)
    {
        for (var number = 0; number < view.Keywords.Count; number++)
            if (view.Keywords[number] == word) return ((entry.Flags.Keywords >> number) & 1) != 0;
        return false;
    }

    // A change of the index's header: offset, size, and what stands there.
    private static void Header(MemoryStream log, ushort offset, uint value)
    {
        Span<byte> change = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(change, offset);
        BinaryPrimitives.WriteUInt16LittleEndian(change[2..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(change[4..], value);
        Record(log, 0x20 | External, change);
    }

    private static void Messages(MemoryStream log, MailboxView view)
    {
        if (view.Count == 0) return;
        var records = new byte[view.Count * 8];
        for (var i = 0; i < view.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(records.AsSpan(i * 8), view[i].Uid);
            records[(i * 8) + 4] = IndexFlags.ToBits(view[i].Flags.System);
        }
        Record(log, 0x2 | External, records);
    }

    private static void Keyword(MemoryStream log, MailboxView view, string word)
    {
        var name = Encoding.UTF8.GetBytes(word);
        using var data = new MemoryStream();
        Span<byte> number = stackalloc byte[4];
        number.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(number[2..], (ushort)name.Length);
        data.Write(number);
        data.Write(name);
        while (data.Length % 4 != 0) data.WriteByte(0);
        for (var i = 0; i < view.Count; i++)
        {
            if (!Carries(view, view[i], word)) continue;
            BinaryPrimitives.WriteUInt32LittleEndian(number, view[i].Uid);
            data.Write(number);
            data.Write(number);
        }
        Record(log, 0x400 | External, data.ToArray());
    }

    private static void Record(MemoryStream log, uint type, ReadOnlySpan<byte> data)
    {
        var size = (uint)data.Length + 8;
        // 7 bits an octet, most significant first, in units of 4.
        log.WriteByte((byte)(0x80 | ((size >> 23) & 0x7f)));
        log.WriteByte((byte)(0x80 | ((size >> 16) & 0x7f)));
        log.WriteByte((byte)(0x80 | ((size >> 9) & 0x7f)));
        log.WriteByte((byte)(0x80 | ((size >> 2) & 0x7f)));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(number, type);
        log.Write(number);
        log.Write(data);
    }
}
