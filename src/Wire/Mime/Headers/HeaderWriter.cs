using System.Buffers;
using System.Text;
using Aviso.Base;

namespace Aviso.Mime;

/// <summary>
/// Writes header fields (RFC 5322 §2.2.3): folded at white space so that lines stay within 78 where they can, RFC 2047 words and RFC
/// 2231 parameters for what is not ASCII unless <paramref name="utf8"/> (RFC 6532). A CR or LF in a value becomes a space.
/// </summary>
public sealed class HeaderWriter(bool utf8 = false)
{
    private static readonly SearchValues<char> NotToken = SearchValues.Create("()<>@,;:\\\"/[]?= \t'*%");
    private const int WantedLine = 78;
    private const int LongestParameter = 60;
    private readonly StringBuilder _text = new(512);

    /// <summary>The fields so far, CRLF line ends, without the empty line.</summary>
    public byte[] ToArray() => Encoding.UTF8.GetBytes(_text.ToString());

    /// <summary>Unstructured text such as Subject.</summary>
    public HeaderWriter Text(string name, string value) =>
        Fold(name, utf8 ? Clean(value) : EncodedWord.Encode(Clean(value)));

    /// <summary>A value that is written in its grammar already (dates, ids, Received); it must be ASCII, or the writer be UTF-8.</summary>
    public HeaderWriter Raw(string name, string value) => Fold(name, Clean(value));

    public HeaderWriter Date(string name, DateTimeOffset date) => Fold(name, MailDate.Format(date));

    /// <summary>Ids without angle brackets.</summary>
    public HeaderWriter Ids(string name, params IEnumerable<string> ids) =>
        Fold(name, string.Join(' ', ids.Select(id => $"<{Clean(id)}>")));

    /// <summary>An address list; nothing is written for an empty one.</summary>
    public HeaderWriter Addresses(string name, params IEnumerable<HeaderAddress> addresses)
    {
        var value = string.Join(", ", addresses.Select(Show));
        return value.Length == 0 ? this : Fold(name, value);
    }

    /// <summary>Content-Type, Content-Disposition: a value with parameters.</summary>
    public HeaderWriter WithParameters(string name, string value, IEnumerable<MimeParameter> parameters)
    {
        var text = new StringBuilder(value);
        foreach (var p in parameters) Parameter(text, p.Name, Clean(p.Value));
        return Fold(name, text.ToString());
    }

    private string Show(HeaderAddress address)
    {
        var name = Clean(address.RawName);
        if (address.Members is { } members) return $"{Phrase(name)}: {string.Join(", ", members.Select(Show))};";
        var spec = Clean(address.Address);
        return name.Length == 0 ? spec : $"{Phrase(name)} <{spec}>";
    }

    // phrase = 1*word; what holds specials is quoted (RFC 5322 §3.2.5).
    private string Phrase(string name)
    {
        if (name.StartsWith("=?", StringComparison.Ordinal) && name.EndsWith("?=", StringComparison.Ordinal)) return name;
        if (!utf8 && EncodedWord.IsNeeded(name)) return EncodedWord.EncodePhrase(name);
        foreach (var c in name)
        {
            if (c != ' ' && !MailAddress.IsAtomText(c)) return Quote(name);
        }
        return name;
    }

    private void Parameter(StringBuilder text, string name, string value)
    {
        if (value.Length <= LongestParameter && (utf8 || Ascii.IsValid(value)))
        {
            text.Append("; ").Append(name).Append('=').Append(IsToken(value) ? value : Quote(value));
            return;
        }
        // RFC 2231 §3, §4
        var escaped = "utf-8''" + Uri.EscapeDataString(value);
        if (escaped.Length <= LongestParameter)
        {
            text.Append("; ").Append(name).Append("*=").Append(escaped);
            return;
        }
        for (var section = 0; escaped.Length > 0; section++)
        {
            var length = Math.Min(escaped.Length, LongestParameter);
            // An escape stays whole.
            var escape = escaped.LastIndexOf('%', length - 1);
            if (escape >= 0 && escape > length - 3 && length < escaped.Length) length = escape;
            text.Append("; ").Append(name).Append('*').Append(section).Append("*=").Append(escaped, 0, length);
            escaped = escaped[length..];
        }
    }

    private static bool IsToken(string value) =>
        value.Length > 0 && !value.AsSpan().ContainsAny(NotToken) && !value.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Clean(string text)
    {
        if (!text.AsSpan().ContainsAny('\r', '\n', '\0')) return text.Trim(' ', '\t');
        return text.Replace('\r', ' ').Replace('\n', ' ').Replace('\0', ' ').Trim();
    }

    private HeaderWriter Fold(string name, string value)
    {
        _text.Append(name).Append(':');
        var column = name.Length + 1;
        foreach (var range in value.AsSpan().Split(' '))
        {
            var word = value.AsSpan()[range];
            // An empty word is a second space: it must not begin or end a line on its own.
            if (column + 1 + word.Length > WantedLine && column > name.Length + 1 && word.Length > 0 && _text[^1] != ' ')
            {
                _text.Append("\r\n");
                column = 0;
            }
            _text.Append(' ').Append(word);
            column += word.Length + 1;
        }
        _text.Append("\r\n");
        return this;
    }
}
