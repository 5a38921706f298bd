using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Reads a message once for all that IMAP and threads want of it (design.md section 4 "Reading"). Text is rendered as UTF-8; what
/// a client without UTF8 needs is rendered at fetch.
/// </summary>
public sealed class MessageReader(MimeLimits? limits = null) : IMessageReader
{
    // Ids that threads are joined by: the newest ones matter.
    private const int MostReferences = 100;

    /// <summary>Grows when what <see cref="Render(SpooledBody)"/> writes for the same octets changes.</summary>
    public int Version => ImapStructure.Version;

    public Rendered Render(SpooledBody body) => Render(body, Scan(body));

    /// <summary>The same when the parts are known already.</summary>
    public Rendered Render(SpooledBody body, MimePart root)
    {
        var read = Reader(body);
        var header = read(0, (int)Math.Min(root.HeaderLength, (limits ?? MimeLimits.Default).HeaderOctets)).Span;
        var fields = ThreadFields.Read(header);
        return new(Version, ImapStructure.Envelope(header, utf8: true), ImapStructure.BodyStructure(root, utf8: true, read),
            ImapStructure.Body(root, utf8: true, read), PartIndex.Write(root), MessageText.Preview(root, read))
        {
            MessageId = fields.MessageId,
            References = fields.References,
            RepliedTo = fields.RepliedTo,
            BaseSubject = fields.BaseSubject,
            SentDate = fields.SentDate,
            HeaderSize = root.HeaderLength,
        };
    }

    public (string Text, bool Whole) ExtractText(SpooledBody body, int limit)
    {
        var text = MessageText.Extract(Scan(body), Reader(body), limit, out var whole);
        return (text, whole);
    }

    public MimePart Scan(SpooledBody body)
    {
        var scanner = new MimeScanner(limits);
        body.ForEachPiece(piece => scanner.Append(piece.Span));
        return scanner.Finish();
    }

    /// <summary>Reads octets of a body at an offset, as Mime asks for them.</summary>
    public static Func<long, int, ReadOnlyMemory<byte>> Reader(SpooledBody body)
    {
        if (body.InMemory)
        {
            var octets = body.Memory;
            return (offset, length) =>
                offset >= octets.Length ? default : octets.Slice((int)offset, (int)Math.Min(length, octets.Length - offset));
        }
        return (offset, length) =>
        {
            var octets = new byte[(int)Math.Clamp(body.Length - offset, 0, length)];
            var at = 0;
            while (at < octets.Length && body.Read(offset + at, octets.AsSpan(at)) is var read and > 0) at += read;
            return octets.AsMemory(0, at);
        };
    }

    private readonly record struct ThreadFields(
        string MessageId, IReadOnlyList<string> References, IReadOnlyList<string> RepliedTo, string BaseSubject, long? SentDate)
    {
        public static ThreadFields Read(ReadOnlySpan<byte> header)
        {
            var (id, subject) = ("", "");
            long? sent = null;
            IReadOnlyList<string>? references = null, replied = null;
            foreach (var field in new HeaderFields(header))
            {
                // The first field of a name counts, as everywhere.
                switch (field.Name.Length)
                {
                    case 4 when sent is null && field.Is("Date"u8):
                        if (MailDate.TryParse(field.Value, out var date)) sent = date.ToUnixTimeSeconds();
                        break;
                    case 7 when subject.Length == 0 && field.Is("Subject"u8):
                        subject = HeaderText.Decode(field.Value);
                        break;
                    case 10 when id.Length == 0 && field.Is("Message-ID"u8):
                        id = MessageIds.ParseNormalized(field.Value) is [var first, ..] ? first : "";
                        break;
                    case 10 when references is null && field.Is("References"u8):
                        references = MessageIds.ParseNormalized(field.Value);
                        break;
                    case 11 when replied is null && field.Is("In-Reply-To"u8):
                        replied = MessageIds.ParseNormalized(field.Value);
                        break;
                }
            }
            return new(id, Ancestry(references ?? [], replied ?? []), replied ?? [],
                subject.Length == 0 ? "" : UnicodeCasemap.Key(Mime.BaseSubject.Of(subject).Base), sent);
        }

        // RFC 5256 §3: References; without a valid id there, the first of In-Reply-To.
        private static IReadOnlyList<string> Ancestry(IReadOnlyList<string> references, IReadOnlyList<string> replied)
        {
            if (references.Count == 0) return replied.Count == 0 ? [] : [replied[0]];
            return references.Count <= MostReferences ? references : [.. references.Skip(references.Count - MostReferences)];
        }
    }
}
