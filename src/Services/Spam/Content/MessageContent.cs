using System.Buffers;
using System.Buffers.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>
/// What checks look at in a message, decoded once: header, texts, links, files. Each is made when first asked for; safe to use from
/// several checks at once. What is looked at is bounded: <see cref="MostTextOctets"/> of texts, <see cref="MostFileOctets"/> of files.
/// </summary>
public sealed class MessageContent
{
    /// <summary>Encoded octets of all text parts that are looked at, 512 KiB.</summary>
    public const int MostTextOctets = 512 * 1024;

    /// <summary>Decoded octets of attached files held for one message, 8 MiB.</summary>
    public const int MostFileOctets = 8 * 1024 * 1024;

    /// <summary>Characters of <see cref="Plain"/>, 128 Ki.</summary>
    public const int MostPlain = 128 * 1024;

    /// <summary>URLs of a message.</summary>
    public const int MostUrls = 300;

    private const int MostParts = 100;
    private readonly Lock _gate = new();
    private readonly SpooledBody _body;
    private readonly MimePart _root;
    private MessageHeader? _header;
    private IReadOnlyList<TextPart>? _texts;
    private IReadOnlyList<FoundUrl>? _urls;
    private IReadOnlyList<AttachedFile>? _files;
    private IReadOnlyList<AttachedPage>? _pages;
    private string? _plain;
    private string? _subject;
    private TextTricks _tricks;
    private long _fileOctets;

    internal MessageContent(SpamInput input) => (_body, _root) = (input.Body, input.Root);

    public MessageHeader Header
    {
        get
        {
            lock (_gate) return _header ??= new(
                Octets(_root.HeaderOffset, Math.Min(_root.HeaderLength, MimeLimits.Default.HeaderOctets)),
                    isCut: _root.HeaderLength > MimeLimits.Default.HeaderOctets);
        }
    }

    /// <summary>The text parts in order, those of embedded messages too; files with a name are not among them.</summary>
    public IReadOnlyList<TextPart> Texts
    {
        get
        {
            lock (_gate) return _texts ??= ReadTexts();
        }
    }

    /// <summary>
    /// The words of the message: what is shown of its text parts, tricks undone (<see cref="PlainText"/>), case kept; of HTML and its text
    /// alternative only what is shown, the HTML. At most <see cref="MostPlain"/> characters.
    /// </summary>
    public string Plain
    {
        get
        {
            lock (_gate) return _plain ??= ReadPlain();
        }
    }

    /// <summary>The decoded subject, tricks undone.</summary>
    public string Subject
    {
        get
        {
            lock (_gate) return _subject ??= PlainText.Fold(Header.Subject);
        }
    }

    /// <summary>The tricks met while <see cref="Plain"/> was made.</summary>
    public TextTricks Tricks
    {
        get
        {
            lock (_gate)
            {
                _plain ??= ReadPlain();
                return _tricks;
            }
        }
    }

    /// <summary>URLs of texts and HTML, at most 300, each host and path once.</summary>
    public IReadOnlyList<FoundUrl> Urls
    {
        get
        {
            lock (_gate) return _urls ??= ReadUrls();
        }
    }

    /// <summary>Parts that are files: named ones, and all that is neither text nor multipart.</summary>
    public IReadOnlyList<AttachedFile> Files
    {
        get
        {
            lock (_gate) return _files ??= ReadFiles();
        }
    }

    /// <summary>Attached HTML and SVG, read like a body: a browser opens it. At most <see cref="MostTextOctets"/> octets of all.</summary>
    public IReadOnlyList<AttachedPage> Pages
    {
        get
        {
            lock (_gate) return _pages ??= ReadPages();
        }
    }

    /// <summary>Some part is not among <see cref="Leaves()"/>.</summary>
    public bool HasMoreParts => Leaves(_root, 0, () => true).Skip(MostParts).Any();

    /// <summary>Some text, or the end of one, is not among <see cref="Texts"/>.</summary>
    public bool HasMoreTexts =>
        Texts.Any(t => !t.IsWhole) || Leaves().Where(p => IsReadText(p) && p.BodyLength > 0).Skip(Texts.Count).Any();

    /// <summary>All parts of the message without multiparts, at most 100, embedded messages followed.</summary>
    public IEnumerable<MimePart> Leaves()
    {
        var left = MostParts;
        return Leaves(_root, 0, () => left-- > 0);
    }

    private static IEnumerable<MimePart> Leaves(MimePart part, int depth, Func<bool> room)
    {
        if (depth > MimeLimits.Default.Depth) yield break;
        if (part.Children.Count == 0 && part.Message is null)
        {
            if (room()) yield return part;
            yield break;
        }
        foreach (var child in part.Message is { } message ? [message] : part.Children)
        {
            foreach (var leaf in Leaves(child, depth + 1, room)) yield return leaf;
        }
    }

    // ---- texts

    private List<TextPart> ReadTexts()
    {
        var texts = new List<TextPart>(2);
        var left = MostTextOctets;
        foreach (var part in Leaves())
        {
            if (!IsReadText(part) || left <= 0 || part.BodyLength == 0) continue;
            texts.Add(ReadText(part, ref left));
        }
        // RFC 2046 §5.1.4: of alternatives the last that can be shown is shown.
        foreach (var (text, at) in texts.Select((t, i) => (t, i)).ToList())
        {
            if (text.Page is null && text.IsShown && IsHiddenAlternative(_root, text.Part, texts, 0)) texts[at] = text with { IsShown = false };
        }
        return texts;
    }

