using System.Buffers;
using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>One result of a field.</summary>
/// <param name="Method">Lower case.</param>
/// <param name="Result">Lower case.</param>
/// <param name="Reason">Null when not given.</param>
/// <param name="Properties">"ptype.property" to value, in order.</param>
public sealed record MethodResult(string Method, int MethodVersion, string Result, string? Reason, IReadOnlyList<KeyValuePair<string, string>> Properties);

/// <summary>
/// An Authentication-Results field (RFC 8601 §2.2), or ARC-Authentication-Results with its instance (RFC 8617 §4.1.1).
/// </summary>
/// <param name="Version">1 when not given.</param>
/// <param name="Instance">0 outside of ARC.</param>
/// <param name="IsStrict">Every octet of the field is as the grammar wants it.</param>
public sealed record AuthenticationResults(string AuthservId, int Version, int Instance, IReadOnlyList<MethodResult> Results, bool IsStrict)
{
    private const int MostResults = 100;

    // RFC 2045 §5.1 tspecials and white space; "@" is let through, see Value.
    private static readonly SearchValues<char> NotInTokens = SearchValues.Create(" ()<>,;:\\\"/[]?=\t");

    /// <summary>Reads a field's value. What can be read of a broken one is given with <see cref="IsStrict"/> false; null when not even
    /// the authserv-id can be.</summary>
    public static AuthenticationResults? Parse(ReadOnlySpan<byte> value, bool arc = false)
    {
        var grammar = new AuthenticationResultsGrammar(value);
        return grammar.Read(arc, MostResults);
    }

    /// <summary>
    /// RFC 8601 §5: fields that claim to be ours (by our own name, any version) are not; a receiver removes them.
    /// </summary>
    /// <param name="header">The header octets.</param>
    /// <returns>Where they stand, in order.</returns>
    public static List<Range> Claiming(ReadOnlySpan<byte> header, string authservId)
    {
        var found = new List<Range>();
        foreach (var field in new HeaderFields(header))
        {
            if (!field.Is("Authentication-Results"u8)) continue;
            if (Claims(field.Value, authservId)) found.Add(field.Offset..(field.Offset + field.Length));
        }
        return found;
    }

