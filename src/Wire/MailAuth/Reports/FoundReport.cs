using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>A machine's report found in a message; exactly one of the four is set.</summary>
public sealed record FoundReport
{
    /// <summary>Octets of one attachment, as sent and opened.</summary>
    public const int MostOctets = 32 << 20;

    private const int MostParts = 50;

    public DmarcReport? Dmarc { get; init; }

    public TlsReport? Tls { get; init; }

    public FeedbackReport? Feedback { get; init; }

    /// <summary>It looked like a report and is none that can be read: why.</summary>
    public string? Problem { get; init; }

    /// <summary>Looks through the parts of a message; reads the first report there is. Null when nothing looks like one.</summary>
    /// <param name="read">The octets at an offset of the message.</param>
    public static FoundReport? Find(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read)
    {
        FoundReport? broken = null;
        foreach (var part in Parts(root).Take(MostParts))
        {
            if (Kind(part) is not { } kind) continue;
            if (part.BodyLength > MostOctets)
            {
                broken ??= new() { Problem = "the attachment is too large" };
                continue;
            }
            var octets = TransferDecoder.DecodeAll(part.Encoding, read(part.BodyOffset, (int)part.BodyLength).Span);
            var found = Open(kind, octets);
            if (found is { Problem: null }) return found;
            broken ??= found;
        }
        return broken;
    }

    private static FoundReport? Open(string kind, byte[] octets)
    {
        if (kind == "feedback") return FeedbackReport.Parse(octets) is { } feedback ? new() { Feedback = feedback } : new() { Problem = "no Feedback-Type" };
        if (ReportArchive.Open(octets, MostOctets, out var problem) is not { } plain) return new() { Problem = problem };
        // Some reporters pack twice.
        if (plain is [0x1F, 0x8B, ..] or [(byte)'P', (byte)'K', 3, 4, ..] && ReportArchive.Open(plain, MostOctets, out problem) is { } inner) plain = inner;
        var text = plain.AsSpan().TrimStart("\uFEFF \t\r\n"u8);
        return text switch
        {
            [(byte)'<', ..] => DmarcReport.Parse(text, out problem) is { } dmarc ? new() { Dmarc = dmarc } : new() { Problem = problem },
            [(byte)'{', ..] => TlsReport.Parse(text, out problem) is { } tls ? new() { Tls = tls } : new() { Problem = problem },
            _ => null,
        };
    }

    // RFC 7489 §7.2.1.1 and RFC 8460 §5.3 name types and file names; reporters use octet-stream as often.
    private static string? Kind(MimePart part) => (part.Type, part.Subtype) switch
    {
        ("message", "feedback-report") => "feedback",
        ("text", "xml") or ("application", "tlsrpt" or "gzip" or "x-gzip" or "zip" or "x-zip-compressed" or "x-zip" or "xml" or "tlsrpt+gzip" or "tlsrpt+json" or "json") => "data",
        (_, "octet-stream") or ("text", "plain") when Named(part) => "data",
        _ => null,
    };

    private static bool Named(MimePart part) => part.FileName is { } name
        && new[] { ".xml", ".gz", ".zip", ".json" }.Any(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<MimePart> Parts(MimePart part)
    {
        yield return part;
        foreach (var child in part.Children.SelectMany(Parts)) yield return child;
    }
}
