namespace Aviso.Imap;

[Flags]
internal enum FetchFields
{
    None = 0, Uid = 1, Flags = 2, InternalDate = 4, Size = 8, ModSeq = 16, EmailId = 32, SaveDate = 64,
    ThreadId = 128, Envelope = 256, Body = 512, BodyStructure = 1024, Preview = 2048,
    /// <summary>These need the rendered columns.</summary>
    Rendered = ThreadId | Envelope | Body | BodyStructure | Preview,
}

internal enum SectionText
{
    Whole, Header, HeaderFields, HeaderFieldsNot, Text, Mime,
}

internal enum SectionKind
{
    Body, Binary, BinarySize,
}

/// <summary>One BODY[...], BINARY[...] or RFC822 item.</summary>
/// <param name="Label">What the answer calls it, such as <c>BODY[1.MIME]&lt;0&gt;</c>.</param>
internal sealed record FetchSection(
    SectionKind Kind, int[] Part, SectionText Text, byte[][] Fields, long Offset, long Length, bool SetsSeen, byte[] Label);

/// <summary>RFC 9051 §6.4.5 FETCH arguments, with CHANGEDSINCE, VANISHED (RFC 7162) and PARTIAL (RFC 9394).</summary>
internal sealed record FetchRequest(FetchFields Fields, IReadOnlyList<FetchSection> Sections)
{
    public long? ChangedSince { get; init; }

    public bool Vanished { get; init; }

    public PartialRange? Partial { get; init; }

    public bool SetsSeen => Sections.Any(s => s.SetsSeen);

    /// <summary>Asks for more of a message than its header, structure and what the mailbox knows of it.</summary>
    public bool ReadsBody => (Fields & FetchFields.Preview) != 0
        || Sections.Any(s => s.Kind == SectionKind.Binary || s.Part.Length > 0
            || s.Text is not (SectionText.Header or SectionText.HeaderFields or SectionText.HeaderFieldsNot));

    public bool NeedsRendered => (Fields & FetchFields.Rendered) != 0 || Sections.Count > 0;
}

/// <summary>RFC 9394: from <paramref name="First"/> to <paramref name="Last"/> (1-based), from the end when negative.</summary>
internal readonly record struct PartialRange(bool FromEnd, uint First, uint Last)
{
    /// <summary>Start and count within <paramref name="total"/> results in growing order.</summary>
    public (int Start, int Count) Within(int total)
    {
        var low = Math.Min(First, Last);
        var high = Math.Min(Math.Max(First, Last), (uint)total);
        if (low > high) return (0, 0);
        return FromEnd ? ((int)(total - high), (int)(high - low + 1)) : ((int)low - 1, (int)(high - low + 1));
    }

    public override string ToString() => FromEnd ? $"-{First}:-{Last}" : $"{First}:{Last}";
}
