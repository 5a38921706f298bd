using System.Text;

namespace Aviso.Mime;

/// <summary>Message-ID, In-Reply-To, References (RFC 5322 §3.6.4).</summary>
public static class MessageIds
{
    /// <summary>
    /// The ids in order, without angle brackets, comments and white space; at most <see cref="MimeLimits.MessageIds"/>. Obsolete
    /// phrases around them are skipped (§4.5.4); a field that is a single bare word is taken as an id.
    /// </summary>
    public static IReadOnlyList<string> Parse(ReadOnlySpan<byte> value)
    {
        var ids = new List<string>();
        var rest = value;
        while (ids.Count < MimeLimits.MessageIds && rest.IndexOf((byte)'<') is var open and >= 0)
        {
            rest = rest[(open + 1)..];
            var end = rest.IndexOfAny((byte)'>', (byte)'<');
            var id = Clean(end < 0 ? rest : rest[..end]);
            if (id.Length > 0) ids.Add(id);
            rest = end < 0 ? default : rest[end..];
        }
        if (ids.Count > 0 || value.Contains((byte)'<')) return ids;
        var bare = value.Trim(" \t\r\n"u8);
        if (!bare.IsEmpty && bare.IndexOfAny(" \t\r\n"u8) < 0) ids.Add(HeaderText.FromOctets(bare));
        return ids;
    }

    /// <summary>
    /// Only what is a msg-id, in order, for comparing (RFC 5256 §3): quotes and quoted pairs are undone, so that
    /// <c>&lt;"a"@x&gt;</c> is <c>&lt;a@x&gt;</c>. At most <see cref="MimeLimits.MessageIds"/>, the last ones: a reply follows the last.
    /// </summary>
    public static IReadOnlyList<string> ParseNormalized(ReadOnlySpan<byte> value)
    {
        var ids = new List<string>();
        for (var rest = value; rest.IndexOf((byte)'<') is var open and >= 0;)
        {
            rest = rest[(open + 1)..];
            var reader = new ValueReader(rest);
            if (TryNormalize(ref reader, out var id)) ids.Add(id);
            // From where it ended, not from the next octet: each octet is read once, and "<" within a comment begins nothing.
            rest = rest[^reader.Left..];
        }
        return ids.Count <= MimeLimits.MessageIds ? ids : ids.GetRange(ids.Count - MimeLimits.MessageIds, MimeLimits.MessageIds);
    }

    // RFC 5322 §3.6.4: msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]; §4.5.4: words, quoted ones too, and CFWS between them.
    private static bool TryNormalize(ref ValueReader reader, out string id)
    {
        var text = new StringBuilder();
        var at = -1;
        id = "";
        while (true)
        {
            reader.SkipCfws();
            switch (reader.Peek)
            {
                case (byte)'>':
                    reader.Skip();
                    if (at < 0 || at == text.Length - 1) return false;
                    id = text.ToString();
                    return true;
                case (byte)'@' when at < 0 && text.Length > 0:
                    at = text.Length;
                    reader.Skip();
                    text.Append('@');
                    break;
                case (byte)'"':
                    text.Append(HeaderText.FromOctets(reader.QuotedString()));
                    break;
                case (byte)'[':
                    text.Append(HeaderText.FromOctets(reader.Until("] \t\r\n<>"u8)));
                    break;
                default:
                    var word = reader.Until(WordEnds);
                    if (word.IsEmpty) return false;
                    text.Append(HeaderText.FromOctets(word));
                    break;
            }
        }
    }

    private static ReadOnlySpan<byte> WordEnds => " \t\r\n()<>@\"["u8;

    private static string Clean(ReadOnlySpan<byte> id)
    {
        if (id.IndexOfAny(" \t\r\n("u8) < 0) return HeaderText.FromOctets(id);
        var text = new StringBuilder(id.Length);
        var reader = new ValueReader(id);
        while (!reader.AtEnd)
        {
            reader.SkipCfws();
            text.Append(HeaderText.FromOctets(reader.Until(" \t\r\n("u8)));
        }
        return text.ToString();
    }
}
