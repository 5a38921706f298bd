using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Imap;

internal enum FetchResult
{
    Written, UnknownEncoding, Gone, Damaged,
}

/// <summary>Writes one FETCH response. What Mime rendered at delivery is copied; only old renderings, 8-bit structures for
/// clients without UTF-8 and body sections cost more.</summary>
internal static class FetchWriter
{
    public static void WriteEntryOnly(ImapSession session, SelectedMailbox box, int index, FetchFields fields)
    {
        var entry = box.View[index];
        NewsReport.FetchHead(session.Writer, index, entry.Uid, session.Modes, withUid: false);
        var first = true;
        Fields(session, box, entry, fields, ref first);
        session.Writer.Bytes(")\r\n"u8);
    }

    public static ShownColumns ColumnsFor(FetchFields fields) =>
        (fields & (FetchFields.Body | FetchFields.Preview)) != 0 ? ShownColumns.All
        : (fields & FetchFields.BodyStructure) != 0 ? ShownColumns.BodyStructure : ShownColumns.Envelope;

    /// <summary>Writes the response when all asked for can be copied as stored; false: nothing was written.</summary>
    public static bool TryCopy(ImapSession session, SelectedMailbox box, int index, FetchFields fields, in ShownEmail email)
    {
        if (!session.Modes.Utf8 &&
            (((fields & FetchFields.Envelope) != 0 && !System.Text.Ascii.IsValid(email.Envelope)) ||
            ((fields & FetchFields.BodyStructure) != 0 && !System.Text.Ascii.IsValid(email.BodyStructure)) ||
            ((fields & FetchFields.Body) != 0 && !System.Text.Ascii.IsValid(email.Body)))) return false;
        var entry = box.View[index];
        var writer = session.Writer;
        NewsReport.FetchHead(writer, index, entry.Uid, session.Modes, withUid: false);
        var first = true;
        Fields(session, box, entry, fields, ref first);
        RenderedFields(writer, fields, email, ref first);
        writer.Bytes(")\r\n"u8);
        return true;
    }

    /// <summary>With UnknownEncoding and Damaged nothing was written.</summary>
    public static async ValueTask<FetchResult> WriteFullAsync(
        ImapSession session, SelectedMailbox box, int index, FetchRequest request, StoredEmail email, StoredBody body,
        Dictionary<uint, Entry>? seen)
    {
        if (body.Fault is not null) return FetchResult.Damaged;
        var entry = box.View[index];
        var rendered = Fresh(session, email, body);
        // The body is read ahead of the first octet: a fault after it would cut the connection.
        var sections = request.Sections.Select(s => SectionFinder.Find(s, rendered, body)).ToList();
        // RFC 9051 §7.1: UNKNOWN-CTE.
        if (sections.Exists(s => s.UnknownEncoding)) return FetchResult.UnknownEncoding;
        // Who takes a whole message (or begins to) gets what was stored or hears that it is damaged, never wrong octets in silence.
        if (sections.Zip(request.Sections).Any(s => s.Second.Offset == 0 && s.First.Made is null && s.First.Offset + s.First.Length == body.Length)
            && body.Prove() is not null) return FetchResult.Damaged;
        NewsReport.FetchHead(session.Writer, index, entry.Uid, session.Modes, withUid: false);
        var first = true;
        var fields = request.Fields;
        if (seen?.ContainsKey(entry.Uid) == true)
        {
            fields |= FetchFields.Flags;
            // RFC 7162 §3.2.4: what \Seen causes carries UID and MODSEQ.
            if (session.Modes.Condstore) fields |= FetchFields.ModSeq | (session.Modes.UidOnly ? 0 : FetchFields.Uid);
        }
        Fields(session, box, entry, fields, ref first);
        RenderedFields(session.Writer, fields, Shown(email, ForClient(session, fields, rendered, body)), ref first);
        for (var i = 0; i < sections.Count && !session.Writer.Broken; i++)
        {
            if (!first) session.Writer.Byte(' ');
            first = false;
            await SectionWriter.WriteAsync(session.Writer, request.Sections[i], sections[i], body);
        }
        session.Writer.Bytes(")\r\n"u8);
        return FetchResult.Written;
    }

