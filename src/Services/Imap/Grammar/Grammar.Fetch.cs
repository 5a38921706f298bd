using System.Text;

namespace Aviso.Imap;

internal ref partial struct Grammar
{
    public const int MaxSections = 100;

    // fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")") [fetch-modifiers]
    public bool FetchRequest(out FetchRequest request)
    {
        var sections = new List<FetchSection>();
        var fields = FetchFields.None;
        request = new(fields, sections);
        if (Char((byte)'('))
        {
            do
            {
                if (!FetchAtt(ref fields, sections) || sections.Count > MaxSections) return false;
            }
            while (Sp());
            if (!Char((byte)')')) return false;
        }
        else if (!Macro(ref fields) && !FetchAtt(ref fields, sections)) return false;
        request = new(fields, sections);
        return AtEnd || FetchModifiers(ref request);
    }

    private bool Macro(ref FetchFields fields)
    {
        const FetchFields Fast = FetchFields.Flags | FetchFields.InternalDate | FetchFields.Size;
        if (Word("ALL"u8)) fields = Fast | FetchFields.Envelope;
        else if (Word("FAST"u8)) fields = Fast;
        else if (Word("FULL"u8)) fields = Fast | FetchFields.Envelope | FetchFields.Body;
        return fields != FetchFields.None;
    }

    private bool FetchAtt(ref FetchFields fields, List<FetchSection> sections)
    {
        if (Peek is (byte)'B' or (byte)'b' && BodyOrBinary(ref fields, sections, out var known)) return known;
        if (Peek is (byte)'R' or (byte)'r' && Rfc822(ref fields, sections)) return true;
        if (Word("PREVIEW"u8))
        {
            fields |= FetchFields.Preview;
            // RFC 8970 §3.1: LAZY asks for what is at hand; ours always is.
            var at = _at;
            if (Sp() && !(Char((byte)'(') && Word("LAZY"u8) && Char((byte)')'))) _at = at;
            return true;
        }
        var field =
            Word("UID"u8) ? FetchFields.Uid
            : Word("FLAGS"u8) ? FetchFields.Flags
            : Word("INTERNALDATE"u8) ? FetchFields.InternalDate
            : Word("ENVELOPE"u8) ? FetchFields.Envelope
            : Word("MODSEQ"u8) ? FetchFields.ModSeq
            : Word("EMAILID"u8) ? FetchFields.EmailId
            : Word("THREADID"u8) ? FetchFields.ThreadId
            : Word("SAVEDATE"u8) ? FetchFields.SaveDate
            : FetchFields.None;
        fields |= field;
        return field != FetchFields.None;
    }

    private bool Rfc822(ref FetchFields fields, List<FetchSection> sections)
    {
        if (Word("RFC822.SIZE"u8)) fields |= FetchFields.Size;
        else if (Word("RFC822.HEADER"u8)) sections.Add(Old(SectionText.Header, false, "RFC822.HEADER"u8));
        else if (Word("RFC822.TEXT"u8)) sections.Add(Old(SectionText.Text, true, "RFC822.TEXT"u8));
        else if (Word("RFC822"u8)) sections.Add(Old(SectionText.Whole, true, "RFC822"u8));
        else return false;
        return true;
    }

    private static FetchSection Old(SectionText text, bool setsSeen, ReadOnlySpan<byte> label) =>
        new(SectionKind.Body, [], text, [], 0, long.MaxValue, setsSeen, label.ToArray());

    private bool BodyOrBinary(ref FetchFields fields, List<FetchSection> sections, out bool known)
    {
        known = true;
        if (Word("BODYSTRUCTURE"u8)) fields |= FetchFields.BodyStructure;
        else if (Text("BODY.PEEK["u8)) known = Section(SectionKind.Body, setsSeen: false, sections);
        else if (Text("BODY["u8)) known = Section(SectionKind.Body, setsSeen: true, sections);
        else if (Word("BODY"u8)) fields |= FetchFields.Body;
        else if (Text("BINARY.PEEK["u8)) known = Section(SectionKind.Binary, setsSeen: false, sections);
        else if (Text("BINARY.SIZE["u8)) known = Section(SectionKind.BinarySize, setsSeen: false, sections);
        else if (Text("BINARY["u8)) known = Section(SectionKind.Binary, setsSeen: true, sections);
        else return false;
        return true;
    }

    // section = "[" [section-spec] "]" ["<" number "." nz-number ">"]
    private bool Section(SectionKind kind, bool setsSeen, List<FetchSection> sections)
    {
        var start = _at;
        if (!SectionPart(out var part) || (part.Length > 0 && Peek == ']' && _octets[_at - 1] == '.')) return false;
        var text = SectionText.Whole;
        byte[][] fields = [];
        if (Peek != ']' && (kind != SectionKind.Body || !SectionSpec(part.Length > 0, out text, out fields))) return false;
        var spec = _octets[start.._at];
        if (!Char((byte)']')) return false;
        long offset = 0, length = long.MaxValue;
        var partial = kind != SectionKind.BinarySize && Char((byte)'<');
        if (partial && (
            !Number64(out offset) || !Char((byte)'.') || !Number64(out length) || length == 0 || !Char((byte)'>'))) return false;
        sections.Add(new(kind, part, text, fields, offset, length, setsSeen, Label(kind, spec, partial ? offset : -1, text, fields)));
        return true;
    }

    // section-part = nz-number *("." nz-number); leaves "." before a text specifier taken
    private bool SectionPart(out int[] part)
    {
        part = [];
        if (Peek is < (byte)'0' or > (byte)'9') return true;
        var numbers = new List<int>();
        do
        {
            if (Peek is < (byte)'0' or > (byte)'9') break;
            if (!NonZero(out var number) || number > int.MaxValue || numbers.Count == 100) return false;
            numbers.Add((int)number);
        }
        while (Char((byte)'.'));
        part = [.. numbers];
        return true;
    }

    private bool SectionSpec(bool inPart, out SectionText text, out byte[][] fields)
    {
        fields = [];
        text = SectionText.Whole;
        if (Text("HEADER.FIELDS.NOT "u8)) text = SectionText.HeaderFieldsNot;
        else if (Text("HEADER.FIELDS "u8)) text = SectionText.HeaderFields;
        else if (Text("HEADER"u8)) text = SectionText.Header;
        else if (Text("TEXT"u8)) text = SectionText.Text;
        else if (inPart && Text("MIME"u8)) text = SectionText.Mime;
        else return false;
        return text is not (SectionText.HeaderFields or SectionText.HeaderFieldsNot) || HeaderList(out fields);
    }

    // header-list = "(" header-fld-name *(SP header-fld-name) ")"
    private bool HeaderList(out byte[][] fields)
    {
        fields = [];
        if (!Char((byte)'(')) return false;
        var names = new List<byte[]>();
        do
        {
            if (!AString(out var name) || names.Count == 1000) return false;
            names.Add(name.ToArray());
        }
        while (Sp());
        fields = [.. names];
        return Char((byte)')');
    }

    private static byte[] Label(SectionKind kind, ReadOnlySpan<byte> spec, long offset, SectionText text, byte[][] fields)
    {
        var head = kind switch { SectionKind.Body => "BODY[", SectionKind.Binary => "BINARY[", _ => "BINARY.SIZE[" };
        var inside = AsAscii(spec);
        // A literal inside would make the label a literal too: name the fields anew.
        if (text is SectionText.HeaderFields or SectionText.HeaderFieldsNot)
            inside = inside[..(inside.IndexOf('(', StringComparison.Ordinal) + 1)]
                .ToUpperInvariant() + string.Join(' ', fields.Select(FieldName)) + ")";
        return Encoding.Latin1.GetBytes(head + inside + "]" + (offset >= 0 ? $"<{offset}>" : ""));
    }

    private static string FieldName(byte[] name)
    {
        if (!name.AsSpan().ContainsAnyExcept(AStringChars) && name.Length > 0) return AsAscii(name);
        return "\"" + string.Concat(AsAscii(name).Where(c => c is > '\x1f' and < '\x7f' and not '"' and not '\\')) + "\"";
    }

    // fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"
    private bool FetchModifiers(ref FetchRequest request)
    {
        if (!Sp() || !Char((byte)'(')) return false;
        do
        {
            if (Word("CHANGEDSINCE"u8))
            {
                if (!Sp() || !Number64(out var since)) return false;
                request = request with { ChangedSince = since };
            }
            else if (Word("VANISHED"u8)) request = request with { Vanished = true };
            else if (Word("PARTIAL"u8))
            {
                if (!Sp() || !PartialRange(out var range)) return false;
                request = request with { Partial = range };
            }
            else return false;
        }
        while (Sp());
        return Char((byte)')');
    }

    // RFC 9394 §5: partial-range = partial-range-first / partial-range-last
    public bool PartialRange(out PartialRange range)
    {
        range = default;
        var fromEnd = Char((byte)'-');
        if (!NonZero(out var first) || !Char((byte)':') || (fromEnd && !Char((byte)'-')) || !NonZero(out var last)) return false;
        range = new(fromEnd, first, last);
        return true;
    }
}
