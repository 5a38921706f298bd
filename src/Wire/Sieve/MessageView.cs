using System.Buffers;
using System.Text;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>One header field with its octets.</summary>
internal sealed class Field(string name, ReadOnlyMemory<byte> octets, int valueAt, int valueLength)
{
    private string? _decoded;
    private List<HeaderAddress>? _addresses;

    /// <summary>As sent; empty for a line that is no field.</summary>
    public readonly string Name = name;

    /// <summary>The whole field with its line end.</summary>
    public readonly ReadOnlyMemory<byte> Octets = octets;

    public ReadOnlySpan<byte> Value => Octets.Span.Slice(valueAt, valueLength);

    /// <summary>RFC 5228 §2.4.2.2, §5.7: unfolded, encoded words decoded, white space around it gone.</summary>
    public string Decoded => _decoded ??= HeaderText.Decode(Value).Trim(' ', '\t');

    /// <summary>The mailboxes of a field; what is none stands whole in the local part of an address without domain.</summary>
    public IReadOnlyList<HeaderAddress> Addresses => _addresses ??= ReadAddresses();

    private List<HeaderAddress> ReadAddresses()
    {
        var all = AddressList.Parse(Value);
        var found = AddressList.Mailboxes(all).ToList();
        return found.Count > 0 || all.Count > 0 ? found : [HeaderAddress.Of("", Decoded, "")];
    }

    public static List<Field> Read(ReadOnlyMemory<byte> block)
    {
        var fields = new List<Field>();
        foreach (var field in new HeaderFields(block.Span))
        {
            var octets = block.Slice(field.Offset, field.Length);
            octets.Span.Overlaps(field.Value, out var at);
            fields.Add(new(Encoding.ASCII.GetString(field.Name), octets, field.Value.IsEmpty ? 0 : at, field.Value.Length));
        }
        return fields;
    }
}

/// <summary>
/// The message as the script sees it: header fields with the edits so far, parts, decoded text. Octets are read when asked for and
/// within the limits; the edits are immutable, so a failed script is undone by putting the old ones back.
/// </summary>
internal sealed class MessageView
{
    private readonly SieveMessage _message;
    private readonly SieveLimits _limits;
    private readonly Dictionary<MimePart, List<Field>> _partFields = [];
    private readonly Dictionary<(MimePart, string), string> _texts = [];
    private readonly Dictionary<MimePart, MessageSource> _owners = [];
    private readonly long _restAt;
    private Edits _edits;
    private Dictionary<string, List<Field>>? _byName;
    private (Edits Of, SieveEdit? Edit)? _rendered;
    private (Edits Of, SieveEdit? Edit)? _renderedHeader;
    private (MessageSource Of, long Offset, long Length, string Text)? _raw;

    /// <param name="made">What the run has made so far; none when it begins.</param>
    public MessageView(SieveMessage message, SieveLimits limits, MadeOctets? made = null)
    {
        (_message, _limits, Made) = (message, limits, made ?? new(limits.Octets));
        var source = new MessageSource(message.Body, message.Root);
        var length = (int)Math.Min(message.Root.HeaderLength, limits.HeaderOctets);
        var fields = Field.Read(source.Read(0, length));
        _restAt = length;
        if (length < message.Root.HeaderLength && fields.Count > 0)
        {
            // The last field may be cut: it belongs to what is only copied.
            _restAt -= fields[^1].Octets.Length;
            fields.RemoveAt(fields.Count - 1);
        }
        _edits = new(fields, source, NoParts, null, null);
    }

    /// <summary>
    /// RFC 6609 §3.8: for a script included where foreverypart is at a part, that part is the whole message. What it edits there is put
    /// into the part by <see cref="Return"/>.
    /// </summary>
    public MessageView Of(MimePart part)
    {
        var (source, now) = Now(part);
        var octets = source.Read(now.HeaderOffset, (int)Math.Min(now.EndOffset - now.HeaderOffset, _limits.EditedOctets));
        Made.Take(octets.Length);
        var inner = new MessageView(_message, _limits, Made);
        var own = new MessageSource(octets);
        inner.Current = new(Field.Read(octets.AsMemory(0, (int)Math.Min(own.Root.HeaderLength, _limits.HeaderOctets))), own, NoParts, null, null) { IsChanged = true };
        inner._begun = inner.Current;
        return inner;
    }

