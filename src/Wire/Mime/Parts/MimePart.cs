namespace Aviso.Mime;

/// <summary>One parameter of Content-Type or Content-Disposition.</summary>
/// <param name="Name">Lower case, without RFC 2231 marks.</param>
/// <param name="Value">Unquoted; RFC 2231 continuations joined and decoded; RFC 2047 words left as they are.</param>
public readonly record struct MimeParameter(string Name, string Value);

/// <summary>
/// One node of the part tree. Offsets are octets from the first octet of the scanned message; nothing of the body is held.
/// A multipart has <see cref="Children"/>, a message/rfc822 or message/global has <see cref="Message"/>, others have neither.
/// </summary>
public sealed class MimePart
{
    public long HeaderOffset { get; internal set; }

    /// <summary>Octets of the header block, the empty line that ends it included.</summary>
    public long HeaderLength { get; internal set; }

    public long BodyOffset { get; internal set; }

    /// <summary>Octets of the body as transferred; the line break before a boundary belongs to the boundary (RFC 2046 §5.1.1).</summary>
    public long BodyLength { get; internal set; }

    /// <summary>Line ends in the body.</summary>
    public long BodyLines { get; internal set; }

    /// <summary>Lower case; "text" when the field is absent or unreadable (RFC 2045 §5.2).</summary>
    public string Type { get; internal set; } = "text";

    /// <summary>Lower case.</summary>
    public string Subtype { get; internal set; } = "plain";

    public IReadOnlyList<MimeParameter> Parameters { get; internal set; } = [];

    /// <summary>Lower case, or null without a Content-Disposition field (RFC 2183).</summary>
    public string? Disposition { get; internal set; }

    public IReadOnlyList<MimeParameter> DispositionParameters { get; internal set; } = [];

    /// <summary>Content-Transfer-Encoding, lower case; "7bit" when absent or not a token (RFC 2045 §6.1).</summary>
    public string Encoding { get; internal set; } = "7bit";

    /// <summary>With its angle brackets, as sent; null when absent.</summary>
    public string? ContentId { get; internal set; }

    /// <summary>Unfolded, RFC 2047 words left as they are; null when absent.</summary>
    public string? Description { get; internal set; }

    public string? Md5 { get; internal set; }

    /// <summary>RFC 3282 language tags in order; empty when absent.</summary>
    public IReadOnlyList<string> Language { get; internal set; } = [];

    /// <summary>RFC 2557 Content-Location; null when absent.</summary>
    public string? Location { get; internal set; }

    public IReadOnlyList<MimePart> Children => ChildList ?? (IReadOnlyList<MimePart>)[];

    /// <summary>The parts that IMAP shows and numbers: the children, and in a multipart without any delimiter one empty text at its end,
    /// because the grammar (RFC 9051 §9, body-type-mpart) wants one at least.</summary>
    public IReadOnlyList<MimePart> Shown =>
        Children.Count > 0 || !IsMultipart || LimitHit ? Children : [new() { HeaderOffset = EndOffset, BodyOffset = EndOffset }];

    /// <summary>The parts that a reader shows: the children, and for a multipart without any delimiter one text that is all it holds, so
    /// that nothing somebody wrote is out of sight (JMAP).</summary>
    public IReadOnlyList<MimePart> Readable =>
        Children.Count > 0 || !IsMultipart || LimitHit || BodyLength == 0 ? Children : [TextOfAll()];

    /// <summary>The root of the embedded message of a message/rfc822 or message/global part; null for others and beyond a limit.</summary>
    public MimePart? Message { get; internal set; }

    /// <summary>This part, or (on the root) some part, was not analysed to its end: see <see cref="MimeLimits"/>.</summary>
    public bool LimitHit { get; internal set; }

    /// <summary>Of the root: what its ENVELOPE leaves open.</summary>
    public EnvelopeMarks Marks { get; internal set; }

    public bool IsMultipart => Type == "multipart";

    /// <summary>message/rfc822 or message/global, whether or not it could be looked into.</summary>
    public bool IsMessage => Type == "message" && (Subtype == "rfc822" || Subtype == "global");

    public bool IsText => Type == "text";

    /// <summary>The charset parameter, or null.</summary>
    public string? Charset => Parameter("charset");

    /// <summary>Decoded file name (RFC 2183 §2.3, else the old "name" parameter), or null.</summary>
    public string? FileName =>
        (Find(DispositionParameters, "filename") ?? Parameter("name")) is { Length: > 0 } raw ? EncodedWord.Decode(raw) : null;

    /// <summary>Octet after the body.</summary>
    public long EndOffset => BodyOffset + BodyLength;

    /// <summary>Value of a Content-Type parameter by lower-case name, or null.</summary>
    public string? Parameter(string name) => Find(Parameters, name);

    internal List<MimePart>? ChildList { get; set; }

    /// <summary>
    /// For the root of an embedded message fresh from the scanner: the fields ENVELOPE shows. Null after
    /// <see cref="PartIndex.Read"/>; the octets are then at <see cref="HeaderOffset"/>.
    /// </summary>
    internal byte[]? EnvelopeFields { get; set; }

    private MimePart TextOfAll() => new()
    {
        HeaderOffset = BodyOffset,
        BodyOffset = BodyOffset,
        BodyLength = BodyLength,
        BodyLines = BodyLines,
        Encoding = Encoding,
    };

    private static string? Find(IReadOnlyList<MimeParameter> parameters, string name)
    {
        foreach (var p in parameters)
        {
            if (p.Name == name) return p.Value;
        }
        return null;
    }
}
