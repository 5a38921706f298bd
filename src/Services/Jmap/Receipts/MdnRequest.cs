using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>What a message that was received says about receipts for it (RFC 8098 §2).</summary>
internal sealed class MdnRequest
{
    private MdnRequest(byte[] header) => Header = header;

    private byte[] Header { get; }

    /// <summary>Who wants to hear; none where nobody asked, or not by addresses.</summary>
    public IReadOnlyList<MailAddress> To { get; private init; } = [];

    public string? MessageId { get; private init; }

    /// <summary>RFC 8098 §2.3: as the field has it, type and address.</summary>
    public string? OriginalRecipient { get; private init; }

    public string Subject { get; private init; } = "";

    /// <summary>It is a receipt itself.</summary>
    public bool IsReceipt { get; private init; }

    /// <param name="header">With what we put before it when it came.</param>
    public static MdnRequest Read(byte[] header, MimePart root) => new(header)
    {
        To = Addresses(header, "Disposition-Notification-To"u8),
        MessageId = HeaderFields.TryFind(header, "Message-ID"u8, out var id) && MessageIds.Parse(id) is [var first, ..] ? first : null,
        OriginalRecipient = HeaderFields.TryFind(header, "Original-Recipient"u8, out var original) ? Ascii(HeaderText.Raw(original)) : null,
        Subject = HeaderFields.TryFind(header, "Subject"u8, out var subject) ? HeaderText.Decode(subject).Trim() : "",
        IsReceipt = root is { Type: "multipart", Subtype: "report" }
            && "disposition-notification".Equals(root.Parameter("report-type"), StringComparison.OrdinalIgnoreCase),
    };

    /// <summary>RFC 8098 §2.1: one address, and the one that the message came from.</summary>
    public bool MayBeAutomatic()
    {
        if (To is not [var wanted]) return false;
        var paths = new List<string>();
        foreach (var field in new HeaderFields(Header))
            if (field.Is("Return-Path"u8)) paths.Add(HeaderText.Raw(field.Value).Trim().TrimStart('<').TrimEnd('>'));
        return paths is [var path, ..] && MailAddress.TryParse(path, out var from)
            && AddressComparer.Instance.Equals(from.Wire, wanted.Wire);
    }

    private static List<MailAddress> Addresses(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name)
    {
        var all = new List<MailAddress>();
        foreach (var field in new HeaderFields(header))
        {
            if (!field.Is(name)) continue;
            foreach (var mailbox in AddressList.Mailboxes(AddressList.Parse(field.Value)))
                if (mailbox.TryMailAddress(out var address)) all.Add(address);
        }
        return [.. all.DistinctBy(a => a.Wire, AddressComparer.Instance)];
    }

    // What is said back is a field again.
    private static string? Ascii(string value)
    {
        var text = value.ReplaceLineEndings(" ").Trim();
        return text.Length is > 0 and <= 500 && text.All(c => c is >= ' ' and <= '~') ? text : null;
    }
}
