using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>A Message-ID or a base subject for comparing only: 128 bits of its SHA-256, so that nobody can make two alike.</summary>
internal readonly record struct TextKey(UInt128 Value)
{
    public static TextKey None => default;

    public static TextKey Of(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty) return None;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return new(BinaryPrimitives.ReadUInt128LittleEndian(hash));
    }

    public static TextKey Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}

/// <summary>What SORT (DATE) and THREAD compare of an email; it never changes.</summary>
/// <param name="SentDate">Unix seconds; null: no readable Date.</param>
internal readonly record struct MailKey(long? SentDate, TextKey Subject, bool IsReply, TextKey MessageId, TextKey[] References)
{
    /// <summary>About what it takes in a table.</summary>
    public int Octets => 112 + (References.Length == 0 ? 0 : 24 + (16 * References.Length));

    public static MailKey Of(in ShownEmail email) => new(
        email.SentDate, TextKey.Of(email.BaseSubject), BaseSubject.Of(EnvelopeReader.Subject(email.Envelope)).IsReplyOrForward,
        TextKey.Of(email.MessageId), ReferencesOf(email.References));

    private static TextKey[] ReferencesOf(ReadOnlySpan<byte> lines)
    {
        if (lines.IsEmpty) return [];
        var keys = new List<TextKey>();
        foreach (var line in lines.Split((byte)'\n')) keys.Add(TextKey.Of(lines[line]));
        return [.. keys];
    }
}
