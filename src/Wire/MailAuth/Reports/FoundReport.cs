using Aviso.Base;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>A machine's report found in a message; exactly one of the four is set.</summary>
public sealed record FoundReport
{
    /// <summary>Octets of one part as sent; a report of the largest size in base64 has fewer.</summary>
    public const int MostOctets = 6 << 20;

    private const int MostParts = 50;
    private const int HeadOctets = 2048;

    public DmarcReport? Dmarc { get; init; }

    public TlsReport? Tls { get; init; }

    public FeedbackReport? Feedback { get; init; }

    /// <summary>It looked like a report and is none that can be read: why.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// Looks through the parts of a message, whatever types they say they have; reads the first report there is. Null when nothing looks
    /// like one. Never throws for what is in it: what would cost too much is a problem.
    /// </summary>
    /// <param name="read">The octets at an offset of the message.</param>
    /// <param name="work">What reading it may cost (<see cref="WorkLimits.Report"/>).</param>
    public static FoundReport? Find(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read, WorkBudget work)
    {
        var search = new Search(read, work);
        try
        {
            if (search.Run(root) is { } found) return found;
        }
        catch (WorkSpentException e)
        {
            search.Say(e.Message);
        }
        search.Conclude(root);
        return search.Problem is { } problem ? new() { Problem = problem } : null;
    }

    private sealed class Search(Func<long, int, ReadOnlyMemory<byte>> read, WorkBudget work)
    {
        private int _left = MostParts;

        public string? Problem { get; private set; }

        // What is said first is what matters most to the reader.
        public void Say(string problem) => Problem ??= problem;

        public FoundReport? Run(MimePart part)
        {
            work.Step();
            foreach (var child in part.Children)
            {
                if (Run(child) is { } found) return found;
            }
            if (part.Children.Count > 0 || part.IsMultipart) return null;
            if (_left-- <= 0)
            {
                if (MayBe(part)) Say($"it has more than {MostParts} parts");
                return null;
            }
            return Look(part);
        }

        // A message that says that it is a report, and holds none that is read, must not vanish.
        public void Conclude(MimePart root)
        {
            if (Problem is not null) return;
            var header = read(root.HeaderOffset, (int)Math.Min(root.HeaderLength, 64 * 1024)).Span;
            foreach (var field in new HeaderFields(header))
            {
                if (!field.Is("Subject"u8) || !HeaderText.Decode(field.Value[..Math.Min(field.Value.Length, 2000)]).TrimStart()
                    .StartsWith("Report Domain:", StringComparison.OrdinalIgnoreCase)) continue;
                Say("its subject says that it is a report, and nothing in it is one");
                return;
            }
        }

        private FoundReport? Look(MimePart part)
        {
            var isFeedback = (part.Type, part.Subtype) == ("message", "feedback-report");
            if (!isFeedback && !MayBe(part)) return null;
            var head = Decode(part, HeadOctets);
            if (!isFeedback && !LooksAlike(part, head)) return null;
            if (part.BodyLength > MostOctets)
            {
                Say("the attachment is too large");
                return null;
            }
            var octets = part.BodyLength <= HeadOctets ? head : Decode(part, (int)part.BodyLength);
            work.Take(octets.Length / 4);
            if (!isFeedback) return Open(octets, IsData(part));
            if (FeedbackReport.Parse(octets) is { } feedback) return new() { Feedback = feedback };
            Say("no Feedback-Type");
            return null;
        }

        private FoundReport? Open(byte[] octets, bool isData)
        {
            foreach (var plain in ReportArchive.Open(octets, work, Say))
            {
                if (ReadOne(plain.Span, isData) is { } found) return found;
            }
            return null;
        }

        private FoundReport? ReadOne(ReadOnlySpan<byte> octets, bool isData)
        {
            var problem = "";
            if (IsXml(octets))
            {
                if (DmarcReport.Parse(octets, work, out problem) is { } dmarc) return new() { Dmarc = dmarc };
            }
            else if (IsJson(octets) && TlsReport.Parse(octets, work, out problem) is { } tls) return new() { Tls = tls };
            if (problem.Length > 0 && (isData || IsReport(octets))) Say(problem);
            return null;
        }

        private byte[] Decode(MimePart part, int length) =>
            TransferDecoder.DecodeAll(part.Encoding, read(part.BodyOffset, (int)Math.Min(part.BodyLength, length)).Span);

        private static bool MayBe(MimePart part) => part.Type is "application" or "text" or "" || IsData(part);

        private static bool LooksAlike(MimePart part, ReadOnlySpan<byte> head) =>
            ReportArchive.IsPacked(head) || (IsXml(head) || IsJson(head)) && (IsData(part) || IsReport(head));
    }

    private static bool IsXml(ReadOnlySpan<byte> octets) => First(octets) == '<';

    private static bool IsJson(ReadOnlySpan<byte> octets) => First(octets) == '{';

    // The first character, of UTF-16 too.
    private static byte First(ReadOnlySpan<byte> octets)
    {
        if (octets.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || octets.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            octets = octets[2..];
        var text = octets.TrimStart("\uFEFF \t\r\n\0"u8);
        return text.IsEmpty ? (byte)0 : text[0];
    }

    private static bool IsReport(ReadOnlySpan<byte> octets)
    {
        var head = ReportText.Decode(octets[..Math.Min(octets.Length, HeadOctets)]);
        return head.Contains("<feedback", StringComparison.Ordinal) || head.Contains("report_metadata", StringComparison.Ordinal)
            || head.Contains("\"organization-name\"", StringComparison.Ordinal) || head.Contains("\"policies\"", StringComparison.Ordinal);
    }

    // RFC 7489 §7.2.1.1 and RFC 8460 §5.3 name types and file names; reporters use octet-stream as often.
    private static bool IsData(MimePart part) => (part.Type, part.Subtype) switch
    {
        ("text", "xml") or ("application", "tlsrpt" or "gzip" or "x-gzip" or "x-compressed" or "zip" or "x-zip-compressed" or "x-zip"
            or "xml" or "tlsrpt+gzip" or "tlsrpt+json" or "json") => true,
        (_, "octet-stream") or ("text", "plain") => Named(part),
        _ => false,
    };

    private static bool Named(MimePart part) => part.FileName is { } name
        && new[] { ".xml", ".gz", ".zip", ".json" }.Any(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase));
}
