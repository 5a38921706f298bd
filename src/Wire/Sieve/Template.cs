using System.Buffers;
using System.Text;

namespace Aviso.Sieve;

/// <summary>A string of a script: constant, or text with references to variables (RFC 5229 §3).</summary>
internal sealed class Template
{
    private readonly Piece[] _pieces;

    private Template(Piece[] pieces, string? constant, int at)
    {
        _pieces = pieces;
        Constant = constant;
        At = at;
    }

    /// <summary>A reference when <see cref="Name"/> is not null: number, or name with <see cref="Space"/> ("" or a namespace).</summary>
    private readonly record struct Piece(string Text, string? Name, string Space, int Number);

    /// <summary>The string, when it has no references.</summary>
    public string? Constant { get; }

    /// <summary>Offset in the script.</summary>
    public int At { get; }

    public static Template Of(string constant, int at) => new([], constant, at);

    /// <summary>References to match values.</summary>
    public int HighestMatch => _pieces.Length == 0 ? -1 : _pieces.Max(p => p.Name is null ? -1 : p.Number);

    /// <summary>
    /// Compiles a literal. With encoded-character that comes first (RFC 5228 §2.4.2.4: its result is what other processing sees).
    /// </summary>
    public static Template Compile(Literal literal, bool encoded, bool variables, Func<string, bool> isNamespace, Action<int, string> error)
    {
        var text = encoded ? EncodedCharacters.Decode(literal.Text, e => error(literal.At, e)) : literal.Text;
        if (!variables || !text.Contains("${", StringComparison.Ordinal)) return Of(text, literal.At);
        var pieces = new List<Piece>();
        var plain = 0;
        for (var at = text.IndexOf("${", StringComparison.Ordinal); at >= 0; at = text.IndexOf("${", at, StringComparison.Ordinal))
        {
            if (!TryReference(text, at, out var piece, out var end))
            {
                at += 2;
                continue;
            }
            if (piece.Space.Length > 0 && !isNamespace(piece.Space))
                error(literal.At, $"`{piece.Space}` in ${{{piece.Space}.{piece.Name}}} is no namespace that is known here");
            if (at > plain) pieces.Add(new(text[plain..at], null, "", -1));
            pieces.Add(piece);
            plain = at = end;
        }
        if (pieces.Count == 0) return Of(text, literal.At);
        if (plain < text.Length) pieces.Add(new(text[plain..], null, "", -1));
        return new(pieces.ToArray(), null, literal.At);
    }

    /// <summary>The string now. A variable that was never set is empty.</summary>
    public string Get(SieveRun run)
    {
        if (Constant is not null) return Constant;
        if (_pieces.Length == 1) return Value(run, _pieces[0]);
        var text = new StringBuilder();
        foreach (var piece in _pieces)
        {
            text.Append(piece.Name is null ? piece.Text : Value(run, piece));
            if (text.Length >= run.Limits.StringLength) break;
        }
        return Cut(text.ToString(), run.Limits.StringLength);
    }

    /// <summary>At most <paramref name="length"/> characters, no half of a pair at the end.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length) return text;
        if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        return text[..length];
    }

    private static string Value(SieveRun run, Piece piece) =>
        piece.Number >= 0 ? run.MatchValue(piece.Number) : run.Variable(piece.Space, piece.Name!);

    // variable-ref = "${" [namespace] variable-name "}"; namespace = identifier "." *sub-namespace; variable-name = num-variable / identifier
    private static bool TryReference(string text, int at, out Piece piece, out int end)
    {
        piece = default;
        end = at + 2;
        var start = end;
        var dot = -1;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '.') && end - start < 128)
        {
            if (text[end] == '.') dot = end;
            end++;
        }
        if (end >= text.Length || text[end] != '}' || end == start) return false;
        var name = text[(dot < 0 ? start : dot + 1)..end];
        var space = dot < 0 ? "" : text[start..dot].ToLowerInvariant();
        end++;
        if (name.Length > 0 && name.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            if (!IsIdentifier(name) || (space.Length > 0 && !space.Split('.').All(IsIdentifier))) return false;
            piece = new("", name.ToLowerInvariant(), space, -1);
            return true;
        }
        if (name.Length is 0 or > 9 || dot >= 0) return false;
        piece = new("", name, "", int.Parse(name));
        return true;
    }

    /// <summary>identifier = (ALPHA / "_") *(ALPHA / DIGIT / "_")</summary>
    public static bool IsIdentifier(string name)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0])) return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return false;
        }
        return true;
    }
}

/// <summary>RFC 5228 §2.4.2.4: ${hex: 40 41} and ${unicode: 40}. What does not follow the grammar stays as it is.</summary>
internal static class EncodedCharacters
{
    public static string Decode(string text, Action<string> error)
    {
        var at = text.IndexOf("${", StringComparison.Ordinal);
        if (at < 0) return text;
        var into = new List<byte>(text.Length);
        var octets = new List<byte>();
        var plain = 0;
        for (; at >= 0; at = text.IndexOf("${", at, StringComparison.Ordinal))
        {
            octets.Clear();
            if (!TryArb(text, at, octets, error, out var end))
            {
                at += 2;
                continue;
            }
            Append(into, text.AsSpan(plain, at - plain));
            into.AddRange(octets);
            plain = at = end;
        }
        if (plain == 0) return text;
        Append(into, text.AsSpan(plain));
        return Encoding.UTF8.GetString(into.ToArray());
    }

    private static void Append(List<byte> into, ReadOnlySpan<char> text) => into.AddRange(Encoding.UTF8.GetBytes(text.ToArray()));

    private static readonly SearchValues<char> HexAndBlank = SearchValues.Create("0123456789abcdefABCDEF \t\r\n");

    // encoded-arb-octets = "${hex:" hex-pair-seq "}"; encoded-unicode-char = "${unicode:" unicode-hex-seq "}"
    private static bool TryArb(string text, int at, List<byte> into, Action<string> error, out int end)
    {
        var isHex = string.Compare(text, at, "${hex:", 0, 6, StringComparison.OrdinalIgnoreCase) == 0;
        end = at + (isHex ? 6 : 10);
        if (!isHex && string.Compare(text, at, "${unicode:", 0, 10, StringComparison.OrdinalIgnoreCase) != 0) return false;
        // RFC 5228 §2.4.2.4: what is not well-formed up to its brace is no error, whatever number it names.
        var close = text.IndexOf('}', end);
        if (close < 0 || text.AsSpan(end, close - end).ContainsAnyExcept(HexAndBlank)) return false;
        while (end < text.Length)
        {
            if (text[end] is ' ' or '\t' or '\r' or '\n')
            {
                end++;
                continue;
            }
            if (text[end] == '}')
            {
                end++;
                return into.Count > 0;
            }
            var start = end;
            while (end < text.Length && char.IsAsciiHexDigit(text[end])) end++;
            if (end == start || !(isHex ? TryHex(text[start..end], into) : TryUnicode(text[start..end], into, error))) return false;
        }
        return false;
    }

    private static bool TryHex(string digits, List<byte> into)
    {
        if (digits.Length > 2) return false;
        into.Add(Convert.ToByte(digits, 16));
        return true;
    }

    private static bool TryUnicode(string digits, List<byte> into, Action<string> error)
    {
        var number = digits.TrimStart('0');
        if (number.Length <= 6 && Rune.TryCreate(number.Length == 0 ? 0 : Convert.ToInt32(number, 16), out var rune))
            Append(into, rune.ToString());
        else
        {
            error($"{digits} is no Unicode character");
            into.Add((byte)'?');
        }
        return true;
    }
}
