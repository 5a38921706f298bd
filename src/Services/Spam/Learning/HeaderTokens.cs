
using Aviso.Base;

namespace Aviso.Spam;

/// <summary>Tokens of the header: words of Subject and From, the sender's program, and the order and spelling of the fields it writes.</summary>
internal static class HeaderTokens
{
    private static readonly HashSet<string> Ordered = new(StringComparer.Ordinal)
    {
        "from", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "x-mailer",
        "user-agent", "reply-to", "x-priority", "x-msmail-priority", "x-mimeole", "importance", "in-reply-to", "references",
        "organization",
    };

    private static readonly HashSet<string> Noted = new(StringComparer.Ordinal)
    {
        "in-reply-to", "references", "organization", "x-priority", "importance", "mime-version", "content-transfer-encoding",
        "x-msmail-priority", "cc", "dkim-signature", "content-language", "thread-index", "auto-submitted", "feedback-id",
        // What list servers and mail programs write on the sending side.
        "sender", "errors-to", "precedence", "x-beenthere", "x-loop", "x-mailman-version", "thread-topic", "x-originating-ip", "x-sender",
        "x-mailer", "user-agent",
    };

    public static void Read(MessageContent content, TokenSet into)
    {
        var header = content.Header;
        var domain = header.FromDomain;
        var before = "";
        foreach (var line in header.Lines)
        {
            if (Ordered.Contains(line.Name))
            {
                into.Add(TokenGroup.Header, "field order ", before, line.Name);
                before = line.Name;
            }
            if (Noted.Contains(line.Name)) into.Add(TokenGroup.Header, "field ", line.Name);
            Field(line, domain, into);
        }
        Subject(content.Subject, into);
        From(header, into);
        if (!header.Has("message-id")) into.Add(TokenGroup.Header, "", "no message-id");
        if (!header.Has("date")) into.Add(TokenGroup.Header, "", "no date");
    }

    private static void Field(HeaderLine line, string fromDomain, TokenSet into)
    {
        switch (line.Name)
        {
            case "x-priority" or "importance" or "precedence" or "content-transfer-encoding":
                into.Add(TokenGroup.Header, $"{line.Name} ", Short(line.Text).ToLowerInvariant());
                break;
            case "x-mailer" or "user-agent":
                Words("program ", line.Text, 6, into);
                break;
            case "content-type":
                Words("type ", Before(line.Text, "boundary"), 8, into);
                break;
            case "message-id":
                MessageId(line.Text, fromDomain, into);
                break;
            case "date":
                into.Add(TokenGroup.Header, "zone ", Zone(line.Text));
                break;
            case "reply-to":
                into.Add(TokenGroup.Header, "", "has reply-to");
                into.Add(TokenGroup.Header, "", fromDomain.Length > 0 && line.Text.Contains(fromDomain, StringComparison.OrdinalIgnoreCase)
                    ? "reply-to same domain" : "reply-to other domain");
                break;
            case "to":
                into.Add(TokenGroup.Header, "to ", To(line.Text));
                break;
        }
    }

