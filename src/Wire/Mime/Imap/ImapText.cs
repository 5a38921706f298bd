using System.Buffers;
using System.Globalization;
using System.Text;
using Aviso.Base;

namespace Aviso.Mime;

/// <summary>Writes IMAP strings, numbers, addresses and envelopes (RFC 9051 §9) into one growing buffer.</summary>
internal sealed class ImapText(bool utf8, int capacity)
{
    private static readonly SearchValues<byte> Quotable = SearchValues.Create(PlainOctets());
    private static readonly SearchValues<char> QuotableText = SearchValues.Create(Encoding.ASCII.GetString(PlainOctets()));
    private readonly ArrayBufferWriter<byte> _into = new(capacity);

    public bool Utf8 => utf8;

    public byte[] ToArray() => _into.WrittenSpan.ToArray();

    public ImapText Raw(ReadOnlySpan<byte> octets)
    {
        _into.Write(octets);
        return this;
    }

    public ImapText Space() => Raw(" "u8);

    public ImapText Number(long number)
    {
        var span = _into.GetSpan(20);
        number.TryFormat(span, out var length, provider: CultureInfo.InvariantCulture);
        _into.Advance(length);
        return this;
    }

    /// <summary>nstring: null is NIL, an empty text is "".</summary>
    public ImapText Nil(string? text) => text is null ? Raw("NIL"u8) : String(text);

    /// <summary>A quoted string, or a literal where quoting cannot carry the text.</summary>
    public ImapText String(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(QuotableText))
        {
            var span = _into.GetSpan(text.Length + 2);
            span[0] = (byte)'"';
            Encoding.ASCII.GetBytes(text, span[1..]);
            span[text.Length + 1] = (byte)'"';
            _into.Advance(text.Length + 2);
            return this;
        }
        if (!utf8 && !Ascii.IsValid(text)) text = EncodedWord.Encode(text);
        var octets = Encoding.UTF8.GetBytes(text);
        // RFC 9051 §9: quoted strings carry no CR, LF or NUL.
        return octets.AsSpan().IndexOfAny("\r\n\0"u8) >= 0 ? Literal(octets) : Quoted(octets);
    }

    // RFC 2231 §4 for clients that take ASCII only.
    public void Parameter(MimeParameter parameter)
    {
        if (utf8 || Ascii.IsValid(parameter.Value)) String(parameter.Name).Space().String(parameter.Value);
        else String(parameter.Name + "*").Space().String("utf-8''" + Uri.EscapeDataString(parameter.Value));
    }

    /// <summary>Header text as sent: unfolded, encoded words left.</summary>
    private void HeaderString(ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t\r\n"u8);
        if (value.ContainsAnyExcept(Quotable)) String(HeaderText.Raw(value));
        else Quoted(value, plain: true);
    }

    // envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
    //            env-in-reply-to SP env-message-id ")"
    public ImapText Envelope(ReadOnlySpan<byte> header)
    {
        var fields = EnvelopeFields.Find(header);
        Raw("("u8);
        Text(fields.Date).Space().Text(fields.Subject).Space();
        var from = fields.From.IsEmpty ? [] : AddressList.Parse(fields.From);
        Addresses(from).Space();
        // RFC 9051 §7.5.2: an absent or empty Sender or Reply-To shows From.
        AddressesOr(fields.Sender, from).Space().AddressesOr(fields.ReplyTo, from).Space();
        AddressesOr(fields.To, []).Space().AddressesOr(fields.Cc, []).Space().AddressesOr(fields.Bcc, []).Space();
        return Text(fields.InReplyTo).Space().Text(fields.MessageId).Raw(")"u8);
    }

    private ImapText Text(FieldValue value)
    {
        if (!value.IsPresent) return Raw("NIL"u8);
        HeaderString(value.Octets);
        return this;
    }

    private ImapText AddressesOr(FieldValue value, IReadOnlyList<HeaderAddress> otherwise)
    {
        var list = value.IsEmpty ? otherwise : AddressList.Parse(value);
        return Addresses(list.Count == 0 ? otherwise : list);
    }

    private ImapText Addresses(IReadOnlyList<HeaderAddress> list)
    {
        if (list.Count == 0) return Raw("NIL"u8);
        Raw("("u8);
        foreach (var address in list)
        {
            if (address.Members is { } members) Group(address.RawName, members);
            else Mailbox(address);
        }
        return Raw(")"u8);
    }

    // RFC 9051 §7.5.2: a group begins with a NIL host and its name as mailbox, and ends with NIL for both.
    private void Group(string name, IReadOnlyList<HeaderAddress> members)
    {
        Raw("(NIL NIL "u8).String(name).Raw(" NIL)"u8);
        foreach (var member in members) Mailbox(member);
        Raw("(NIL NIL NIL NIL)"u8);
    }

    private void Mailbox(HeaderAddress address)
    {
        var domain = address.Domain;
        if (!utf8 && !(Ascii.IsValid(address.LocalPart) && TryAsciiDomain(address.Domain, out domain)))
        {
            var shown = EncodedWord.EncodePhrase(address.Address);
            Group(address.RawName.Length == 0 ? shown : $"{EncodedWord.Encode(address.RawName)} {shown}", []);
            return;
        }
        Raw("("u8).Nil(address.RawName.Length == 0 ? null : address.RawName).Space();
        Nil(address.Route is { } route && (utf8 || Ascii.IsValid(route)) ? route : null).Space();
        // Never NIL here: that would make it a group marker.
        String(address.LocalPart).Space().String(domain).Raw(")"u8);
    }

    // A literal is no name, and what is no name at all is shown as sent when it is ASCII.
    private static bool TryAsciiDomain(string domain, out string ascii)
    {
        ascii = domain;
        if (Ascii.IsValid(domain)) return true;
        if (!DomainName.TryParse(domain, out var name)) return false;
        ascii = name.Ascii;
        return true;
    }

    private ImapText Literal(ReadOnlySpan<byte> octets) => Raw("{"u8).Number(octets.Length).Raw("}\r\n"u8).Raw(octets);

    private ImapText Quoted(ReadOnlySpan<byte> octets, bool plain = false)
    {
        Raw("\""u8);
        while (!plain && octets.IndexOfAny((byte)'"', (byte)'\\') is var special and >= 0)
        {
            Raw(octets[..special]).Raw("\\"u8).Raw(octets.Slice(special, 1));
            octets = octets[(special + 1)..];
        }
        return Raw(octets).Raw("\""u8);
    }

    private static byte[] PlainOctets()
    {
        var plain = new List<byte>();
        for (var c = ' '; c <= '~'; c++)
        {
            if (c is not ('"' or '\\')) plain.Add((byte)c);
        }
        return plain.ToArray();
    }
}