    /// <summary>Takes what <paramref name="inner"/> became, if it was edited.</summary>
    public void Return(MimePart part, MessageView inner)
    {
        if (ReferenceEquals(inner._begun, inner.Current)) return;
        SetPart(part, inner.Whole(inner.Current));
        inner._begun = inner.Current;
    }

    private Edits? _begun;

    private static Dictionary<MimePart, MessageSource> NoParts => [];

    /// <summary>What scripts made of the message; never changed itself.</summary>
    /// <param name="Fields">The header.</param>
    /// <param name="Source">The message as received, or what `replace` and `enclose` made of it.</param>
    /// <param name="Parts">Parts of <paramref name="Source"/> in whose place others stand.</param>
    /// <param name="Sent">Header of the message as it would be sent on, where that is not <paramref name="Fields"/> any more.</param>
    /// <param name="Enclosed">What an enclosed message was before.</param>
    public sealed record Edits(
        IReadOnlyList<Field> Fields, MessageSource Source, IReadOnlyDictionary<MimePart, MessageSource> Parts, IReadOnlyList<Field>? Sent, Edits? Enclosed)
    {
        public bool IsChanged { get; init; }

        /// <summary>The header that would be sent on is not the one received.</summary>
        public bool IsSentChanged { get; init; }
    }

    /// <summary>What the run made and keeps: texts, variables, changed messages.</summary>
    public MadeOctets Made { get; }

    public MimePart Root => _edits.Source.Root;

    public IReadOnlyList<Field> Fields => _edits.Fields;

    public Edits Current
    {
        get => _edits;
        set
        {
            _edits = value;
            _byName = null;
        }
    }

    /// <summary>Octets of the message as tests see it.</summary>
    public long Size => _edits.IsChanged
        ? _edits.Fields.Sum(f => (long)f.Octets.Length) + 2 + _edits.Source.Length - Root.BodyOffset
        : _message.Body.Length;

    /// <summary>RFC 5173 §4: a header that no empty line follows is all there is.</summary>
    public bool HasBody
    {
        get
        {
            if (Root.BodyLength > 0 || Root.BodyOffset < 2) return Root.BodyLength > 0;
            var end = Read(Math.Max(0, Root.BodyOffset - 4), 4);
            return end.AsSpan().EndsWith("\n\r\n"u8) || end.AsSpan().EndsWith("\n\n"u8) || Root.HeaderLength <= 2;
        }
    }

    /// <summary>Octets of the message without the edits of its header.</summary>
    public long WholeLength => _edits.Source.Length;

    /// <summary>The fields with this name, in order.</summary>
    public IReadOnlyList<Field> Named(string name)
    {
        if (_byName is null)
        {
            _byName = new(StringComparer.OrdinalIgnoreCase);
            foreach (var field in Fields)
            {
                if (!_byName.TryGetValue(field.Name, out var list)) _byName[field.Name] = list = [];
                list.Add(field);
            }
        }
        return _byName.TryGetValue(name, out var found) ? found : [];
    }

    /// <summary>Fields of one part's header, the root's with its edits.</summary>
    public IEnumerable<Field> Named(MimePart part, string name) => part == Root
        ? Named(name)
        : PartFields(part).Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    public List<Field> PartFields(MimePart part)
    {
        if (part == Root) return [.. Fields];
        var (source, now) = Now(part);
        if (!_partFields.TryGetValue(now, out var fields))
            _partFields[now] = fields = Field.Read(source.Read(now.HeaderOffset, (int)Math.Min(now.HeaderLength, _limits.HeaderOctets)));
        return fields;
    }

    public void SetFields(IReadOnlyList<Field> fields) =>
        Current = _edits with { Fields = fields, IsChanged = true, IsSentChanged = _edits.IsSentChanged || _edits.Sent is null };

