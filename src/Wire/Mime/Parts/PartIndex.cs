using System.Buffers;
using System.Text;

namespace Aviso.Mime;

/// <summary>
/// The part tree as octets for the store: a version octet, an octet of marks, then the root. Numbers are base-128 (LEB128), signed where
/// noted; strings are a length plus one (0 is null) and UTF-8, or an index into the words of <see cref="Words"/>. Frozen by test:
/// a change needs a new version.
/// </summary>
public static class PartIndex
{
    public const byte Version = 2;

    // As version 2 without the octet of marks.
    private const byte WithoutMarks = 1;

    private const int DeepestRead = 100;
    private const int MostStrings = 1000;

    // The strings nearly every part has, by number: order is on disk.
    private static readonly string[] Words =
    [
        "text", "plain", "html", "multipart", "mixed", "alternative", "related", "message", "rfc822", "application",
        "octet-stream", "image", "7bit", "8bit", "base64", "quoted-printable", "charset", "utf-8", "us-ascii", "boundary",
        "name", "filename", "attachment", "inline", "format", "flowed", "pdf", "png", "jpeg", "signed", "report",
        "delivery-status", "iso-8859-1", "UTF-8", "gif", "binary",
    ];

    /// <summary>Octets that <see cref="Read"/> turns back into an equal tree.</summary>
    public static byte[] Write(MimePart root)
    {
        var into = new ArrayBufferWriter<byte>(128);
        into.Write([Version, (byte)root.Marks]);
        WritePart(into, root);
        return into.WrittenSpan.ToArray();
    }

    /// <summary>Throws <see cref="FormatException"/> when these are not octets of this version: render the message anew.</summary>
    public static MimePart Read(ReadOnlySpan<byte> octets) => TryRead(octets, out var root)
        ? root
        : throw new FormatException("not a part index of version " + Version);

    /// <summary>False for another version than this one or the one before, and for damaged octets; never reads beyond its limits.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, out MimePart root)
    {
        root = new MimePart();
        if (octets.Length < 2 || octets[0] is not (Version or WithoutMarks)) return false;
        var isMarked = octets[0] == Version;
        root.Marks = isMarked ? (EnvelopeMarks)octets[1] : EnvelopeMarks.Inexact;
        var reader = new Reader(octets[(isMarked ? 2 : 1)..]);
        reader.Part(root, 1);
        return reader.Ended;
    }

    private static void WritePart(ArrayBufferWriter<byte> into, MimePart part)
    {
        var children = part.Children;
        Number(into, (part.LimitHit ? 1u : 0) | (part.Message is null ? 0 : 2u) | ((ulong)children.Count << 2));
        Number(into, (ulong)part.HeaderOffset);
        Number(into, (ulong)part.HeaderLength);
        Number(into, (ulong)part.BodyOffset);
        Number(into, (ulong)part.BodyLength);
        Number(into, (ulong)part.BodyLines);
        foreach (var text in (ReadOnlySpan<string?>)[part.Type, part.Subtype, part.Encoding, part.Disposition, part.ContentId,
            part.Description, part.Md5, part.Location]) String(into, text);
        Parameters(into, part.Parameters);
        Parameters(into, part.DispositionParameters);
        Number(into, (ulong)part.Language.Count);
        foreach (var tag in part.Language) String(into, tag);
        if (part.Message is not null) WritePart(into, part.Message);
        foreach (var child in children) WritePart(into, child);
    }

    private static void Parameters(ArrayBufferWriter<byte> into, IReadOnlyList<MimeParameter> parameters)
    {
        Number(into, (ulong)parameters.Count);
        foreach (var p in parameters)
        {
            String(into, p.Name);
            String(into, p.Value);
        }
    }

    private static void Number(ArrayBufferWriter<byte> into, ulong number)
    {
        var span = into.GetSpan(10);
        var length = 0;
        for (; number >= 0x80; number >>= 7) span[length++] = (byte)(number | 0x80);
        span[length++] = (byte)number;
        into.Advance(length);
    }

    // 0: null; odd: word number; even: length of the UTF-8 that follows, plus one.
    private static void String(ArrayBufferWriter<byte> into, string? text)
    {
        var word = text is null ? -1 : Array.IndexOf(Words, text);
        if (text is null) Number(into, 0);
        else if (word >= 0) Number(into, ((ulong)word << 1) | 1);
        else
        {
            var length = Encoding.UTF8.GetByteCount(text);
            Number(into, ((ulong)length + 1) << 1);
            Encoding.UTF8.GetBytes(text, into);
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> octets)
    {
        private ReadOnlySpan<byte> _rest = octets;
        private bool _broken;
        private int _parts;

        public readonly bool Ended => !_broken && _rest.IsEmpty;

        public void Part(MimePart part, int depth)
        {
            var head = Number();
            var children = head >> 2;
            if (depth > DeepestRead || (ulong)_rest.Length < children || ++_parts > 100_000) _broken = true;
            if (_broken) return;
            part.LimitHit = (head & 1) != 0;
            part.HeaderOffset = Length();
            part.HeaderLength = Length();
            part.BodyOffset = Length();
            part.BodyLength = Length();
            part.BodyLines = Length();
            part.Type = String() ?? "";
            part.Subtype = String() ?? "";
            part.Encoding = String() ?? "";
            part.Disposition = String();
            part.ContentId = String();
            part.Description = String();
            part.Md5 = String();
            part.Location = String();
            part.Parameters = Parameters();
            part.DispositionParameters = Parameters();
            part.Language = Strings();
            if ((head & 2) != 0) Part(part.Message = new MimePart(), depth + 1);
            for (ulong i = 0; i < children && !_broken; i++)
            {
                var child = new MimePart();
                (part.ChildList ??= []).Add(child);
                Part(child, depth + 1);
            }
        }

        private List<MimeParameter> Parameters()
        {
            var list = new List<MimeParameter>();
            for (var count = Count(); count > 0 && !_broken; count--) list.Add(new(String() ?? "", String() ?? ""));
            return list;
        }

        private List<string> Strings()
        {
            var list = new List<string>();
            for (var count = Count(); count > 0 && !_broken; count--) list.Add(String() ?? "");
            return list;
        }

        private int Count()
        {
            var count = Number();
            if (count > MostStrings) _broken = true;
            return _broken ? 0 : (int)count;
        }

        private long Length()
        {
            var number = Number();
            if (number > long.MaxValue / 4) _broken = true;
            return _broken ? 0 : (long)number;
        }

        private string? String()
        {
            var head = Number();
            if (_broken || head == 0) return null;
            if ((head & 1) != 0)
            {
                if (head >> 1 < (ulong)Words.Length) return Words[head >> 1];
                _broken = true;
                return null;
            }
            var length = (head >> 1) - 1;
            if (length > (ulong)_rest.Length)
            {
                _broken = true;
                return null;
            }
            var text = Encoding.UTF8.GetString(_rest[..(int)length]);
            _rest = _rest[(int)length..];
            return text;
        }

        private ulong Number()
        {
            ulong number = 0;
            for (var shift = 0; shift < 64 && !_rest.IsEmpty; shift += 7)
            {
                var octet = _rest[0];
                _rest = _rest[1..];
                number |= (ulong)(octet & 0x7F) << shift;
                if (octet < 0x80) return number;
            }
            _broken = true;
            return 0;
        }
    }
}
