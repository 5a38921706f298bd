using System.Text;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>Reads an MDN from a message (RFC 8098 §3, RFC 9007 §2.2). Whoever wrote it is a stranger.</summary>
internal static class MdnReader
{
    private const long MostFields = 64 * 1024, MostText = 256 * 1024;

    /// <summary>Null when the message is no MDN.</summary>
    public static Mdn? Read(MessageOctets message)
    {
        var root = BodyPart.Of(message.Root);
        if (root.Type != "multipart/report") return null;
        var at = root.SubParts.ToList().FindIndex(
            p => p.Type is "message/disposition-notification" or "message/global-disposition-notification");
        if (at < 0 || Fields(message.Decode(root.SubParts[at].Mime, MostFields).Span) is not { FinalRecipient: not null } mdn) return null;
        var text = root.SubParts.Take(at).Select(Plain).FirstOrDefault(static p => p is not null);
        return mdn with
        {
            Subject = HeaderFields.TryFind(message.Header, "Subject"u8, out var subject) ? HeaderText.Decode(subject).Trim() : null,
            TextBody = text is null ? null : BodyValue.Read(message, text, MostText).Value,
            IncludeOriginalMessage = root.SubParts.Skip(at + 1).Any(static p => p.Mime.IsMessage),
        };
    }

    private static BodyPart? Plain(BodyPart part) =>
        part.Type == "text/plain" ? part : part.SubParts.Select(Plain).FirstOrDefault(static p => p is not null);

    private static Mdn? Fields(ReadOnlySpan<byte> octets)
    {
        Mdn? mdn = null;
        var (errors, extensions) = (new List<string>(), new List<KeyValuePair<string, string>>());
        var known = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in new HeaderFields(octets))
        {
            if (field.Name.IsEmpty) continue;
            var (name, value) = (Encoding.ASCII.GetString(field.Name), HeaderText.Decode(field.Value).Trim());
            if (name.Equals("Error", StringComparison.OrdinalIgnoreCase)) errors.Add(value);
            else if (Mdn.Fields.Contains(name)) known.TryAdd(name, value);
            else if (extensions.TrueForAll(e => e.Key != name)) extensions.Add(new(name, value));
        }
        if (known.GetValueOrDefault("Disposition") is { } text && Disposition(text) is { } disposition)
        {
            mdn = new Mdn(disposition)
            {
                ReportingUA = known.GetValueOrDefault("Reporting-UA"),
                MdnGateway = known.GetValueOrDefault("MDN-Gateway"),
                OriginalRecipient = known.GetValueOrDefault("Original-Recipient"),
                FinalRecipient = known.GetValueOrDefault("Final-Recipient"),
                OriginalMessageId = known.GetValueOrDefault("Original-Message-ID"),
                Errors = errors,
                ExtensionFields = extensions,
            };
        }
        return mdn;
    }

    // RFC 8098 §3.2.6: action-mode "/" sending-mode ";" type [ "/" modifiers ]; RFC 9007 §2: in lower case.
    private static MdnDisposition? Disposition(string text)
    {
        var halves = text.ToLowerInvariant().Split(';', 2);
        if (halves.Length < 2 || halves[0].Split('/') is not [var action, var sending]) return null;
        var read = new MdnDisposition(action.Trim(), sending.Trim(), halves[1].Split('/')[0].Trim());
        return read.IsKnown ? read : null;
    }
}
