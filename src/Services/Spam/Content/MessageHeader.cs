using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>One field of the message's header; its text is decoded when first asked for.</summary>
public sealed class HeaderLine
{
    // Decoding is linear, but what one field may cost has an end.
    private const int MostOctets = 32 * 1024;
    private string? _text;

    internal HeaderLine(string name, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> octets) =>
        (Name, Value, Octets) = (name, value, octets);

    /// <summary>Lower case; empty for a line that is no field.</summary>
    public string Name { get; }

    /// <summary>As sent, folded.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>The whole line as sent, its name and end with it.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    /// <summary>For people: unfolded, encoded words decoded; of a very long field the beginning.</summary>
    public string Text => _text ??= HeaderText.Decode(Value.Span[..Math.Min(Value.Length, MostOctets)]);
}

/// <summary>The header of a message as checks look at it.</summary>
public sealed class MessageHeader
{
    private const int MostLines = 1000;
    private readonly List<HeaderLine> _lines = new(32);
    private IReadOnlyList<HeaderAddress>? _from;
    private IReadOnlyList<HeaderAddress>? _replyTo;
    private IReadOnlyList<HeaderAddress>? _sender;
    private IReadOnlyList<HeaderAddress>? _to;
    private string? _subject;

    internal MessageHeader(ReadOnlyMemory<byte> octets, bool isCut)
    {
        (Octets, IsCut) = (octets, isCut);
        foreach (var field in new HeaderFields(octets.Span))
        {
            if (_lines.Count == MostLines)
            {
                IsCut = true;
                break;
            }
            var line = octets.Slice(field.Offset, field.Length);
            if (field.Name.IsEmpty) _lines.Add(new("", line, line));
            else _lines.Add(new(NameOf(field.Name), line.Slice(ValueOffset(line.Span), field.Value.Length), line));
        }
    }

    /// <summary>There are more fields than <see cref="Lines"/>, or the header goes on behind <see cref="Octets"/>.</summary>
    public bool IsCut { get; }

    /// <summary>The header block as sent.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    /// <summary>The fields in order, at most 1000.</summary>
    public IReadOnlyList<HeaderLine> Lines => _lines;

    /// <summary>Mailboxes of From, those in groups included.</summary>
    public IReadOnlyList<HeaderAddress> From => _from ??= Mailboxes("from");

    public IReadOnlyList<HeaderAddress> ReplyTo => _replyTo ??= Mailboxes("reply-to");

    public IReadOnlyList<HeaderAddress> Sender => _sender ??= Mailboxes("sender");

    /// <summary>Mailboxes of To and Cc.</summary>
    public IReadOnlyList<HeaderAddress> To => _to ??= [.. Mailboxes("to"), .. Mailboxes("cc")];

    /// <summary>Decoded; empty without one.</summary>
    public string Subject => _subject ??= Find("subject")?.Text ?? "";

    /// <summary>The domain of the first From address in lower case, as A-labels when it is a name, or "".</summary>
    public string FromDomain => From.Count == 0 ? ""
        : From[0].TryMailAddress(out var address) ? address.Domain.Ascii : From[0].Domain.ToLowerInvariant();

    /// <summary>"local@domain" of the first From address in lower case, or "".</summary>
    public string FromAddress => FromDomain is { Length: > 0 } domain ? $"{From[0].LocalPart.ToLowerInvariant()}@{domain}" : "";

    /// <summary>The first field called <paramref name="name"/> (lower case), or null.</summary>
    public HeaderLine? Find(string name)
    {
        foreach (var line in _lines)
        {
            if (line.Name == name) return line;
        }
        return null;
    }

    public bool Has(string name) => Find(name) is not null;

    public int Count(string name)
    {
        var count = 0;
        foreach (var line in _lines)
        {
            if (line.Name == name) count++;
        }
        return count;
    }

    /// <summary>All fields called <paramref name="name"/> (lower case), in order.</summary>
    public IEnumerable<HeaderLine> All(string name)
    {
        foreach (var line in _lines)
        {
            if (line.Name == name) yield return line;
        }
    }

    private IReadOnlyList<HeaderAddress> Mailboxes(string name) => Find(name) is { } line
        ? [.. AddressList.Mailboxes(AddressList.Parse(line.Value.Span))] : [];

    private static int ValueOffset(ReadOnlySpan<byte> field) => field.IndexOf((byte)':') + 1;

    private static string NameOf(ReadOnlySpan<byte> name)
    {
        Span<char> lower = stackalloc char[Math.Min(name.Length, 128)];
        for (var i = 0; i < lower.Length; i++) lower[i] = char.ToLowerInvariant((char)name[i]);
        return Known.TryGetValue(lower, out var known) ? known : new string(lower);
    }

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Known = new HashSet<string>(StringComparer.Ordinal)
    {
        "from", "to", "cc", "bcc", "subject", "date", "message-id", "received", "return-path", "delivered-to", "reply-to", "sender",
        "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "dkim-signature", "list-unsubscribe",
        "list-unsubscribe-post", "list-id", "list-post", "list-help", "precedence", "x-mailer", "user-agent", "references", "in-reply-to",
        "authentication-results", "arc-seal", "arc-message-signature", "arc-authentication-results", "received-spf", "x-priority",
        "feedback-id", "auto-submitted", "thread-topic", "thread-index", "importance", "content-language", "x-originating-ip", "errors-to",
    }.GetAlternateLookup<ReadOnlySpan<char>>();
}
