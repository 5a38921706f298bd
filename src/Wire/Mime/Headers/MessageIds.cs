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
