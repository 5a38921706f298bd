using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>Writes an MDN as a message (RFC 8098 §3).</summary>
internal sealed class MdnComposer(JmapServices services)
{
    /// <param name="mdn">With all that the message is to say.</param>
    /// <param name="original">The octets of the message that it is for; null: they are left out.</param>
    public byte[] Write(Mdn mdn, MdnRequest request, HeaderAddress from, byte[]? original)
    {
        var to = request.To.Select(a => HeaderAddress.Of("", a)).ToList();
        var utf8 = request.To.Any(a => a.NeedsUtf8) || !Ascii.IsValid(from.Address);
        var header = new HeaderWriter(utf8)
            .Addresses("From", from)
            .Addresses("To", to)
            .Text("Subject", mdn.Subject ?? "")
            .Date("Date", services.Clock.GetUtcNow())
            .Ids("Message-ID", $"{IdText.Format(services.Ids.Next())}@{services.HostName}");
        if (request.MessageId is { } id) header.Ids("In-Reply-To", id).Ids("References", id);
        // RFC 3834 §5: nobody answers it.
        header.Raw("Auto-Submitted", "auto-replied");
        var parts = new List<MimeEntity>
        {
            MimeEntity.Text(mdn.TextBody ?? ""),
            MimeEntity.Part("message/disposition-notification", Notification(mdn)),
        };
        if (original is not null) parts.Add(MimeEntity.Part("message/rfc822", original));
        var body = MimeEntity.Multipart("report", [new("report-type", "disposition-notification")], parts);
        return new MessageComposer(header, body).Compose();
    }

    /// <summary>What is said where the client says nothing.</summary>
    public static string DefaultText(MdnDisposition disposition, string subject) =>
        $"Your message \"{subject}\" was {disposition.Type}.\r\nThis does not mean that it was read or understood.\r\n";

    // The order that RFC 8098 §3.1 recommends.
    private static byte[] Notification(Mdn mdn)
    {
        var fields = new StringBuilder();
        Add("Reporting-UA", mdn.ReportingUA);
        Add("Original-Recipient", mdn.OriginalRecipient);
        Add("Final-Recipient", mdn.FinalRecipient);
        Add("Original-Message-ID", mdn.OriginalMessageId);
        Add("Disposition", $"{mdn.Disposition.ActionMode}/{Cased(mdn.Disposition.SendingMode)}; {mdn.Disposition.Type}");
        foreach (var (name, value) in mdn.ExtensionFields) Add(name, value);
        return Encoding.UTF8.GetBytes(fields.ToString());

        void Add(string name, string? value)
        {
            if (value is not null) fields.Append(name).Append(": ").Append(value).Append("\r\n");
        }
    }

    // As RFC 8098 §3.2.6 writes it.
    private static string Cased(string sendingMode) => "MDN" + sendingMode[3..];
}
