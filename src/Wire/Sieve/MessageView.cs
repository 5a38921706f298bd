using System.Buffers;
using System.Text;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>One header field with its octets.</summary>
internal sealed class Field(string name, ReadOnlyMemory<byte> octets, int valueAt, int valueLength)
{
    private string? _decoded;

    /// <summary>As sent; empty for a line that is no field.</summary>
    public readonly string Name = name;

    /// <summary>The whole field with its line end.</summary>
    public readonly ReadOnlyMemory<byte> Octets = octets;

    public ReadOnlySpan<byte> Value => Octets.Span.Slice(valueAt, valueLength);

    /// <summary>RFC 5228 §2.4.2.2, §5.7: unfolded, encoded words decoded, white space around it gone.</summary>
    public string Decoded => _decoded ??= HeaderText.Decode(Value).Trim(' ', '\t');

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
/// within the limits; the edits are immutable lists, so a failed script is undone by putting the old ones back.
/// </summary>
internal sealed class MessageView
{
    private readonly SieveMessage _message;
    private readonly SieveLimits _limits;
    private readonly Dictionary<MimePart, List<Field>> _partFields = [];
    private readonly Dictionary<(MimePart, string), string> _texts = [];
    private readonly long _restAt;
    private Edits _edits;
    private Dictionary<string, List<Field>>? _byName;
    private (Edits Of, SieveEdit Edit)? _rendered;

    public MessageView(SieveMessage message, SieveLimits limits)
    {
        (_message, _limits) = (message, limits);
        var length = (int)Math.Min(message.Root.HeaderLength, limits.HeaderOctets);
        var fields = Field.Read(Read(0, length));
        _restAt = length;
        if (length < message.Root.HeaderLength && fields.Count > 0)
        {
            // The last field may be cut: it belongs to what is only copied.
            _restAt -= fields[^1].Octets.Length;
            fields.RemoveAt(fields.Count - 1);
        }
        _edits = new(fields, null, new Dictionary<MimePart, byte[]>());
    }

    /// <summary>What scripts changed; never changed itself.</summary>
    public sealed record Edits(IReadOnlyList<Field> Fields, byte[]? Body, IReadOnlyDictionary<MimePart, byte[]> Parts)
    {
        public bool IsChanged { get; init; }
    }

    public MimePart Root => _message.Root;

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

    /// <summary>Octets of the message as tests see it: edited header, body as received.</summary>
    public long Size => _edits.IsChanged
        ? _edits.Fields.Sum(f => (long)f.Octets.Length) + 2 + (_edits.Body?.Length ?? _message.Body.Length - Root.BodyOffset)
        : _message.Body.Length;

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
        if (!_partFields.TryGetValue(part, out var fields))
            _partFields[part] = fields = Field.Read(Read(part.HeaderOffset, (int)Math.Min(part.HeaderLength, _limits.HeaderOctets)));
        return fields;
    }

    public void SetFields(IReadOnlyList<Field> fields) => Current = _edits with { Fields = fields, IsChanged = true };

    public void SetBody(IReadOnlyList<Field> fields, byte[] body) => Current = new(fields, body, new Dictionary<MimePart, byte[]>()) { IsChanged = true };

    public void SetPart(MimePart part, byte[] octets) => Current = _edits with
    {
        Parts = new Dictionary<MimePart, byte[]>(_edits.Parts) { [part] = octets },
        IsChanged = true,
    };

    /// <summary>Octets of the message as received.</summary>
    public byte[] Read(long offset, int length)
    {
        var octets = new byte[length];
        var at = 0;
        while (at < length)
        {
            var read = _message.Body.Read(offset + at, octets.AsSpan(at));
            if (read == 0) return octets[..at];
            at += read;
        }
        return octets;
    }

    /// <summary>Content of a leaf with its transfer encoding undone, at most <see cref="SieveLimits.BodyOctets"/>.</summary>
    public byte[] Content(MimePart part)
    {
        var body = Read(part.BodyOffset, (int)Math.Min(part.BodyLength, _limits.BodyOctets));
        return part.Encoding is "base64" or "quoted-printable" ? TransferDecoder.DecodeAll(part.Encoding, body) : body;
    }

    /// <summary>Decoded text of a leaf; with <paramref name="plain"/> what a reader of HTML sees.</summary>
    public string Text(MimePart part, bool plain)
    {
        var key = (part, plain ? "plain" : "");
        if (_texts.TryGetValue(key, out var text)) return text;
        text = Charsets.Decode(part.Charset, Content(part));
        if (plain && part.Subtype is "html" or "xhtml") text = HtmlText.Convert(text, _limits.BodyOctets);
        return _texts[key] = text;
    }

    /// <summary>Octets as text, each one a character unless the whole is UTF-8.</summary>
    public string RawText(long offset, long length) =>
        Charsets.Guess(Read(offset, (int)Math.Clamp(length, 0, _limits.BodyOctets)));

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
        if (_rendered is { } known && ReferenceEquals(known.Of, _edits)) return known.Edit;
        var header = new ArrayBufferWriter<byte>();
        foreach (var field in _edits.Fields) WriteField(header, field);
        if (_edits.Body is null && _restAt < Root.HeaderLength && Root.HeaderLength > _limits.HeaderOctets)
            header.Write(Read(_restAt, (int)Math.Min(Root.HeaderLength - _restAt, 4L * 1024 * 1024)));
        if (!header.WrittenSpan.EndsWith("\r\n\r\n"u8)) header.Write("\r\n"u8);
        var edit = new SieveEdit(header.WrittenSpan.ToArray(), _edits.Body ?? SplicedBody());
        _rendered = (_edits, edit);
        return edit;
    }

    private static void WriteField(ArrayBufferWriter<byte> into, Field field)
    {
        into.Write(field.Octets.Span);
        if (!field.Octets.Span.EndsWith("\n"u8)) into.Write("\r\n"u8);
    }

    private byte[]? SplicedBody()
    {
        if (_edits.Parts.Count == 0) return null;
        var into = new ArrayBufferWriter<byte>();
        var at = Root.BodyOffset;
        foreach (var (part, octets) in _edits.Parts.OrderBy(p => p.Key.HeaderOffset))
        {
            // A part inside one that was replaced is gone.
            if (part.HeaderOffset < at) continue;
            into.Write(Read(at, (int)(part.HeaderOffset - at)));
            into.Write(octets);
            at = part.EndOffset;
        }
        into.Write(Read(at, (int)Math.Max(0, _message.Body.Length - at)));
        return into.WrittenSpan.ToArray();
    }

    public long WholeLength => _message.Body.Length;
}
