using System.Buffers;

namespace Aviso.Spam;

/// <summary>How text looks at one place.</summary>
internal struct TextStyle
{
    /// <summary>display:none, visibility:hidden, opacity:0, size 0, a box of no height.</summary>
    public bool IsHidden;

    /// <summary>1 to 3 pixels.</summary>
    public bool IsTiny;

    /// <summary>0xRRGGBB or -1: not said.</summary>
    public int Color;

    /// <summary>0xRRGGBB or -1: not known (a picture, a class).</summary>
    public int Ground;

    /// <summary>The colour of the ground.</summary>
    public readonly bool IsInk => Color >= 0 && Ground >= 0 && CssColor.Distance(Color, Ground) < 12;
}

/// <summary>
/// The elements open at one place and the style text has there. Knows inline styles, the old attributes, and simple class rules of
/// style sheets; what depends on the medium is left out. Deeper than 200 elements nothing is told apart.
/// </summary>
internal sealed class OpenElements
{
    private const int Deepest = 200;
    private const int MostRules = 300;
    private readonly (HtmlElement Element, TextStyle Style)[] _stack = new (HtmlElement, TextStyle)[Deepest];
    private int _depth;
    private int _over;
    private Dictionary<string, string>? _classes;

    private static readonly SearchValues<char> NotSimple = SearchValues.Create(".: >,+[#");

    private static readonly TextStyle Start = new() { Color = -1, Ground = 0xFFFFFF };

    public TextStyle Style => _depth == 0 ? Start : _stack[_depth - 1].Style;

    public void Push(HtmlElement element, ref TagAttributes attributes)
    {
        if (_depth == Deepest)
        {
            _over++;
            return;
        }
        var style = Style;
        if (attributes.IsHidden) style.IsHidden = true;
        if (!attributes.Class.IsEmpty) Classes(attributes.Class, ref style);
        if (attributes.HasGroundImage) style.Ground = -1;
        if (CssColor.TryParse(attributes.Ground, out var ground)) style.Ground = ground;
        if (CssColor.TryParse(attributes.Color, out var color)) style.Color = color;
        if (element.Kind == ElementKind.Font && !attributes.Size.IsEmpty) style.IsTiny = false;
        if (!attributes.Style.IsEmpty) CssStyle.Apply(attributes.Style, ref style);
        _stack[_depth++] = (element, style);
    }

    /// <summary>An end tag: closes up to the nearest element of its name among the innermost 24; none there, nothing happens.</summary>
    public void Close(HtmlElement element)
    {
        if (_over > 0)
        {
            _over--;
            return;
        }
        for (var at = _depth - 1; at >= 0 && at > _depth - 25; at--)
        {
            if (!ReferenceEquals(_stack[at].Element, element)) continue;
            _depth = at;
            return;
        }
    }

    /// <summary>Takes the rules ".name { ... }" of a style sheet that stand outside at-rules; false when they are too many.</summary>
    public bool Sheet(ReadOnlySpan<char> css)
    {
        _classes ??= new(StringComparer.OrdinalIgnoreCase);
        while (css.IndexOf('{') is var open and >= 0)
        {
            if (_classes.Count >= MostRules) return false;
            var selector = css[..open].Trim();
            css = css[(open + 1)..];
            if (selector.LastIndexOf(';') is var semicolon and >= 0) selector = selector[(semicolon + 1)..].Trim();
            if (selector.LastIndexOf("*/", StringComparison.Ordinal) is var comment and >= 0) selector = selector[(comment + 2)..].Trim();
            var close = css.IndexOf('}');
            if (selector.StartsWith("@"))
            {
                css = SkipBlock(css);
                continue;
            }
            var block = close < 0 ? css : css[..close];
            css = close < 0 ? default : css[(close + 1)..];
            if (block.Length < 1000 && selector.Length is > 1 and < 60 && selector[0] == '.' && selector[1..].IndexOfAny(NotSimple) < 0)
                _classes[selector[1..].ToString()] = block.ToString();
        }
        return true;
    }

    private static ReadOnlySpan<char> SkipBlock(ReadOnlySpan<char> css)
    {
        var depth = 1;
        while (depth > 0 && css.IndexOfAny('{', '}') is var at and >= 0)
        {
            depth += css[at] == '{' ? 1 : -1;
            css = css[(at + 1)..];
        }
        return depth > 0 ? default : css;
    }

    // A class we have no rule for may colour the ground.
    private void Classes(ReadOnlySpan<char> names, ref TextStyle style)
    {
        var left = 8;
        foreach (var range in names.Split(' '))
        {
            var name = names[range].Trim();
            if (name.IsEmpty || left-- == 0) continue;
            if (_classes is not null && _classes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var block)) CssStyle.Apply(
                block, ref style);
            else style.Ground = -1;
        }
    }
}

/// <summary>The declarations of a style that hide text.</summary>
internal static class CssStyle
{
    private static readonly SearchValues<char> NumberLetters = SearchValues.Create("0123456789.");