/// <summary>A field's value, or its absence.</summary>
internal readonly ref struct FieldValue(ReadOnlySpan<byte> octets)
{
    public ReadOnlySpan<byte> Octets { get; } = octets;

    public bool IsPresent { get; } = true;

    public bool IsEmpty => Octets.Trim(" \t\r\n"u8).IsEmpty;

    public static implicit operator ReadOnlySpan<byte>(FieldValue value) => value.Octets;
}

/// <summary>The ten fields of ENVELOPE, found in one walk; the first of a name counts.</summary>
internal ref struct EnvelopeFields
{
    public FieldValue Date, Subject, From, Sender, ReplyTo, To, Cc, Bcc, InReplyTo, MessageId;

    public static EnvelopeFields Find(ReadOnlySpan<byte> header)
    {
        var fields = default(EnvelopeFields);
        foreach (var field in new HeaderFields(header)) fields.Take(field);
        return fields;
    }

    private void Take(in HeaderField field)
    {
        switch (field.Name.Length)
        {
            case 2 when field.Is("To"u8): Keep(ref To, field); break;
            case 2 when field.Is("Cc"u8): Keep(ref Cc, field); break;
            case 3 when field.Is("Bcc"u8): Keep(ref Bcc, field); break;
            case 4 when field.Is("Date"u8): Keep(ref Date, field); break;
            case 4 when field.Is("From"u8): Keep(ref From, field); break;
            case 6 when field.Is("Sender"u8): Keep(ref Sender, field); break;
            case 7 when field.Is("Subject"u8): Keep(ref Subject, field); break;
            case 8 when field.Is("Reply-To"u8): Keep(ref ReplyTo, field); break;
            case 10 when field.Is("Message-ID"u8): Keep(ref MessageId, field); break;
            case 11 when field.Is("In-Reply-To"u8): Keep(ref InReplyTo, field); break;
            default: break;
        }
    }

    private static void Keep(ref FieldValue into, in HeaderField field)
    {
        if (!into.IsPresent) into = new(field.Value);
    }
}
