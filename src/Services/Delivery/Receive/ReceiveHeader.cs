using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Delivery;

/// <summary>What the receive steps want to know of a message's own header, found in one pass.</summary>
internal sealed class ReceiveHeader
{
    private const int MostOctets = 256 * 1024;
    private const int MostAuthors = 200;

    private ReceiveHeader(ReadOnlyMemory<byte> octets) => Octets = octets;

    /// <summary>At most 256 KiB, without the empty line.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    public int Received { get; private set; }

    public bool HasDate { get; private set; }

    public bool HasMessageId { get; private set; }

    /// <summary>Precedence says bulk, list or junk.</summary>
    public bool IsBulk { get; private set; }

    /// <summary>RFC 3834 §5: Auto-Submitted says anything but "no".</summary>
    public bool IsAutomatic { get; private set; }

    /// <summary>RFC 8689 §3: "TLS-Required: No".</summary>
    public bool IsTlsOptional { get; private set; }

    /// <summary>Addresses in Delivered-To fields, lower case; null when there is none.</summary>
    public List<string>? DeliveredTo { get; private set; }

    /// <summary>Addresses in all From and Sender fields, at most 200; empty unless asked for.</summary>
    public List<HeaderAddress> Authors { get; } = [];

    public static ReceiveHeader Read(SpooledBody body, bool withAuthors)
    {
        var octets = Beginning(body);
        var span = octets.Span;
        var end = span.StartsWith("\r\n"u8) ? 0 : span.IndexOf("\r\n\r\n"u8) is var at and >= 0 ? at + 2 : span.Length;
        var header = new ReceiveHeader(octets[..end]);
        header.Walk(withAuthors);
        return header;
    }

    private void Walk(bool withAuthors)
    {
        foreach (var field in new HeaderFields(Octets.Span))
        {
            switch (field.Name.Length)
            {
                case 4 when field.Is("Date"u8): HasDate = true; break;
                case 4 when withAuthors && field.Is("From"u8): Author(field.Value); break;
                case 6 when withAuthors && field.Is("Sender"u8): Author(field.Value); break;
                case 8 when field.Is("Received"u8): Received++; break;
                case 10 when field.Is("Message-ID"u8): HasMessageId = true; break;
                case 10 when field.Is("Precedence"u8): IsBulk |= Word(field.Value) is "bulk" or "list" or "junk"; break;
                case 12 when field.Is("TLS-Required"u8): IsTlsOptional |= Word(field.Value) == "no"; break;
                case 12 when field.Is("Delivered-To"u8): (DeliveredTo ??= []).Add(Word(field.Value)); break;
                case 14 when field.Is("Auto-Submitted"u8): IsAutomatic |= Word(field.Value) is not ("" or "no"); break;
            }
        }
    }

    private void Author(ReadOnlySpan<byte> value) =>
        Authors.AddRange(AddressList.Mailboxes(AddressList.Parse(value)).Take(MostAuthors - Authors.Count));

    private static string Word(ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t\r\n"u8);
        var end = value.IndexOfAny(" \t;"u8);
        return HeaderText.Raw(end < 0 ? value : value[..end]).ToLowerInvariant();
    }

    private static ReadOnlyMemory<byte> Beginning(SpooledBody body)
    {
        if (body.InMemory) return body.Memory[..(int)Math.Min(body.Length, MostOctets)];
        var octets = new byte[MostOctets];
        var at = 0;
        while (at < octets.Length && body.Read(at, octets.AsSpan(at)) is var read and > 0) at += read;
        return octets.AsMemory(0, at);
    }
}
