namespace Aviso.Mime;

/// <summary>
/// ENVELOPE, BODY and BODYSTRUCTURE of RFC 9051 §7.5.2, with their parentheses. With <c>utf8</c> (IMAP4rev2 or UTF8=ACCEPT) text
/// may be UTF-8 in quoted strings; without, header text becomes RFC 2047 words, parameters RFC 2231, and an address whose local
/// part is not ASCII an empty group that shows it (RFC 6857 §3.1.8).
/// </summary>
public static class ImapStructure
{
    /// <summary>Changes when the output for the same message changes: stored with the rendered bytes.</summary>
    public const int Version = 2;

    /// <summary>From the header block of the message.</summary>
    public static byte[] Envelope(ReadOnlySpan<byte> header, bool utf8)
    {
        var into = new ImapText(utf8, 512);
        into.Envelope(header);
        return into.ToArray();
    }

    /// <summary>
    /// Extensible form. <paramref name="read"/> gives octets of the message by offset and length; it is asked for the headers
    /// of embedded messages when <paramref name="root"/> came from <see cref="PartIndex.Read"/>.
    /// </summary>
    public static byte[] BodyStructure(MimePart root, bool utf8, Func<long, int, ReadOnlyMemory<byte>>? read = null) =>
        Render(root, utf8, extended: true, read);

    /// <summary>The short form, without extension data.</summary>
    public static byte[] Body(MimePart root, bool utf8, Func<long, int, ReadOnlyMemory<byte>>? read = null) =>
        Render(root, utf8, extended: false, read);

    private static byte[] Render(MimePart root, bool utf8, bool extended, Func<long, int, ReadOnlyMemory<byte>>? read)
    {
        var writer = new BodyWriter(new ImapText(utf8, 512), extended, read);
        writer.Part(root);
        return writer.Text.ToArray();
    }

    private sealed class BodyWriter(ImapText text, bool extended, Func<long, int, ReadOnlyMemory<byte>>? read)
    {
        public ImapText Text => text;

        public void Part(MimePart part)
        {
            text.Raw("("u8);
            if (part.IsMultipart && !(part.LimitHit && part.Children.Count == 0)) Multipart(part);
            else Single(part);
            text.Raw(")"u8);
        }

        // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
        private void Multipart(MimePart part)
        {
            foreach (var child in part.Shown) Part(child);
            text.Space().String(part.Subtype);
            if (!extended) return;
            Parameters(part.Parameters);
            Tail(part);
        }

        private void Single(MimePart part)
        {
            var closed = part.IsMultipart || (part.IsMessage && part.Message is null);
            var message = part.Message is not null && (text.Utf8 || part.Subtype == "rfc822");
            text.String(closed ? "application" : part.Type).Space().String(closed ? "octet-stream" : part.Subtype);
            Fields(part, addCharset: part.IsText);
            // RFC 3501 knows an envelope only for message/rfc822; RFC 9051 for message/global too.
            if (message) Message(part);
            else if (part.IsText) text.Space().Number(part.BodyLines);
            if (!extended) return;
            text.Space().Nil(part.Md5);
            Tail(part);
        }

        // body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
        private void Fields(MimePart part, bool addCharset)
        {
            Parameters(part.Parameters, addCharset && part.Charset is null);
            text.Space().Nil(part.ContentId).Space().Nil(part.Description);
            text.Space().String(part.Encoding).Space().Number(part.BodyLength);
        }

        private void Message(MimePart part)
        {
            var root = part.Message!;
            var header = root.EnvelopeFields is { } kept ? kept
                : read is null ? default
                : read(root.HeaderOffset, (int)Math.Min(root.HeaderLength, MimeLimits.Default.HeaderOctets)).Span;
            text.Space().Envelope(header);
            text.Space();
            Part(root);
            text.Space().Number(part.BodyLines);
        }

        // RFC 2045 §5.2: the default charset is shown, as clients expect of servers.
        private void Parameters(IReadOnlyList<MimeParameter> parameters, bool addCharset = false)
        {
            text.Space();
            if (parameters.Count == 0 && !addCharset)
            {
                text.Raw("NIL"u8);
                return;
            }
            text.Raw("("u8);
            for (var i = 0; i < parameters.Count; i++)
            {
                if (i > 0) text.Space();
                text.Parameter(parameters[i]);
            }
            if (addCharset) text.Raw(parameters.Count > 0 ? " \"charset\" \"us-ascii\""u8 : "\"charset\" \"us-ascii\""u8);
            text.Raw(")"u8);
        }

        // body-fld-dsp SP body-fld-lang SP body-fld-loc
        private void Tail(MimePart part)
        {
            if (part.Disposition is null) text.Raw(" NIL"u8);
            else
            {
                text.Raw(" ("u8).String(part.Disposition);
                Parameters(part.DispositionParameters);
                text.Raw(")"u8);
            }
            Languages(part.Language);
            text.Space().Nil(part.Location);
        }

        private void Languages(IReadOnlyList<string> languages)
        {
            if (languages.Count == 0)
            {
                text.Raw(" NIL"u8);
                return;
            }
            text.Raw(" ("u8);
            for (var i = 0; i < languages.Count; i++)
            {
                if (i > 0) text.Space();
                text.String(languages[i]);
            }
            text.Raw(")"u8);
        }
    }
}
