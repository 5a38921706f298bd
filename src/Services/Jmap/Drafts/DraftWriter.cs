using System.Buffers;
using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>Writes a message into the spool: the header, MIME-Version and the part tree, CRLF everywhere.</summary>
internal sealed class DraftWriter(SpooledBody into, DraftBlobs blobs)
{
    /// <param name="header">Fields that the root's own follow.</param>
    public void Write(ReadOnlySpan<byte> header, DraftPart root)
    {
        into.Write(header);
        into.Write("MIME-Version: 1.0\r\n"u8);
        Part(root);
    }

    private void Part(DraftPart part)
    {
        var boundary = part.IsMultipart ? MessageComposer.NewBoundary() : "";
        var encoding = Encoding(part);
        into.Write(Header(part, boundary, encoding));
        foreach (var field in part.Fields) into.Write(field.Octets);
        into.Write("\r\n"u8);
        if (!part.IsMultipart) Content(part, encoding);
        else Children(part, System.Text.Encoding.ASCII.GetBytes(boundary));
    }

    private void Children(DraftPart part, byte[] boundary)
    {
        foreach (var child in part.Children)
        {
            into.Write("--"u8);
            into.Write(boundary);
            into.Write("\r\n"u8);
            Part(child);
            into.Write("\r\n"u8);
        }
        into.Write("--"u8);
        into.Write(boundary);
        into.Write("--\r\n"u8);
    }

    private static byte[] Header(DraftPart part, string boundary, string encoding)
    {
        var header = new HeaderWriter();
        if (!Has(part, "Content-Type")) header.WithParameters("Content-Type", part.Type, Parameters(part, boundary));
        if (encoding != "7bit") header.Raw("Content-Transfer-Encoding", encoding);
        if (part.Disposition is { } disposition && !Has(part, "Content-Disposition"))
            header.WithParameters("Content-Disposition", disposition, part.Name is { } name ? [new("filename", name)] : []);
        if (part.Cid is { } cid) header.Ids("Content-ID", cid);
        if (part.Languages.Count > 0) header.Raw("Content-Language", string.Join(", ", part.Languages));
        if (part.Location is { } location) header.Raw("Content-Location", location);
        return header.ToArray();
    }

    private static IEnumerable<MimeParameter> Parameters(DraftPart part, string boundary)
    {
        if (boundary.Length > 0) yield return new("boundary", boundary);
        if (part.Charset is { } charset) yield return new("charset", charset);
        else if (part.Text is { } text && part.Type.StartsWith("text/", StringComparison.Ordinal))
            yield return new("charset", Ascii.IsValid(text) ? "us-ascii" : "utf-8");
        if (part.Disposition is null && part.Name is { } name) yield return new("name", name);
    }

    private static bool Has(DraftPart part, string field) =>
        part.Fields.Any(one => one.Name.Equals(field, StringComparison.OrdinalIgnoreCase));

    private string Encoding(DraftPart part)
    {
        // RFC 2045 §6.4: a multipart is what the widest of its parts is.
        if (part.IsMultipart) return part.Children.Exists(child => Encoding(child) == "8bit") ? "8bit" : "7bit";
        if (part.Text is { } text) return MessageComposer.EncodingOf(part.Type, Octets(text));
        var lines = new LineLook();
        blobs[part.BlobId ?? ""].ForEachPiece(piece => lines.Look(piece.Span));
        // RFC 2046 §5.2.1: a message has no other encoding. All else comes out octet for octet.
        if (part.Type.StartsWith("message/", StringComparison.Ordinal)) return lines.IsAscii ? "7bit" : "8bit";
        return lines.IsSevenBit && part.Type.StartsWith("text/", StringComparison.Ordinal) ? "7bit" : "base64";
    }

    private void Content(DraftPart part, string encoding)
    {
        if (part.Text is { } text)
        {
            into.Write(TransferEncoder.EncodeAll(encoding, Octets(text)));
            return;
        }
        var blob = blobs[part.BlobId ?? ""];
        if (encoding != "base64")
        {
            into.Write(blob);
            return;
        }
        var encoder = TransferEncoder.Base64();
        var buffer = new ArrayBufferWriter<byte>(96 * 1024);
        blob.ForEachPiece(piece =>
        {
            encoder.Encode(piece.Span, buffer);
            into.Write(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        });
        encoder.Finish(buffer);
        into.Write(buffer.WrittenSpan);
    }

    private static byte[] Octets(string text) => System.Text.Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));
}