    private static void Subject(string subject, TokenSet into)
    {
        Span<char> room = stackalloc char[WordReader.Longest + 8];
        Span<char> kept = stackalloc char[5 * WordReader.Longest];
        Span<int> lengths = stackalloc int[4];
        var words = new WordReader(subject, room);
        for (var i = 0; i < 40 && words.MoveNext(); i++)
        {
            var word = words.Current;
            into.Add(TokenGroup.Header, "subject ", word);
            // Sparse pairs: this word with each of the four before it, the distance in the mark.
            for (var back = 1; back <= Math.Min(i, 4); back++)
            {
                var slot = (i - back) & 3;
                var mark = back switch { 1 => "subject 1 ", 2 => "subject 2 ", 3 => "subject 3 ", _ => "subject 4 " };
                into.Add(TokenGroup.Header, mark, kept.Slice(slot * WordReader.Longest, lengths[slot]), word);
            }
            word.CopyTo(kept[((i & 3) * WordReader.Longest)..]);
            lengths[i & 3] = word.Length;
        }
        if (subject.Length > 4 && IsShouted(subject)) into.Add(TokenGroup.Header, "", "subject in capitals");
        if (subject.StartsWith("re:", StringComparison.OrdinalIgnoreCase)) into.Add(TokenGroup.Header, "", "subject re");
        foreach (var c in subject)
        {
            if (c > '\u2000') into.Add(TokenGroup.Header, "subject sign ", ((int)c >> 8).ToString("X", System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static bool IsShouted(string text)
    {
        var capitals = false;
        foreach (var c in text)
        {
            if (char.IsLower(c)) return false;
            capitals |= char.IsUpper(c);
        }
        return capitals;
    }

    private static void From(MessageHeader header, TokenSet into)
    {
        if (header.From.Count == 0)
        {
            into.Add(TokenGroup.Header, "", "no from");
            return;
        }
        var from = header.From[0];
        var shown = PlainText.Fold(from.DisplayName);
        Words("from name ", shown, 10, into);
        MessageTokens.Domains("from domain ", header.FromDomain, into, TokenGroup.Header);
        Words("from local ", from.LocalPart, 6, into);
        if (shown.Length == 0) into.Add(TokenGroup.Header, "", "from without name");
        if (shown.Contains('@', StringComparison.Ordinal)) into.Add(TokenGroup.Header, "", "from name with address");
    }

    private static void Words(string mark, ReadOnlySpan<char> text, int most, TokenSet into)
    {
        Span<char> room = stackalloc char[WordReader.Longest + 8];
        var words = new WordReader(text[..Math.Min(text.Length, 300)], room);
        for (var i = 0; i < most && words.MoveNext(); i++) into.Add(TokenGroup.Header, mark, words.Current);
    }

    // How a program makes its ids: runs of small letters, capitals and digits.
    private static void MessageId(string id, string fromDomain, TokenSet into)
    {
        if (!MailAddress.TryCut(id, out var left, out _))
        {
            into.Add(TokenGroup.Header, "", "message-id without @");
            return;
        }
        into.Add(TokenGroup.Header, "", fromDomain.Length > 0 && id.Contains(fromDomain, StringComparison.OrdinalIgnoreCase)
            ? "message-id same domain" : "message-id other domain");
        Span<char> shape = stackalloc char[20];
        var length = 0;
        foreach (var c in left)
        {
            var kind = char.IsAsciiDigit(c) ? '0' : char.IsAsciiLetterLower(c) ? 'a' : char.IsAsciiLetterUpper(c) ? 'A' : c;
            if (length > 0 && shape[length - 1] == kind && char.IsAsciiLetterOrDigit(kind)) continue;
            if (length == shape.Length) return;
            shape[length++] = kind;
        }
        into.Add(TokenGroup.Header, "message-id like ", shape[..length]);
    }

    private static ReadOnlySpan<char> Zone(string date)
    {
        var text = date.AsSpan().Trim();
        if (text.IndexOf('(') is var comment and > 0) text = text[..comment].TrimEnd();
        var blank = text.LastIndexOf(' ');
        var zone = blank < 0 ? text : text[(blank + 1)..];
        return zone.Length is > 0 and <= 6 ? zone : "none";
    }

    private static string To(string to) =>
        to.Contains("undisclosed", StringComparison.OrdinalIgnoreCase) ? "undisclosed"
        : to.AsSpan().Count('@') > 1 ? "many" : to.Contains('<', StringComparison.Ordinal) ? "name and address" : "address";

    private static ReadOnlySpan<char> Before(string text, string word)
    {
        var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? text : text.AsSpan(0, at);
    }

    private static string Short(string text) => text.Length > 20 ? text[..20] : text;
}
