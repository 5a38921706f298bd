using System.Buffers.Text;
using System.Text;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// Writes responses straight into the connection's pipe. Nothing is sent before <see cref="FlushAsync"/>; long answers
/// call <see cref="BreatheAsync"/> between messages, so at most about 64 KiB wait here and a slow reader slows us.
/// </summary>
internal sealed class ResponseWriter(WireConnection connection, TimeSpan patience)
{
    private const int FlushAt = 64 * 1024;

    private Memory<byte> _memory;
    private int _used;
    private long _unflushed;

    /// <summary>The peer is gone or does not read: stop working for it.</summary>
    public bool Broken { get; private set; }

    /// <summary>The client has enabled UTF-8: strings and names may carry it.</summary>
    public bool Utf8 { get; set; }

    /// <summary>How this account's clients see names.</summary>
    public MailboxNaming Naming { get; set; } = MailboxNaming.Plain;

    public long Written { get; private set; }

    /// <summary>The octets announced for a literal are not all written: after a fault now the stream has no meaning.</summary>
    public bool InLiteral { get; set; }

    public ResponseWriter Bytes(ReadOnlySpan<byte> octets)
    {
        while (octets.Length > 0)
        {
            var room = Room(1);
            var count = Math.Min(room.Length, octets.Length);
            octets[..count].CopyTo(room);
            _used += count;
            octets = octets[count..];
        }
        return this;
    }

    public ResponseWriter Byte(char c)
    {
        Room(1)[0] = (byte)c;
        _used++;
        return this;
    }

    public ResponseWriter Number(long value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out var count);
        _used += count;
        return this;
    }

    public ResponseWriter Text(string text)
    {
        if (text.Length > 1024) return Bytes(Encoding.UTF8.GetBytes(text));
        // Not one expression: Room may begin a new piece and set _used back.
        var count = Encoding.UTF8.GetBytes(text, Room(text.Length * 3));
        _used += count;
        return this;
    }

    public ResponseWriter Line() => Bytes("\r\n"u8);

    /// <summary>An id in its text form, in parentheses as RFC 8474 wants.</summary>
    public ResponseWriter ObjectId(long id) => Byte('(').Text(Aviso.Base.IdText.Format(id)).Byte(')');

    public ResponseWriter DateTime(long unixSeconds)
    {
        FormatDate.Write(unixSeconds, Room(28));
        _used += 28;
        return this;
    }

    /// <summary>string: quoted where it can be, a literal otherwise.</summary>
    public ResponseWriter String(ReadOnlySpan<byte> octets)
    {
        if (octets.Length > 1000 || octets.ContainsAny((byte)'\r', (byte)'\n', (byte)0) ||
            (!Utf8 && octets.ContainsAnyInRange((byte)0x80, (byte)0xFF)))
            return Byte('{').Number(octets.Length).Bytes("}\r\n"u8).Bytes(octets);
        Byte('"');
        for (var stop = octets.IndexOfAny((byte)'"', (byte)'\\'); stop >= 0; stop = octets.IndexOfAny((byte)'"', (byte)'\\'))
        {
            Bytes(octets[..stop]).Byte('\\').Byte((char)octets[stop]);
            octets = octets[(stop + 1)..];
        }
        return Bytes(octets).Byte('"');
    }

    public ResponseWriter String(string text) => String(Encoding.UTF8.GetBytes(text));

    /// <summary>A mailbox name in the encoding this client uses.</summary>
    public ResponseWriter Name(string name) => String(MailboxName.ToWire(name, new(Utf8, Naming)));

    /// <summary>What stands between levels of names, quoted.</summary>
    public ResponseWriter Separator() => Byte('"').Byte(Naming.Separator).Byte('"');

    public ResponseWriter Flags(EntryFlags flags, IReadOnlyList<string> keywords, bool recent)
    {
        Byte('(');
        var first = true;
        if (flags.System != SystemFlags.None) SystemFlagNames(flags.System, ref first);
        if (recent) Item("\\Recent"u8, ref first);
        for (var rest = flags.Keywords; rest != 0; rest &= rest - 1)
        {
            var number = (int)UInt128.TrailingZeroCount(rest);
            if (number >= keywords.Count) break;
            if (!first) Byte(' ');
            Text(keywords[number]);
            first = false;
        }
        return Byte(')');
    }

    private void SystemFlagNames(SystemFlags flags, ref bool first)
    {
        if ((flags & SystemFlags.Answered) != 0) Item("\\Answered"u8, ref first);
        if ((flags & SystemFlags.Flagged) != 0) Item("\\Flagged"u8, ref first);
        if ((flags & SystemFlags.Deleted) != 0) Item("\\Deleted"u8, ref first);
        if ((flags & SystemFlags.Seen) != 0) Item("\\Seen"u8, ref first);
        if ((flags & SystemFlags.Draft) != 0) Item("\\Draft"u8, ref first);
    }

    private void Item(ReadOnlySpan<byte> name, ref bool first)
    {
        if (!first) Byte(' ');
        first = false;
        Bytes(name);
    }

    /// <summary>uid-set from numbers in growing order, as ranges. "" is never written: callers ask first.</summary>
    public ResponseWriter Set(IEnumerable<uint> sorted)
    {
        uint first = 0, last = 0;
        var any = false;
        foreach (var n in sorted)
        {
            if (first != 0 && n == last + 1)
            {
                last = n;
                continue;
            }
            if (first != 0) Range(first, last, ref any);
            first = last = n;
        }
        if (first != 0) Range(first, last, ref any);
        return this;
    }

    private void Range(uint first, uint last, ref bool any)
    {
        if (any) Byte(',');
        any = true;
        Number(first);
        if (last != first) Byte(':').Number(last);
    }

    /// <summary>Room for octets that a reader fills itself: fill, then <see cref="Filled"/>.</summary>
    public Memory<byte> Piece(int atLeast)
    {
        Room(atLeast);
        return _memory[_used..];
    }

    public void Filled(int count) => _used += count;

    public ValueTask BreatheAsync() => _unflushed + _used < FlushAt ? default : FlushAsync();

    public async ValueTask FlushAsync()
    {
        Commit();
        if (_unflushed == 0 || Broken) return;
        _unflushed = 0;
        Broken = !await connection.FlushAsync(patience);
    }

    private Span<byte> Room(int atLeast)
    {
        if (_memory.Length - _used < atLeast)
        {
            Commit();
            _memory = connection.Output.GetMemory(Math.Max(atLeast, 4096));
        }
        return _memory.Span[_used..];
    }

    private void Commit()
    {
        if (_used > 0) connection.Output.Advance(_used);
        _unflushed += _used;
        Written += _used;
        _memory = default;
        _used = 0;
    }
}