    // Some readers are more generous than the grammar: what they could take for our name is a claim to it as well.
    private static bool Claims(ReadOnlySpan<byte> value, string authservId)
    {
        if (Parse(value) is not { AuthservId: { Length: > 0 } id }) return HeaderText.Raw(value).Contains(authservId, StringComparison.OrdinalIgnoreCase);
        var end = id.AsSpan().IndexOfAny("/:;= ");
        return id.Equals(authservId, StringComparison.OrdinalIgnoreCase)
            || id.AsSpan(0, end < 0 ? id.Length : end).TrimEnd('.').Equals(authservId, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The field with its name, folded, CRLF at the end.</summary>
    public static string Write(string authservId, IEnumerable<string> results)
    {
        var text = new StringBuilder("Authentication-Results: ").Append(authservId);
        var any = false;
        foreach (var result in results)
        {
            text.Append(";\r\n\t").Append(result);
            any = true;
        }
        return text.Append(any ? "\r\n" : "; none\r\n").ToString();
    }

    /// <summary>A value as a token or a quoted string; control characters of strangers are left out.</summary>
    public static string Value(string text)
    {
        var clean = string.Concat(text.Where(c => c is >= ' ' and not '\x7F'));
        // RFC 8601 §2.2: pvalue may be [ local-part ] "@" domain-name as it is.
        var isPlain = !MailAddress.TryCut(clean, out var local, out var domain) || (!local.Contains('@') && !domain.IsEmpty);
        if (clean.Length > 0 && isPlain && !clean.AsSpan().ContainsAny(NotInTokens)) return clean;
        return "\"" + clean.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
    }
}

/// <summary>RFC 8601 §2.2, one method a rule. Strictness is remembered, not enforced.</summary>
internal ref struct AuthenticationResultsGrammar(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _at;
    private bool _broken;

    // authres-header-field = "Authentication-Results:" authres-payload
    // authres-payload = [CFWS] authserv-id [ CFWS authres-version ] ( no-result / 1*resinfo ) [CFWS] CRLF
    public AuthenticationResults? Read(bool arc, int most)
    {
        var instance = 0;
        Cfws();
        if (arc)
        {
            // RFC 8617 §4.1.1: "i" "=" instance ";"
            if (!Literal('i') || !Gap() || !Literal('=') || !Gap() || !Number(out instance) || instance is < 1 or > 50 || !Gap() || !Literal(';')) return null;
            Cfws();
        }
        var start = _at;
        if (Text(isHost: true) is not { Length: > 0 } id) return null;
        var spaced = Cfws();
        var version = 1;
        // Some receivers leave their name out.
        var nameless = !AtEnd && _text[_at] == '=';
        if (nameless)
        {
            (id, _broken) = ("", true);
            _at = start;
        }
        else if (!AtEnd && _text[_at] != ';' && spaced && Number(out var given))
        {
            version = given;
            Cfws();
        }
        var results = new List<MethodResult>();
        var none = false;
        if (AtEnd) _broken = true;
        while (!AtEnd)
        {
            if (!nameless && !Literal(';'))
            {
                _broken = true;
                Skip();
                continue;
            }
            nameless = false;
            Cfws();
            // A semicolon at the very end is common and wrong.
            if (AtEnd || results.Count == most)
            {
                _broken = true;
                break;
            }
            if (One() is { } result) results.Add(result);
            else if (_none) none = true;
            else
            {
                _broken = true;
                Skip();
            }
        }
        _broken |= none && results.Count > 0;
        return new(id, version, instance, results, !_broken);
    }

    private bool _none;

    // resinfo = [CFWS] ";" methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
    private MethodResult? One()
    {
        _none = false;
        if (!Method(out var method, out var version, out var result)) return null;
        string? reason = null;
        var properties = new List<KeyValuePair<string, string>>();
        for (var spaced = Cfws(); !AtEnd && _text[_at] != ';'; spaced = Cfws())
        {
            var from = _at;
            if (!spaced || Keyword() is not { } name)
            {
                _at = from;
                Break();
                break;
            }
            Cfws();
            var mayBeReason = name == "reason" && reason is null && properties.Count == 0;
            if (mayBeReason && Reason() is { } why) reason = why;
            else if (Property(name) is { } property) properties.Add(property);
            else
            {
                Break();
                break;
            }
        }
        return new(method, version, result, reason, properties);
    }

    // methodspec = [CFWS] method [CFWS] "=" [CFWS] result; method = Keyword [ [CFWS] "/" [CFWS] method-version ]
    private bool Method(out string method, out int version, out string result)
    {
        (version, result) = (1, "");
        method = Keyword() ?? "";
        if (method.Length == 0) return false;
        Cfws();
        if (Literal('/'))
        {
            Cfws();
            if (!Number(out version)) return false;
            Cfws();
        }
        if (!Literal('='))
        {
            _none = method == "none" && (AtEnd || _text[_at] == ';');
            return false;
        }
        Cfws();
        result = Keyword() ?? "";
        if (result.Length == 0) return false;
        _broken |= !IsRegistered(method, result);
        return true;
    }

    // reasonspec = "reason" [CFWS] "=" [CFWS] value
    private string? Reason()
    {
        if (!Literal('=')) return null;
        Cfws();
        return Text(isHost: false);
    }

    // propspec = ptype [CFWS] "." [CFWS] property [CFWS] "=" pvalue
    private KeyValuePair<string, string>? Property(string type)
    {
        if (!Literal('.')) return null;
        Cfws();
        if (Keyword() is not { } property) return null;
        Cfws();
        if (!Literal('=')) return null;
        Cfws();
        return PropertyValue() is { } value ? new($"{type}.{property}", value) : null;
    }

    private void Break()
    {
        _broken = true;
        Skip();
    }

    // RFC 8601 §2.7 and the registry: results of the methods everybody has; others say what they like.
    private static bool IsRegistered(string method, string result) => method switch
    {
        "dkim" => result is "none" or "pass" or "fail" or "policy" or "neutral" or "temperror" or "permerror",
        "spf" => result is "none" or "pass" or "fail" or "softfail" or "policy" or "neutral" or "temperror" or "permerror",
        "dmarc" => result is "none" or "pass" or "fail" or "temperror" or "permerror",
        "iprev" => result is "pass" or "fail" or "temperror" or "permerror",
        "auth" => result is "none" or "pass" or "fail" or "temperror" or "permerror",
        "arc" => result is "none" or "pass" or "fail",
        _ => true,
    };

    // pvalue = [CFWS] ( ( value / [ [ local-part ] "@" ] domain-name ) ) [CFWS]
    private string? PropertyValue()
    {
        var first = !AtEnd && _text[_at] == '@' ? "" : Text(isHost: false);
        if (first is null) return null;
        if (AtEnd || _text[_at] != '@') return first;
        _at++;
        return Text(isHost: true) is { Length: > 0 } domain ? $"{first}@{domain}" : null;
    }

    // Keyword = ALPHA / DIGIT, "-" inside (RFC 5321)
    private string? Keyword()
    {
        var from = _at;
        while (!AtEnd && (char.IsAsciiLetterOrDigit((char)_text[_at]) || _text[_at] is (byte)'-' or (byte)'_')) _at++;
        return _at > from ? Encoding.ASCII.GetString(_text[from.._at]).ToLowerInvariant() : null;
    }

    // value = token / quoted-string (RFC 2045 §5.1), with UTF-8 (RFC 8601 §2.2)
    private string? Text(bool isHost)
    {
        if (AtEnd) return null;
        if (_text[_at] == '"') return Quoted();
        var from = _at;
        while (!AtEnd && _text[_at] is var c && c > ' ' && c != 0x7F && !(c is (byte)'(' or (byte)')' or (byte)';' or (byte)'"' or (byte)',' or (byte)'<' or (byte)'>' or (byte)'[' or (byte)']' or (byte)'\\' or (byte)'?')
            && !(c == '@' && (isHost || _at > from)) && !(isHost && c == '=')) _at++;
        // A token has no "/", ":" or "="; base64 of b= and addresses have, and all readers take them.
        _broken |= _text[from.._at].ContainsAny("/:="u8);
        return _at > from ? Encoding.UTF8.GetString(_text[from.._at]) : null;
    }

    private string? Quoted()
    {
        var into = new StringBuilder();
        for (_at++; !AtEnd; _at++)
        {
            var c = _text[_at];
            if (c == '"')
            {
                _at++;
                return into.ToString();
            }
            if (c == '\\' && _at + 1 < _text.Length) c = _text[++_at];
            if (c is not ((byte)'\r' or (byte)'\n')) into.Append((char)c);
        }
        _broken = true;
        return null;
    }

    private bool Number(out int number)
    {
        var from = _at;
        while (!AtEnd && char.IsAsciiDigit((char)_text[_at])) _at++;
        return int.TryParse(_text[from.._at], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private bool Literal(char c)
    {
        if (AtEnd || _text[_at] != c) return false;
        _at++;
        return true;
    }

    private bool Gap()
    {
        Cfws();
        return true;
    }

    // White space, folds and nested comments; true when there was any.
    private bool Cfws()
    {
        var from = _at;
        var depth = 0;
        for (; !AtEnd; _at++)
        {
            var c = _text[_at];
            if (depth > 0 && c == '\\' && _at + 1 < _text.Length) _at++;
            else if (c == '(') depth++;
            else if (c == ')' && depth > 0) depth--;
            else if (depth == 0 && c is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')) break;
        }
        _broken |= depth > 0;
        return _at > from;
    }

    // To the next semicolon that ends a result.
    private void Skip()
    {
        while (!AtEnd && _text[_at] != ';')
        {
            if (_text[_at] == '"') Quoted();
            else if (_text[_at] == '(') Cfws();
            else _at++;
        }
    }

    private readonly bool AtEnd => _at >= _text.Length;
}
