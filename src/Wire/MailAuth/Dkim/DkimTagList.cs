using System.Buffers;
using System.Text;

namespace Aviso.MailAuth;

/// <summary>RFC 6376 §3.2: tag-list = tag-spec *( ";" tag-spec ) [ ";" ], a view into the text it was read from.</summary>
internal readonly ref struct DkimTagList
{
    // No honest signature or key record comes near it.
    private const int MostTags = 64;

    // VALCHAR with white space, and the UTF-8 of RFC 8616.
    private static readonly SearchValues<byte> ValueOctets = SearchValues.Create(
        [.. "\t\n\r "u8, .. Enumerable.Range(0x21, 0x5e).Concat(Enumerable.Range(0x80, 0x80)).Where(c => c != ';').Select(c => (byte)c)]);

    private readonly ReadOnlySpan<byte> _text;
    private readonly List<Tag> _tags;

    private DkimTagList(ReadOnlySpan<byte> text, List<Tag> tags)
    {
        _text = text;
        _tags = tags;
    }

    /// <param name="lenient">Empty tag-specs are skipped, as key records typed by hand have them.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, bool lenient, out DkimTagList list, out string problem)
    {
        list = new(text, []);
        problem = "";
        for (var at = 0; at <= text.Length;)
        {
            var length = text[at..].IndexOf((byte)';');
            var isLast = length < 0;
            var spec = isLast ? text[at..] : text.Slice(at, length);
            if (IsBlank(spec))
            {
                if (!isLast && !lenient) problem = "an empty tag";
            }
            else problem = list.Add(spec, at);
            if (problem.Length > 0) return false;
            if (isLast) return true;
            at += length + 1;
        }
        return true;
    }

    public bool Has(ReadOnlySpan<char> name) => Find(name) >= 0;

    /// <summary>The value without white space around it; false when the tag is absent.</summary>
    public bool TryGet(ReadOnlySpan<char> name, out ReadOnlySpan<byte> value)
    {
        var index = Find(name);
        value = index < 0 ? default : _text.Slice(_tags[index].From, _tags[index].Length).Trim(" \t\r\n"u8);
        return index >= 0;
    }

    /// <summary>The value as text; empty when absent.</summary>
    public string Text(ReadOnlySpan<char> name) => TryGet(name, out var value) ? Encoding.UTF8.GetString(value) : "";

    /// <summary>Where the octets between the equals sign and the semicolon stand in the text.</summary>
    public (int From, int To) Place(ReadOnlySpan<char> name)
    {
        var index = Find(name);
        return index < 0 ? (0, 0) : (_tags[index].From, _tags[index].From + _tags[index].Length);
    }

    /// <summary>RFC 6376 §2.10 base64string: white space anywhere; null when absent or broken, never empty.</summary>
    public byte[]? Base64(ReadOnlySpan<char> name) =>
        TryGet(name, out var value) && !value.IsEmpty ? DecodeBase64(value) : null;

    internal static byte[]? DecodeBase64(ReadOnlySpan<byte> value)
    {
        // The decoder skips white space itself; a missing pad is a broken value.
        var decoded = new byte[Base64Length(value.Length)];
        return System.Buffers.Text.Base64.DecodeFromUtf8(value, decoded, out var used, out var written) == OperationStatus.Done
            && used == value.Length ? decoded[..written] : null;
    }

    private static int Base64Length(int text) => System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(text) + 3;

    private static bool IsBlank(ReadOnlySpan<byte> spec) => !spec.ContainsAnyExcept(" \t\r\n"u8);

    // tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]; tag-name = ALPHA *ALNUMPUNC
    private string Add(ReadOnlySpan<byte> spec, int at)
    {
        var equals = spec.IndexOf((byte)'=');
        if (equals < 0) return "a tag without value";
        var name = spec[..equals].Trim(" \t\r\n"u8);
        if (name.Length is 0 or > 32 || !char.IsAsciiLetter((char)name[0]) || !IsName(name)) return "a tag name that is none";
        if (spec[(equals + 1)..].ContainsAnyExcept(ValueOctets)) return "a control character";
        var text = Encoding.ASCII.GetString(name);
        if (Find(text) >= 0) return $"tag {text}= twice";
        if (_tags.Count == MostTags) return $"more than {MostTags} tags";
        _tags.Add(new(text, at + equals + 1, spec.Length - equals - 1));
        return "";
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit((char)c) && c != '_') return false;
        return true;
    }

    private int Find(ReadOnlySpan<char> name)
    {
        for (var i = 0; i < _tags.Count; i++)
            if (name.SequenceEqual(_tags[i].Name)) return i;
        return -1;
    }

    private readonly record struct Tag(string Name, int From, int Length);
}
