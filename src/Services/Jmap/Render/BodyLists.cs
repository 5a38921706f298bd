namespace Aviso.Jmap;

/// <summary>The flat lists a client shows: textBody, htmlBody and attachments (RFC 8621 §4.1.4). The bodies are found as it suggests, and
/// attachments are what its definition of them says, so that nothing is in no list.</summary>
internal sealed class BodyLists
{
    private readonly List<BodyPart> _text = [];
    private readonly List<BodyPart> _html = [];
    private readonly List<BodyPart> _attachments = [];

    private BodyLists(BodyPart root)
    {
        Walk([root], "mixed", inAlternative: false, _text, _html);
        Attach(root, "mixed", [.. _text], [.. _html]);
    }

    public IReadOnlyList<BodyPart> TextBody => _text;

    public IReadOnlyList<BodyPart> HtmlBody => _html;

    public IReadOnlyList<BodyPart> Attachments => _attachments;

    /// <summary>
    /// There is something to be offered for download: not what HTML shows within itself (§4.1.4 "referenced as embedded images"), nor the
    /// signature over the rest, which a client looks at by itself.
    /// </summary>
    public bool HasAttachment { get; private set; }

    public static BodyLists Of(BodyPart root) => new(root);

    // A list is null where the other form stands beside and holds what this one would have.
    private static void Walk(
        IReadOnlyList<BodyPart> parts, string multipart, bool inAlternative, List<BodyPart>? text, List<BodyPart>? html)
    {
        var (textBefore, htmlBefore) = (text?.Count ?? -1, html?.Count ?? -1);
        for (var i = 0; i < parts.Count; i++)
        {
            var part = parts[i];
            if (part.IsMultipart) Walk(part.SubParts, part.Mime.Subtype, inAlternative || part.Mime.Subtype == "alternative", text, html);
            else if (!IsInline(part, i, multipart)) continue;
            else if (multipart == "alternative") Alternative(part)?.Add(part);
            else
            {
                if (inAlternative && part.Type == "text/plain") html = null;
                if (inAlternative && part.Type == "text/html") text = null;
                text?.Add(part);
                html?.Add(part);
            }
        }
        if (multipart != "alternative" || text is null || html is null) return;
        // Found one of the two only: it is the body in both.
        if (text.Count == textBefore && html.Count != htmlBefore) text.AddRange(html.Skip(htmlBefore).ToList());
        else if (html.Count == htmlBefore && text.Count != textBefore) html.AddRange(text.Skip(textBefore).ToList());

        List<BodyPart>? Alternative(BodyPart part) => part.Type switch
        {
            "text/plain" => text,
            "text/html" => html,
            _ => null,
        };
    }

    // "not included in textBody or htmlBody", and of media "not in both".
    private void Attach(BodyPart part, string multipart, HashSet<BodyPart> text, HashSet<BodyPart> html)
    {
        foreach (var child in part.SubParts) Attach(child, part.Mime.Subtype, text, html);
        if (part.IsMultipart) return;
        var (inText, inHtml) = (text.Contains(part), html.Contains(part));
        if (inText && inHtml) return;
        if ((inText || inHtml) && !part.IsInlineMedia) return;
        _attachments.Add(part);
        var isEmbedded = multipart == "related" && part.IsInlineMedia && part.Mime.ContentId is not null && part.Mime.Disposition is null;
        HasAttachment |= part.Mime.Disposition != "inline" && !isEmbedded && !IsSignature(part);
    }

    private static bool IsSignature(BodyPart part) =>
        part.Type is "application/pgp-signature" or "application/pkcs7-signature" or "application/x-pkcs7-signature";

    // Of a multipart/related only the first part is the body; a text with a file name that is not the first part is an attachment.
    private static bool IsInline(BodyPart part, int place, string multipart) =>
        part.Mime.Disposition != "attachment" && (part.Type is "text/plain" or "text/html" || part.IsInlineMedia)
        && (place == 0 || (multipart != "related" && (part.IsInlineMedia || part.Name is null)));
}
