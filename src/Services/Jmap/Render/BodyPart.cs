using System.Globalization;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>A part as JMAP has it (RFC 8621 §4.1.4 EmailBodyPart): without what lies inside attached messages.</summary>
internal sealed class BodyPart
{
    private BodyPart(MimePart mime, string? id, IReadOnlyList<BodyPart> subParts)
    {
        Mime = mime;
        Id = id;
        SubParts = subParts;
        // What lies beyond a limit is one opaque part.
        Type = mime.IsMultipart && id is not null ? "application/octet-stream" : $"{mime.Type}/{mime.Subtype}";
    }

    public MimePart Mime { get; }

    /// <summary>partId, the number IMAP gives the part; null for a multipart and only for that.</summary>
    public string? Id { get; }

    public IReadOnlyList<BodyPart> SubParts { get; }

    public string Type { get; }

    public bool IsMultipart => Id is null;

    public bool IsText => Mime.IsText;

    /// <summary>image/*, audio/* or video/*.</summary>
    public bool IsInlineMedia => Mime.Type is "image" or "audio" or "video";

    public string? Name => Mime.FileName;

    /// <summary>The Content-ID without its brackets, by which HTML names the part.</summary>
    public string? Cid => Mime.ContentId is not { } raw ? null
        : MessageIds.Parse(System.Text.Encoding.UTF8.GetBytes(raw)) is [var id, ..] ? id : raw;

    /// <summary>"us-ascii" is what a text without a charset is in (RFC 2045 §5.2); null for what is no text.</summary>
    public string? Charset => Mime.Charset ?? (Mime.IsText ? "us-ascii" : null);

    /// <summary>The tree of a message.</summary>
    public static BodyPart Of(MimePart root) => Of(root, "");

    /// <summary>The part with this id, or null. What is inside of an attached message has the message's number before its own, as IMAP
    /// counts.</summary>
    public BodyPart? Find(string id)
    {
        if (Id == id) return this;
        if (Mime.Message is { } message && id.StartsWith(Id + ".", StringComparison.Ordinal)) return Of(message).Find(
            id[(Id + ".").Length..]);
        foreach (var part in SubParts)
        {
            if (part.Find(id) is { } found) return found;
        }
        return null;
    }

    private static BodyPart Of(MimePart mime, string number)
    {
        var isClosed = mime.LimitHit && mime.Children.Count == 0;
        if (!mime.IsMultipart || isClosed) return new(mime, number.Length == 0 ? "1" : number, []);
        var children = mime.Readable;
        var parts = new BodyPart[children.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var place = (i + 1).ToString(CultureInfo.InvariantCulture);
            parts[i] = Of(children[i], number.Length == 0 ? place : $"{number}.{place}");
        }
        return new(mime, null, parts);
    }
}