    private static bool IsReadText(MimePart part) =>
        (part.IsText || part.IsMultipart) && (part.FileName is null || part.Disposition is null or "inline")
        && part.Disposition != "attachment" && part.Subtype is not ("calendar" or "x-vcard" or "vcard" or "csv");

    private TextPart ReadText(MimePart part, ref int left)
    {
        var length = (int)Math.Min(part.BodyLength, left);
        left -= length;
        var octets = Decode(part, Octets(part.BodyOffset, length)).Span;
        var text = Charsets.Decode(part.Charset, octets);
        var isHtml = part.Subtype is "html" or "xhtml" || (part.Subtype != "plain" && FileMagic.Of(octets) == FileKind.Html);
        return new(part, text, isHtml ? HtmlScanner.Scan(text) : null, IsShown: true, IsWhole: length == part.BodyLength);
    }

    private static bool IsHiddenAlternative(MimePart at, MimePart part, List<TextPart> texts, int depth)
    {
        if (depth > MimeLimits.Default.Depth) return false;
        foreach (var child in at.Message is { } message ? [message] : at.Children)
        {
            if (!Holds(child, part)) continue;
            if (at is { IsMultipart: true, Subtype: "alternative" })
            {
                return texts.Exists(t => t.Page is { VisibleLetters: > 0 } && t.Part != part && Holds(at, t.Part) && !Holds(child, t.Part))
                    || IsHiddenAlternative(child, part, texts, depth + 1);
            }
            return IsHiddenAlternative(child, part, texts, depth + 1);
        }
        return false;
    }

    private static bool Holds(MimePart outer, MimePart inner) =>
        inner.HeaderOffset >= outer.HeaderOffset && inner.EndOffset <= outer.EndOffset;

    private string ReadPlain()
    {
        var into = new ArrayBufferWriter<char>(4096);
        foreach (var text in Texts)
        {
            if (!text.IsShown || into.WrittenCount >= MostPlain) continue;
            var shown = text.Page is { } page ? page.Visible : text.Text;
            PlainText.Fold(shown.AsSpan(0, Math.Min(shown.Length, MostPlain - into.WrittenCount)), into, ref _tricks);
        }
        return into.WrittenSpan.Trim(' ').ToString();
    }

    // ---- links

    private List<FoundUrl> ReadUrls()
    {
        var urls = new List<FoundUrl>();
        foreach (var text in Texts)
        {
            if (text.Page is { } page) UrlFinder.InPage(page, MostUrls, urls);
            else UrlFinder.InText(text.Text, MostUrls, urls);
        }
        foreach (var attached in Pages) UrlFinder.InPage(attached.Page, MostUrls, urls);
        return urls;
    }

    // ---- files

    private List<AttachedFile> ReadFiles()
    {
        var files = new List<AttachedFile>();
        foreach (var part in Leaves())
        {
            if (!IsReadText(part) && !part.IsMultipart) files.Add(new(part, ReadFile));
        }
        return files;
    }

    private List<AttachedPage> ReadPages()
    {
        var pages = new List<AttachedPage>();
        var left = MostTextOctets;
        foreach (var file in Files)
        {
            if (!FileNames.IsPage(file.Kind, file.Extension)) continue;
            var octets = left <= 0 ? default : ReadFile(file.Part, left);
            if (octets.Length > left) octets = octets[..left];
            left -= octets.Length;
            pages.Add(new(file, HtmlScanner.Scan(Charsets.Decode(CharsetOf(file.Part, octets.Span), octets.Span)),
                IsWhole: octets.Length < left || file.Part.BodyLength <= octets.Length));
        }
        return pages;
    }

    private static string? CharsetOf(MimePart part, ReadOnlySpan<byte> octets) =>
        octets.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) ? "utf-16le" : octets.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])
            ? "utf-16be" : part.Charset ?? "utf-8";

    // All of it for most -1, else about so many decoded octets.
    private ReadOnlyMemory<byte> ReadFile(MimePart part, long most)
    {
        if (most >= 0)
        {
            var head = (int)Math.Min(part.BodyLength, most * 3 / 2);
            return Decode(part, Octets(part.BodyOffset, head));
        }
        if (Interlocked.Add(ref _fileOctets, part.BodyLength) > MostFileOctets * 3L / 2) return default;
        return Decode(part, Octets(part.BodyOffset, part.BodyLength));
    }

    // ---- octets

    /// <summary>The first octets behind the header, as they were sent.</summary>
    internal ReadOnlySpan<byte> Beginning(int most) => Octets(_root.BodyOffset, most).Span;

    private ReadOnlyMemory<byte> Octets(long offset, long length)
    {
        length = Math.Clamp(_body.Length - offset, 0, length);
        if (_body.InMemory) return _body.Memory.Slice((int)offset, (int)length);
        var octets = new byte[length];
        var read = 0;
        while (read < octets.Length && _body.Read(offset + read, octets.AsSpan(read)) is var count and > 0) read += count;
        return octets.AsMemory(0, read);
    }

    private static ReadOnlyMemory<byte> Decode(MimePart part, ReadOnlyMemory<byte> octets)
    {
        if (part.Encoding == "base64")
        {
            var room = new byte[Base64.GetMaxDecodedFromUtf8Length(octets.Length)];
            var status = Base64.DecodeFromUtf8(octets.Span, room, out var consumed, out var written, isFinalBlock: true);
            // The kind decoder reads on where this one stops: at foreign characters and after padding.
            if (status == OperationStatus.Done && consumed == octets.Length) return room.AsMemory(0, written);
        }
        return part.Encoding is "base64" or "quoted-printable" ? TransferDecoder.DecodeAll(part.Encoding, octets.Span) : octets;
    }
}
