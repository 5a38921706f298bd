using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>A stored message that somebody wants to send: who it says it is from and to. What we put before it when it came is left
/// out.</summary>
internal sealed class SubmittedMessage
{
    private const int MostHeader = 1 << 20;

    private SubmittedMessage(byte[] header, long size) => (Header, Size) = (header, size);

    public byte[] Header { get; }

    /// <summary>Octets without what we put before it.</summary>
    public long Size { get; }

    /// <summary>It cannot be sent but where SMTPUTF8 is spoken (RFC 6531 §3.2).</summary>
    public bool IsUtf8 => Header.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)127);

    /// <param name="start">The beginning of a message, with its header.</param>
    public static SubmittedMessage Of(byte[] start) =>
        new(start.AsSpan().IndexOf("\r\n\r\n"u8) is >= 0 and var end ? start[..(end + 2)] : start, start.Length);

    public static SubmittedMessage Read(StoredBody body)
    {
        var octets = new byte[(int)Math.Min(body.Length - body.PrefixLength, MostHeader)];
        var length = 0;
        while (length < octets.Length && body.Read(body.PrefixLength + length, octets.AsSpan(length)) is > 0 and var read)
        {
            length += read;
            var end = octets.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0) return new(octets[..(end + 2)], body.Length - body.PrefixLength);
        }
        return new(octets[..length], body.Length - body.PrefixLength);
    }

    /// <summary>RFC 8621 §7: Sender, else From, the first address of the last field; and To, Cc and Bcc, each address once.</summary>
    /// <param name="mayUse">Does the identity allow this sender.</param>
    /// <param name="otherwise">The identity's own address.</param>
    public SubmissionEnvelope Envelope(Func<string, bool> mayUse, string otherwise)
    {
        var sender = Last("Sender"u8) ?? Last("From"u8);
        var recipients = new List<SubmissionAddress>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in new HeaderFields(Header))
        {
            if (!field.Is("To"u8) && !field.Is("Cc"u8) && !field.Is("Bcc"u8)) continue;
            foreach (var mailbox in AddressList.Mailboxes(AddressList.Parse(field.Value)))
                if (seen.Add(mailbox.Address)) recipients.Add(SubmissionAddress.Plain(mailbox.Address));
        }
        return new(SubmissionAddress.Plain(sender is not null && mayUse(sender) ? sender : otherwise), recipients);
    }

    /// <summary>What somebody who sends it claims to be.</summary>
    public IReadOnlyList<string> Authors => All("From"u8);

    /// <summary>Properties of the email that keep it from being sent; none where it is whole.</summary>
    public IReadOnlyList<string> Invalid => All("From"u8).Count == 0 ? ["from"] : [];

    private List<string> All(ReadOnlySpan<byte> name)
    {
        var all = new List<string>();
        foreach (var field in new HeaderFields(Header))
            if (field.Is(name)) all.AddRange(AddressList.Mailboxes(AddressList.Parse(field.Value)).Select(m => m.Address));
        return all;
    }

    private string? Last(ReadOnlySpan<byte> name)
    {
        string? last = null;
        foreach (var field in new HeaderFields(Header))
            if (field.Is(name)) last = AddressList.Mailboxes(AddressList.Parse(field.Value)).FirstOrDefault()?.Address ?? last;
        return last;
    }
}