    public static void Apply(ReadOnlySpan<char> css, ref TextStyle style)
    {
        var left = 40;
        while (!css.IsEmpty && left-- > 0)
        {
            var end = css.IndexOf(';');
            var one = end < 0 ? css : css[..end];
            css = end < 0 ? default : css[(end + 1)..];
            var colon = one.IndexOf(':');
            if (colon > 0) One(one[..colon].Trim(), one[(colon + 1)..].Trim(), ref style);
        }
    }

    private static void One(ReadOnlySpan<char> name, ReadOnlySpan<char> value, ref TextStyle style)
    {
        Span<char> lower = stackalloc char[24];
        if (name.Length > lower.Length) return;
        for (var i = 0; i < name.Length; i++) lower[i] = char.ToLowerInvariant(name[i]);
        if (value.EndsWith("!important", StringComparison.OrdinalIgnoreCase)) value = value[..^10].TrimEnd();
        switch (lower[..name.Length])
        {
            case "display" or "visibility":
                if (value.StartsWith("none", StringComparison.OrdinalIgnoreCase)
                    || value.StartsWith("hidden", StringComparison.OrdinalIgnoreCase))
                    style.IsHidden = true;
                break;
            case "mso-hide" when value.Equals("all", StringComparison.OrdinalIgnoreCase):
                break;
            case "opacity" when TryNumber(value, out var opacity, out _) && opacity < 0.1:
                style.IsHidden = true;
                break;
            case "font-size":
                if (TryNumber(value, out var size, out var unit) && unit is not ('%' or 'e' or 'r'))
                {
                    style.IsTiny = size is > 0 and <= 3;
                    if (size == 0) style.IsHidden = true;
                }
                break;
            case "max-height" or "max-width" when TryNumber(value, out var box, out _) && box == 0:
                style.IsHidden = true;
                break;
            case "color" when CssColor.TryParse(value, out var color):
                style.Color = color;
                break;
            case "background-image":
                style.Ground = -1;
                break;
            case "background" or "background-color":
                style.Ground = CssColor.TryParse(value, out var ground) ? ground : value.StartsWith("transparent") ? style.Ground : -1;
                break;
        }
    }

    private static bool TryNumber(ReadOnlySpan<char> value, out double number, out char unit)
    {
        var end = value.IndexOfAnyExcept(NumberLetters);
        unit = end >= 0 ? char.ToLowerInvariant(value[end]) : ' ';
        return double.TryParse(end < 0 ? value : value[..end], out number);
    }
}

/// <summary>Colours of HTML and CSS as 0xRRGGBB.</summary>
internal static class CssColor
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    public static bool TryParse(ReadOnlySpan<char> text, out int color)
    {
        color = -1;
        text = text.Trim();
        if (text.IsEmpty) return false;
        if (text[0] == '#' || (text.Length == 6 && text.IndexOfAnyExcept(HexDigits) < 0)) return TryHex(text.TrimStart('#'), out color);
        if (text.StartsWith("rgb", StringComparison.OrdinalIgnoreCase)) return TryRgb(text, out color);
        color = text switch
        {
            _ when text.Equals("white", StringComparison.OrdinalIgnoreCase) => 0xFFFFFF,
            _ when text.Equals("black", StringComparison.OrdinalIgnoreCase) => 0,
            _ when text.Equals("red", StringComparison.OrdinalIgnoreCase) => 0xFF0000,
            _ when text.Equals("blue", StringComparison.OrdinalIgnoreCase) => 0xFF,
            _ when text.Equals("yellow", StringComparison.OrdinalIgnoreCase) => 0xFFFF00,
            _ when text.Equals("gray", StringComparison.OrdinalIgnoreCase) => 0x808080,
            _ when text.Equals("green", StringComparison.OrdinalIgnoreCase) => 0x8000,
            _ => -1,
        };
        return color >= 0;
    }

    /// <summary>The largest difference of red, green and blue, 0 to 255.</summary>
    public static int Distance(int one, int other) => Math.Max(Math.Abs((one & 255) - (other & 255)),
        Math.Max(Math.Abs(((one >> 8) & 255) - ((other >> 8) & 255)), Math.Abs((one >> 16) - (other >> 16))));

    private static bool TryHex(ReadOnlySpan<char> digits, out int color)
    {
        color = -1;
        var end = digits.IndexOfAnyExcept(HexDigits);
        if (end >= 0) digits = digits[..end];
        if (digits.Length is not (3 or 6)
            || !int.TryParse(digits, System.Globalization.NumberStyles.AllowHexSpecifier, null, out var number)) return false;
        color = digits.Length == 6 ? number : ((number >> 8) * 0x110000) | (((number >> 4) & 15) * 0x1100) | ((number & 15) * 0x11);
        return true;
    }

    // rgb(1, 2, 3); one that lets the ground through is none.
    private static bool TryRgb(ReadOnlySpan<char> text, out int color)
    {
        color = -1;
        var open = text.IndexOf('(');
        if (open < 0) return false;
        var (value, count) = (0, 0);
        foreach (var range in text[(open + 1)..].SplitAny(" ,)/"))
        {
            var part = text[(open + 1)..][range];
            if (part.IsEmpty) continue;
            if (count == 3) return false;
            if (!byte.TryParse(part, out var octet)) return false;
            value = (value << 8) | octet;
            count++;
        }
        color = count == 3 ? value : -1;
        return count == 3;
    }
}
