using System.Buffers.Text;
using System.Text;
using Aviso.Base;

namespace Aviso.Mime;

/// <summary>Reads back the ENVELOPE that <see cref="ImapStructure"/> wrote: date, subject, from, sender, reply-to, to, cc, bcc,
/// in-reply-to, message-id.</summary>
public ref struct EnvelopeReader(ReadOnlySpan<byte> envelope)
{
    public const int Date = 0, SubjectText = 1, From = 2, Sender = 3, ReplyTo = 4, To = 5, Cc = 6, Bcc = 7, InReplyTo = 8, MessageId = 9;

    private readonly ReadOnlySpan<byte> _octets = envelope;
    private int _at = 1;

    public static string Subject(ReadOnlySpan<byte> envelope)
    {
        var reader = new EnvelopeReader(envelope);
        reader.Skip(1);
        return reader.NString(out var value) ? HeaderText.Decode(value) : "";
    }

    /// <summary>The calendar day of the Date field in its own zone, in days since 1970; null when it is absent or unreadable.</summary>
    public static long? SentDay(ReadOnlySpan<byte> envelope)
    {
        var reader = new EnvelopeReader(envelope);
        return reader.NString(out var value) && MailDate.TryParse(value, out var date)
            ? (long)(date.DateTime.Date - DateTime.UnixEpoch.Date).TotalDays : null;
    }

    /// <summary>The addresses of a list as "name &lt;mailbox@host&gt;", decoded.</summary>
    public static List<(string Name, string Mailbox, string Host)> Addresses(ReadOnlySpan<byte> envelope, int which)
    {
        var reader = new EnvelopeReader(envelope);
        reader.Skip(which);
        var list = new List<(string, string, string)>();
        if (!reader.Char('(')) return list;
        while (reader.Char('('))
        {
            reader.NString(out var name);
            reader.NString(out _);
            reader.NString(out var mailbox);
            reader.NString(out var host);
            reader.Char(')');
            list.Add((name.IsEmpty ? "" : HeaderText.Decode(name), Encoding.UTF8.GetString(mailbox), Encoding.UTF8.GetString(host)));
        }
        return list;
    }

    /// <summary>One of the addresses of a list, as "name &lt;mailbox@host&gt;", holds the text.</summary>
    public static bool AddressContains(ReadOnlySpan<byte> envelope, int which, string wanted)
    {
        foreach (var (name, mailbox, host) in Addresses(envelope, which))
        {
            if (UnicodeCasemap.Contains($"{name} <{mailbox}@{host}>", wanted)) return true;
        }
        return false;
    }

    /// <summary>A text field as the message has it, unfolded and trimmed; null when the message has no such field.</summary>
    public static string? Text(ReadOnlySpan<byte> envelope, int which)
    {
        var reader = new EnvelopeReader(envelope);
        reader.Skip(which);
        return reader.NString(out var value) ? Encoding.UTF8.GetString(value) : null;
    }

    /// <summary>An address field as <see cref="AddressList.Parse(ReadOnlySpan{byte})"/> read it; null where the envelope has NIL.</summary>
    public static IReadOnlyList<HeaderAddress>? AddressList(ReadOnlySpan<byte> envelope, int which)
    {
        var reader = new EnvelopeReader(envelope);
        reader.Skip(which);
        if (!reader.Char('(')) return null;
        var list = new List<HeaderAddress>(1);
        List<HeaderAddress>? members = null;
        while (reader.Char('('))
        {
            reader.NString(out var name);
            reader.NString(out var route);
            var isNamed = reader.NString(out var mailbox);
            var hasHost = reader.NString(out var host);
            reader.Char(')');
            // RFC 9051 §7.5.2: NIL for the host begins a group, NIL for both ends it.
            if (!hasHost && isNamed) list.Add(new() { RawName = Encoding.UTF8.GetString(mailbox), Members = members = [] });
            else if (!hasHost) members = null;
            else
            {
                (members ?? list).Add(new()
                {
                    RawName = Encoding.UTF8.GetString(name),
                    Route = route.IsEmpty ? null : Encoding.UTF8.GetString(route),
                    LocalPart = Encoding.UTF8.GetString(mailbox),
                    Domain = Encoding.UTF8.GetString(host),
                });
            }
        }
        return list;
    }

    private void Skip(int items)
    {
        for (; items > 0; items--)
        {
            if (_at < _octets.Length && _octets[_at] == '(') SkipList();
            else NString(out _);
        }
        Char(' ');
    }

    private void SkipList()
    {
        var depth = 0;
        do
        {
            if (Char('(')) depth++;
            else if (Char(')')) depth--;
            else if (!Char(' ')) NString(out _);
        }
        while (depth > 0 && _at < _octets.Length);
        Char(' ');
    }

    private bool Char(char c)
    {
        if (_at >= _octets.Length || _octets[_at] != c) return false;
        _at++;
        return true;
    }

    // Leaves the space after the string taken. False for NIL.
    private bool NString(out ReadOnlySpan<byte> value)
    {
        value = default;
        var rest = _octets[Math.Min(_at, _octets.Length)..];
        var some = true;
        if (rest.StartsWith("\""u8)) value = Quoted();
        else if (rest.StartsWith("{"u8) && Utf8Parser.TryParse(rest[1..], out int length, out var used) && used + 4 + length <= rest.Length)
        {
            value = rest.Slice(used + 4, length);
            _at += used + 4 + length;
        }
        else
        {
            some = false;
            _at += Math.Max(Math.Min(3, rest.Length), 1);
        }
        Char(' ');
        return some;
    }

    private ReadOnlySpan<byte> Quoted()
    {
        var start = ++_at;
        var escaped = false;
        while (_at < _octets.Length && _octets[_at] != '"')
        {
            escaped |= _octets[_at] == '\\';
            _at += _octets[_at] == '\\' ? 2 : 1;
        }
        var raw = _octets[start..Math.Min(_at, _octets.Length)];
        _at++;
        if (!escaped) return raw;
        var plain = new List<byte>(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\\' && i + 1 < raw.Length) i++;
            plain.Add(raw[i]);
        }
        return plain.ToArray();
    }
}