    private static void Fields(ImapSession session, SelectedMailbox box, in Entry entry, FetchFields fields, ref bool first)
    {
        var writer = session.Writer;
        if ((fields & FetchFields.Uid) != 0) Name(writer, "UID "u8, ref first).Number(entry.Uid);
        if ((fields & FetchFields.Flags) != 0)
        {
            var flags = box.HasBeliefs ? box.BelievedOf(entry).Flags : entry.Flags;
            Name(writer, "FLAGS "u8, ref first).Flags(flags, box.Keywords, !session.Modes.Rev2 && box.IsRecent(entry.Uid));
        }
        if ((fields & FetchFields.InternalDate) != 0) Name(writer, "INTERNALDATE "u8, ref first).DateTime(entry.InternalDate);
        if ((fields & FetchFields.Size) != 0) Name(writer, "RFC822.SIZE "u8, ref first).Number(entry.Size);
        if ((fields & FetchFields.ModSeq) != 0)
            Name(writer, "MODSEQ ("u8, ref first).Number(box.HasBeliefs ? box.BelievedOf(entry).ModSeq : entry.ModSeq).Byte(')');
        if ((fields & FetchFields.EmailId) != 0) Name(writer, "EMAILID "u8, ref first).ObjectId(entry.Email.Value);
        if ((fields & FetchFields.SaveDate) != 0) Name(writer, "SAVEDATE "u8, ref first).DateTime(entry.SaveDate);
    }

    /// <summary>What was rendered when the message came, or anew, in the order in which it is always answered.</summary>
    private static void RenderedFields(ResponseWriter writer, FetchFields fields, in ShownEmail email, ref bool first)
    {
        if ((fields & FetchFields.ThreadId) != 0) Name(writer, "THREADID "u8, ref first).ObjectId(email.Thread.Value);
        if ((fields & FetchFields.Envelope) != 0) Name(writer, "ENVELOPE "u8, ref first).Bytes(email.Envelope);
        if ((fields & FetchFields.BodyStructure) != 0) Name(writer, "BODYSTRUCTURE "u8, ref first).Bytes(email.BodyStructure);
        if ((fields & FetchFields.Body) != 0) Name(writer, "BODY "u8, ref first).Bytes(email.Body);
        if ((fields & FetchFields.Preview) != 0) Name(writer, "PREVIEW "u8, ref first).String(email.Preview);
    }

    private static ShownEmail Shown(StoredEmail email, Rendered rendered) => new()
    {
        Thread = email.Thread,
        Envelope = rendered.Envelope,
        BodyStructure = rendered.BodyStructure,
        Body = rendered.Body,
        Preview = System.Text.Encoding.UTF8.GetBytes(rendered.Preview),
    };

    private static ResponseWriter Name(ResponseWriter writer, ReadOnlySpan<byte> name, ref bool first)
    {
        if (!first) writer.Byte(' ');
        first = false;
        return writer.Bytes(name);
    }

    private static bool IsAscii(byte[] octets) => System.Text.Ascii.IsValid(octets);

    /// <summary>The stored rendering, or a new one when an older version of Mime wrote it.</summary>
    public static Rendered Fresh(ImapSession session, StoredEmail email, StoredBody body)
    {
        if (email.Rendered.Version == session.Server.Reader.Version) return email.Rendered;
        using var copy = session.Store.Spool.Begin();
        var piece = new byte[64 * 1024];
        for (long at = body.PrefixLength; body.Read(at, piece) is > 0 and var count; at += count) copy.Write(piece.AsSpan(0, count));
        return session.Server.Reader.Render(copy);
    }

    // RFC 6855 §3, RFC 6857: a client that has not enabled UTF-8 gets ENVELOPE and BODYSTRUCTURE in ASCII.
    private static Rendered ForClient(ImapSession session, FetchFields fields, Rendered rendered, StoredBody body)
    {
        if (session.Modes.Utf8) return rendered;
        if ((fields & FetchFields.Envelope) != 0 && !IsAscii(rendered.Envelope))
            rendered = rendered with { Envelope = ImapStructure.Envelope(SectionFinder.Header(rendered, body, withPrefix: false), utf8: false) };
        if ((fields & FetchFields.BodyStructure) != 0 && !IsAscii(rendered.BodyStructure))
            rendered = rendered with { BodyStructure = ImapStructure.BodyStructure(PartIndex.Read(rendered.Parts), utf8: false, Reader(body)) };
        if ((fields & FetchFields.Body) != 0 && !IsAscii(rendered.Body))
            rendered = rendered with { Body = ImapStructure.Body(PartIndex.Read(rendered.Parts), utf8: false, Reader(body)) };
        return rendered;
    }

    private static Func<long, int, ReadOnlyMemory<byte>> Reader(StoredBody body) => (offset, length) =>
    {
        var octets = new byte[Math.Min(length, SectionFinder.MaxHeader)];
        var read = SectionFinder.ReadFully(body, body.PrefixLength + offset, octets);
        return octets.AsMemory(0, read);
    };
}