    /// <summary>Another message takes the place of this one; <paramref name="enclosed"/>: what it was, when it is inside the new one.</summary>
    public void SetMessage(IReadOnlyList<Field> fields, byte[] body, Edits? enclosed)
    {
        var header = Header(fields);
        Made.Take(2L * header.WrittenCount + body.Length);
        var source = new MessageSource([.. header.WrittenSpan, .. body]);
        Current = _edits with
        {
            Fields = Field.Read(header.WrittenMemory.ToArray()),
            Source = source,
            Parts = NoParts,
            Sent = _edits.Sent ?? _edits.Fields,
            Enclosed = enclosed,
            IsChanged = true,
        };
    }

    /// <summary>Another part takes the place of this one; seen by tests on it at once, by others after <see cref="Settle"/>.</summary>
    public void SetPart(MimePart part, byte[] octets)
    {
        // The part went with the message it was in.
        if (_owners.TryGetValue(part, out var owner) && owner != _edits.Source) return;
        Made.Take(octets.Length);
        Current = _edits with { Parts = new Dictionary<MimePart, MessageSource>(_edits.Parts) { [part] = new(octets) }, IsChanged = true };
    }

    /// <summary>True when the part is in one that was replaced (RFC 5703 §5).</summary>
    public bool IsGone(MimePart part)
    {
        foreach (var (other, _) in _edits.Parts)
        {
            if (other != part && other.HeaderOffset <= part.HeaderOffset && part.EndOffset <= other.EndOffset) return true;
        }
        return false;
    }

    /// <summary>No loop looks at the parts any more: the structure is read anew where parts were replaced (RFC 5703 §5).</summary>
    public void Settle()
    {
        if (_edits.Parts.Count == 0 || Edit() is not { } edit) return;
        Made.Take(edit.Header.Length + (edit.Body?.Length ?? 0));
        Current = _edits with { Source = new([.. edit.Header, .. edit.Body ?? []]), Parts = NoParts, Fields = Field.Read(edit.Header) };
    }

    /// <summary>Octets of the message, without the edits of its header.</summary>
    public byte[] Read(long offset, int length) => _edits.Source.Read(offset, length);

    private MessageSource Owner(MimePart part) => _owners.GetValueOrDefault(part, _edits.Source);

    /// <summary>The part, or what took its place.</summary>
    public (MessageSource Source, MimePart Part) Now(MimePart part) =>
        _edits.Parts.TryGetValue(part, out var other) ? (other, other.Root) : (Owner(part), part);

    /// <summary>A loop came to the part: it can be read for as long as the loop goes on, whatever becomes of the message.</summary>
    public void Visit(MimePart part)
    {
        if (!_owners.ContainsKey(part)) _owners[part] = _edits.Source;
    }

    /// <summary>Decoded text of a leaf; with <paramref name="plain"/> what a reader of HTML sees. At most <see cref="SieveLimits.BodyOctets"/>.</summary>
    public string Text(MimePart given, bool plain)
    {
        var (source, part) = Now(given);
        var key = (part, plain ? "plain" : "");
        if (_texts.TryGetValue(key, out var text)) return text;
        IsCut |= part.BodyLength > _limits.BodyOctets;
        var content = source.Read(part.BodyOffset, (int)Math.Min(part.BodyLength, _limits.BodyOctets));
        if (part.Encoding is "base64" or "quoted-printable") content = TransferDecoder.DecodeAll(part.Encoding, content);
        text = Charsets.Decode(part.Charset, content);
        if (plain && part.Subtype is "html" or "xhtml") text = HtmlText.Convert(text, _limits.BodyOctets);
        return _texts[key] = Made.Take(text);
    }

    /// <summary>Octets as text, each one a character unless the whole is UTF-8.</summary>
    public string RawText(long offset, long length)
    {
        IsCut |= length > _limits.BodyOctets;
        if (_raw is { } known && (known.Of, known.Offset, known.Length) == (_edits.Source, offset, length)) return known.Text;
        var text = Made.Take(Charsets.Guess(Read(offset, (int)Math.Clamp(length, 0, _limits.BodyOctets))));
        _raw = (_edits.Source, offset, length, text);
        return text;
    }

