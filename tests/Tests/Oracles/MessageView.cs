using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Aviso.Mime;
using MimeKit;

namespace Aviso.Tests.Oracles;

/// <summary>What a reader says about one message, field by field: addresses, dates and text of the header, then of each part its type, file name,
/// decoded octets and decoded text. Two readers are compared by it.</summary>
internal static partial class MessageView
{
    private static readonly string[] AddressFields = ["From", "Sender", "Reply-To", "To", "Cc"];

    static MessageView() => System.Text.Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>As Aviso reads it.</summary>
    public static SortedDictionary<string, string> Ours(byte[] message)
    {
        var scanner = new MimeScanner();
        scanner.Append(message);
        var root = scanner.Finish();
        var header = message.AsSpan(0, (int)root.HeaderLength);
        var view = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in AddressFields)
        {
            view[name] = HeaderFields.TryFind(header, System.Text.Encoding.ASCII.GetBytes(name), out var value)
                ? string.Join("; ", AddressList.Mailboxes(AddressList.Parse(value)).Where(a => a.LocalPart.Length + a.Domain.Length > 0).Select(Shown)) : "";
        }
        view["Subject"] = HeaderFields.TryFind(header, "Subject"u8, out var subject) ? HeaderText.Decode(subject) : "";
        view["Date"] = HeaderFields.TryFind(header, "Date"u8, out var date) && MailDate.TryParse(date, out var at) ? Shown(at) : "";
        view["Message-ID"] = HeaderFields.TryFind(header, "Message-ID"u8, out var id) ? MessageIds.Parse(id) is [var first, ..] ? first : "" : "";
        Part(view, "", root, message);
        return view;
    }

    /// <summary>As MimeKit reads it; null when it takes it for no message.</summary>
    public static SortedDictionary<string, string>? Theirs(byte[] octets)
    {
        MimeMessage message;
        try
        {
            message = MimeMessage.Load(new MemoryStream(octets));
        }
        catch (FormatException)
        {
            return null;
        }
        var view = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["From"] = Shown(message.From.Mailboxes),
            ["Sender"] = Shown(message.Sender is { } sender ? [sender] : []),
            ["Reply-To"] = Shown(message.ReplyTo.Mailboxes),
            ["To"] = Shown(message.To.Mailboxes),
            ["Cc"] = Shown(message.Cc.Mailboxes),
            ["Subject"] = message.Subject ?? "",
            ["Date"] = message.Date == default ? "" : Shown(message.Date),
            ["Message-ID"] = message.MessageId ?? "",
        };
        Part(view, "", message.Body);
        return view;
    }

    private static void Part(SortedDictionary<string, string> view, string at, Aviso.Mime.MimePart part, byte[] message)
    {
        view["type " + at] = $"{part.Type}/{part.Subtype}";
        if (part.Message is { } inner) Part(view, at + "m", inner, message);
        for (var i = 0; i < part.Children.Count; i++) Part(view, $"{at}.{i + 1}", part.Children[i], message);
        if (part.IsMultipart || part.Message is not null || part is { Type: "text", Subtype: "rfc822-headers" }) return;
        var octets = TransferDecoder.DecodeAll(part.Encoding, message.AsSpan((int)part.BodyOffset, (int)part.BodyLength));
        Leaf(view, at, part.FileName, octets, part.IsText ? Charsets.Decode(part.Charset, octets) : null);
    }

    private static void Part(SortedDictionary<string, string> view, string at, MimeKit.MimeEntity? entity)
    {
        if (entity is null) return;
        view["type " + at] = $"{entity.ContentType.MediaType}/{entity.ContentType.MediaSubtype}".ToLowerInvariant();
        switch (entity)
        {
            case TextRfc822Headers:
                break;
            case MessagePart { Message: { } inner }:
                Part(view, at + "m", inner.Body);
                break;
            case Multipart many:
                for (var i = 0; i < many.Count; i++) Part(view, $"{at}.{i + 1}", many[i]);
                break;
            case MimeKit.MimePart leaf:
                var into = new MemoryStream();
                leaf.Content?.DecodeTo(into);
                Leaf(view, at, leaf.FileName, into.ToArray(), (leaf as TextPart)?.Text);
                break;
        }
    }

    private static void Leaf(SortedDictionary<string, string> view, string at, string? file, byte[] octets, string? text)
    {
        view["file " + at] = file ?? "";
        view["octets " + at] = $"{octets.Length} {Convert.ToHexString(SHA256.HashData(octets))[..16]}";
        if (text is not null) view["text " + at] = text.ReplaceLineEndings("\n");
    }

    private static string Shown(DateTimeOffset at) => at.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    private static string Shown(Aviso.Mime.HeaderAddress address) => $"{address.DisplayName} <{Domain(address.Address)}>";

    private static string Shown(IEnumerable<MailboxAddress> all) => string.Join("; ", all.Select(a => $"{a.Name} <{Unneeded().Replace(a.GetAddress(true), "$1@")}>"));

    private static string Domain(string address)
    {
        var at = address.LastIndexOf('@');
        return at < 0 || System.Text.Ascii.IsValid(address.AsSpan(at)) ? address : MailboxAddress.EncodeAddrspec(address);
    }

    // RFC 5322 §3.4.1: quotes that a dot-atom does not need mean nothing.
    [GeneratedRegex(@"^""([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)""@")]
    private static partial Regex Unneeded();
}
