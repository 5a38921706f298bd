using System.Text;
using Aviso.Mime;
using Aviso.Sieve;

namespace Aviso.Delivery;

/// <summary>Messages as scripts changed them (RFC 5293, RFC 5703).</summary>
internal sealed class MessageEdits(ReceiveParts parts)
{
    /// <summary>For a mailbox of the script's account: the header as the script left it, our own fields in it.</summary>
    public PlannedMessage Edited(PlannedMessage message, SieveEdit edit) => Make(message, edit.Header, edit.Body);

    /// <summary>To be sent on: without the fields that we put before the account's own copy.</summary>
    /// <param name="own">Those fields.</param>
    public PlannedMessage SentOn(PlannedMessage message, SieveEdit edit, ReadOnlySpan<byte> own) =>
        Make(message, Without(own, edit.Header), edit.Body);

    private PlannedMessage Make(PlannedMessage message, byte[] header, byte[]? changed)
    {
        var body = parts.Store.Spool.Make(made =>
        {
            made.Write(header);
            if (changed is null) made.Write(message.Body, message.HeaderLength);
            else made.Write(changed);
        });
        try
        {
            var root = parts.Reader.Scan(body);
            return new(body, parts.Reader.Render(body, root), root.HeaderLength);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    // A field that the script changed is the script's by now and stays.
    private static byte[] Without(ReadOnlySpan<byte> own, byte[] header)
    {
        var ours = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in new HeaderFields(own)) ours.Add(Encoding.Latin1.GetString(own.Slice(field.Offset, field.Length)));
        var left = new MemoryStream(header.Length);
        var end = 0;
        foreach (var field in new HeaderFields(header))
        {
            var octets = header.AsSpan(field.Offset, field.Length);
            end = field.Offset + field.Length;
            if (!ours.Remove(Encoding.Latin1.GetString(octets))) left.Write(octets);
        }
        left.Write(header.AsSpan(end));
        return left.ToArray();
    }
}