    /// <summary>Some text that was asked for is longer than what tests look at.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The part and all below it in the order of the message, a bounded number.</summary>
    public IEnumerable<MimePart> Walk(MimePart part)
    {
        yield return part;
        foreach (var child in Below(part))
        {
            foreach (var each in Walk(child)) yield return each;
        }
    }

    /// <summary>Children, and what an embedded message holds.</summary>
    public static IEnumerable<MimePart> Below(MimePart part) => part.Message is { } message ? [message] : part.Children;

    /// <summary>The message as it stands; null when nothing changed.</summary>
    public SieveEdit? Edit()
    {
        if (!_edits.IsChanged) return null;
        if (_rendered is not { } known || !ReferenceEquals(known.Of, _edits)) _rendered = known = (_edits, Render(_edits));
        return known.Edit;
    }

    /// <summary>The message as received with the edits of its header alone; null when there are none.</summary>
    public SieveEdit? HeaderEdit()
    {
        if (!_edits.IsSentChanged) return null;
        // One rendering for both where they are the same, for actions are compared by it.
        if (_edits.Source.IsReceived && _edits.Parts.Count == 0) return Edit();
        if (_renderedHeader is not { } known || !ReferenceEquals(known.Of, _edits))
            _renderedHeader = known = (_edits, new(Header(_edits.Sent ?? _edits.Fields, rest: true).WrittenSpan.ToArray(), null));
        return known.Edit;
    }

    /// <summary>The whole message of these edits.</summary>
    public byte[] Whole(Edits edits)
    {
        if (!edits.IsChanged) return edits.Source.Read(0, (int)edits.Source.Length);
        var edit = Render(edits);
        return [.. edit.Header, .. edit.Body ?? edits.Source.Read(edits.Source.Root.BodyOffset, (int)(edits.Source.Length - edits.Source.Root.BodyOffset))];
    }

    private SieveEdit Render(Edits edits)
    {
        var edit = new SieveEdit(Header(edits.Fields, rest: edits.Source.IsReceived).WrittenSpan.ToArray(), Body(edits));
        Made.Take(edit.Header.Length + (edit.Body?.Length ?? 0));
        return edit;
    }

    private ArrayBufferWriter<byte> Header(IReadOnlyList<Field> fields, bool rest = false)
    {
        var header = new ArrayBufferWriter<byte>();
        foreach (var field in fields) WriteField(header, field);
        var whole = _message.Root.HeaderLength;
        if (rest && _restAt < whole && whole > _limits.HeaderOctets)
            header.Write(new MessageSource(_message.Body, _message.Root).Read(_restAt, (int)Math.Min(whole - _restAt, 4L * 1024 * 1024)));
        if (!header.WrittenSpan.EndsWith("\r\n\r\n"u8)) header.Write("\r\n"u8);
        return header;
    }

    private static void WriteField(ArrayBufferWriter<byte> into, Field field)
    {
        into.Write(field.Octets.Span);
        if (!field.Octets.Span.EndsWith("\n"u8)) into.Write("\r\n"u8);
    }

    // Null: as received.
    private static byte[]? Body(Edits edits)
    {
        var source = edits.Source;
        if (edits.Parts.Count == 0 && source.IsReceived) return null;
        var into = new ArrayBufferWriter<byte>();
        var at = source.Root.BodyOffset;
        foreach (var (part, other) in edits.Parts.OrderBy(p => p.Key.HeaderOffset))
        {
            // A part inside one that was replaced is gone.
            if (part.HeaderOffset < at) continue;
            into.Write(source.Read(at, (int)(part.HeaderOffset - at)));
            into.Write(other.Read(0, (int)other.Length));
            at = part.EndOffset;
        }
        into.Write(source.Read(at, (int)Math.Max(0, source.Length - at)));
        return into.WrittenSpan.ToArray();
    }
}
