using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Delivery;

/// <summary>What the receive steps want to know of a message's own header, found in one pass over all of it.</summary>
internal sealed class ReceiveHeader
{
    /// <summary>
    /// Octets of a whole header section; a message with more is refused. Everybody who reads headers here (MailAuth, Spam, Sieve, IMAP)
    /// reads at least as much and what we put before it, so nothing in a header goes unseen.
    /// </summary>
    public const int Most = 240 * 1024;

    private ReceiveHeader(byte[] octets, bool isTooLarge) => (Octets, IsTooLarge) = (octets, isTooLarge);

    /// <summary>Without the empty line. Its own memory: it outlives the body it was read from.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    /// <summary>There is more of it than <see cref="Most"/>; nothing else here is true then.</summary>
    public bool IsTooLarge { get; }

    public int Received { get; private set; }

    public bool HasDate { get; private set; }

    public bool HasMessageId { get; private set; }

    /// <summary>The first Message-ID as it stands there, without angle brackets.</summary>
    public string MessageId => HeaderText.Raw(_messageId.Span.Trim("<> \t\r\n"u8));

    /// <summary>The value of the first Subject, as it stands there.</summary>
    public ReadOnlyMemory<byte> Subject { get; private set; }

    /// <summary>The first address of From; empty when there is none.</summary>
    public string Author => Authors.From is [var from, ..]
        && AddressList.Mailboxes(AddressList.Parse(from.Span)).FirstOrDefault() is { } first ? first.Address : "";

    private ReadOnlyMemory<byte> _messageId;

    /// <summary>Precedence says bulk, list or junk.</summary>
    public bool IsBulk { get; private set; }

    /// <summary>RFC 3834 §5: Auto-Submitted says anything but "no".</summary>
    public bool IsAutomatic { get; private set; }

    /// <summary>RFC 8689 §3: "TLS-Required: No".</summary>
    public bool IsTlsOptional { get; private set; }

    /// <summary>Addresses in Delivered-To fields, lower case; null when there is none.</summary>
    public List<string>? DeliveredTo { get; private set; }

    /// <summary>From, Sender, Resent-From, Resent-Sender: where each of these fields stands.</summary>
    public HeaderAuthors Authors { get; } = new();

    /// <summary>Bcc and Resent-Bcc fields; null when there is none.</summary>
    public List<Range>? Blind { get; private set; }

    /// <summary>A line that is neither a field nor continues one.</summary>
    public bool HasStrayLine { get; private set; }

    /// <summary>Of a message as it came.</summary>
    public static ReceiveHeader Read(SpooledBody body) => Read(body, Most);

    /// <summary>Of a message with our own fields before it.</summary>
    public static ReceiveHeader ReadWhole(SpooledBody body) => Read(body, 4 * Most);

    private static ReceiveHeader Read(SpooledBody body, int most)
    {
        var octets = new byte[(int)Math.Min(body.Length, 8 * 1024)];
        for (var read = 0; ;)
        {
            while (read < octets.Length && body.Read(read, octets.AsSpan(read)) is var more and > 0) read += more;
            var end = End(octets.AsSpan(0, read), most);
            if (end >= 0) return new ReceiveHeader(octets[..end], false).Walked();
            if (read == body.Length && read <= most) return new ReceiveHeader(octets, false).Walked();
            if (read > most) return new([], true);
            Array.Resize(ref octets, (int)Math.Min(body.Length, Math.Min(octets.Length * 4, most + 1)));
        }
    }

    // Where the empty line begins, or -1.
    private static int End(ReadOnlySpan<byte> octets, int most)
    {
        if (octets.StartsWith("\r\n"u8)) return 0;
        var at = octets.IndexOf("\r\n\r\n"u8);
        return at >= 0 && at + 2 <= most ? at + 2 : -1;
    }

    private ReceiveHeader Walked()
    {
        foreach (var field in new HeaderFields(Octets.Span)) Take(field);
        return this;
    }

    private void Take(in HeaderField field)
    {
        switch (field.Name.Length)
        {
            case 0: HasStrayLine = true; break;
            case 3 when field.Is("Bcc"u8): (Blind ??= []).Add(Place(field)); break;
            case 4 when field.Is("Date"u8): HasDate = true; break;
            case 4 when field.Is("From"u8): Authors.From.Add(Value(field)); break;
            case 6 when field.Is("Sender"u8): Authors.Sender.Add(Value(field)); break;
            case 8 when field.Is("Received"u8): Received++; break;
            case 7 when Subject.IsEmpty && field.Is("Subject"u8): Subject = Value(field); break;
            case 10 when field.Is("Message-ID"u8):
                HasMessageId = true;
                if (_messageId.IsEmpty) _messageId = Value(field);
                break;
            case 10 when field.Is("Precedence"u8): IsBulk |= Word(field.Value) is "bulk" or "list" or "junk"; break;
            case 10 when field.Is("Resent-Bcc"u8): (Blind ??= []).Add(Place(field)); break;
            case 11 when field.Is("Resent-From"u8): Authors.ResentFrom.Add(Value(field)); break;
            case 12 when field.Is("TLS-Required"u8): IsTlsOptional |= Word(field.Value) == "no"; break;
            case 12 when field.Is("Delivered-To"u8): (DeliveredTo ??= []).Add(Word(field.Value)); break;
            case 13 when field.Is("Resent-Sender"u8): Authors.ResentSender.Add(Value(field)); break;
            case 14 when field.Is("Auto-Submitted"u8): IsAutomatic |= Word(field.Value) is not ("" or "no"); break;
        }
    }

    private static Range Place(in HeaderField field) => field.Offset..(field.Offset + field.Length);

    private ReadOnlyMemory<byte> Value(in HeaderField field)
    {
        var octets = Octets[Place(field)];
        return octets[(octets.Span.IndexOf((byte)':') + 1)..].TrimEnd("\r\n"u8);
    }

    private static string Word(ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t\r\n"u8);
        var end = value.IndexOfAny(" \t;"u8);
        return HeaderText.Raw(end < 0 ? value : value[..end]).ToLowerInvariant();
    }
}
