using System.Buffers;
using System.Collections.Frozen;
using System.Net;
using System.Text;

namespace Aviso.Spam;

/// <summary>
/// Reads HTML in one pass, as a mail client would show it, kindly: what is broken gives the nearest page. Keeps no tree; styles are
/// inherited along the open elements (<see cref="OpenElements"/>).
/// </summary>
public static class HtmlScanner
{
    /// <summary>Never throws; looks at every character a bounded number of times.</summary>
    public static HtmlPage Scan(string html)
    {
        var reader = new HtmlReader(html);
        reader.Run();
        return reader.Finish();
    }
}

internal ref struct HtmlReader(ReadOnlySpan<char> html)
{
    private const int MostThings = 500;
    private const int LongestValue = 2000;
    private const int LongestReference = 32;

    private static readonly SearchValues<char> TextEnds = SearchValues.Create("<&");
    private static readonly SearchValues<char> ValueEnds = SearchValues.Create(" \t\r\n\f>");
    private static readonly SearchValues<char> NameEnds = SearchValues.Create(" \t\r\n\f/>");
    private static readonly SearchValues<char> AttributeEnds = SearchValues.Create(" \t\r\n\f/>=");

    private static readonly SearchValues<string> DecodeWords = SearchValues.Create(
        ["atob(", "unescape(", "fromCharCode", "eval(", "document.write(", "createObjectURL"], StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> LeadWords = SearchValues.Create(
        ["location.href=", "location.href =", "location.replace(", "location.assign(", "window.location=", "window.location =",
            "document.location="], StringComparison.OrdinalIgnoreCase);

    private readonly HtmlPage _page = new();
    private readonly StringBuilder _visible = new(Math.Min(html.Length / 4, 64 * 1024));
    private readonly StringBuilder _hidden = new();
    private readonly StringBuilder _title = new();
    private readonly OpenElements _open = new();
    private ReadOnlySpan<char> _rest = html;
    private string _href = "";
    private int _linkStart = -1;
    private bool _linkHasImage;
    private bool _inTitle;
    private bool _wordOpen;
    private bool _mayJoin;

    public void Run()
    {
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOfAny(TextEnds);
            if (end != 0)
            {
                var run = end < 0 ? _rest : _rest[..end];
                Text(run);
                _rest = _rest[run.Length..];
            }
            else if (_rest[0] == '&') Reference();
            else Markup();
        }
    }

    public HtmlPage Finish()
    {
        EndLink();
        _page.Visible = _visible.ToString();
        _page.Hidden = _hidden.ToString();
        _page.Title = _title.ToString().Trim();
        return _page;
    }

    // ---- text

    private void Text(scoped ReadOnlySpan<char> run)
    {
        if (_inTitle)
        {
            if (_title.Length < 1000) _title.Append(run);
            return;
        }
        var letters = 0;
        foreach (var c in run) letters += char.IsLetterOrDigit(c) ? 1 : 0;
        var style = _open.Style;
        if (style.IsHidden) _page.HiddenLetters += letters;
        else if (style.IsInk) _page.InkLetters += letters;
        else
        {
            if (style.IsTiny) _page.TinyLetters += letters;
            _page.VisibleLetters += letters;
        }
        if (style.IsHidden || style.IsInk)
        {
            if (_hidden.Length < 64 * 1024) _hidden.Append(run);
            return;
        }
        if (_mayJoin && _wordOpen && char.IsLetter(run[0])) _page.SplitWords++;
        _mayJoin = false;
        _wordOpen = char.IsLetter(run[^1]);
        _visible.Append(run);
    }

    private void Reference()
    {
        var near = _rest[..Math.Min(_rest.Length, LongestReference)];
        var end = near[1..].IndexOfAny("; <&\n");
        if (end < 1 || near[end + 1] != ';')
        {
            Text("&");
            _rest = _rest[1..];
            return;
        }
        Span<char> room = stackalloc char[2];
        var decoded = Decode(near[..(end + 2)], room);
        if (!decoded.IsEmpty) Text(decoded);
        _rest = _rest[(end + 2)..];
    }

    private static ReadOnlySpan<char> Decode(ReadOnlySpan<char> reference, Span<char> room)
    {
        var name = reference[1..^1];
        var known = name switch
        {
            "nbsp" or "#160" => '\u00A0',
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "zwnj" or "#8204" => '\u200C',
            "shy" => '\u00AD',
            _ => '\0',
        };
        if (known != '\0')
        {
            room[0] = known;
            return room[..1];
        }
        return WebUtility.HtmlDecode(reference.ToString()).Replace('\0', '\uFFFD');
    }

    private void Break()
    {
        _wordOpen = _mayJoin = false;
        if (_visible.Length > 0 && _visible[^1] != '\n') _visible.Append('\n');
        if (_hidden.Length > 0 && _hidden[^1] != ' ') _hidden.Append(' ');
    }

    // ---- markup

    private void Markup()
    {
        if (_rest.Length > 1 && _rest[1] is '!' or '?')
        {
            _page.Comments++;
            _mayJoin = true;
            _rest = _rest.StartsWith("<!--", StringComparison.Ordinal) ? After(_rest, "-->") : After(_rest, ">");
            return;
        }
        var isEnd = _rest.Length > 1 && _rest[1] == '/';
        var start = isEnd ? 2 : 1;
        if (_rest.Length <= start || !char.IsAsciiLetter(_rest[start]))
        {
            Text("<");
            _rest = _rest[1..];
            return;
        }
        _rest = _rest[start..];
        var length = _rest.IndexOfAny(NameEnds);
        var raw = length < 0 ? _rest : _rest[..length];
        _rest = _rest[raw.Length..];
        Span<char> lower = stackalloc char[16];
        var name = raw.Length > lower.Length ? default : lower[..raw.Length];
        for (var i = 0; i < name.Length; i++) name[i] = char.ToLowerInvariant(raw[i]);
        _page.Tags++;
        var element = HtmlElement.Find(name);
        if (element is null && !raw.Contains(':')) UnknownTag();
        if (isEnd)
        {
            _rest = After(_rest, ">");
            EndTag(element);
        }
        else StartTag(element);
    }

    private void UnknownTag()
    {
        _page.UnknownTags++;
        _mayJoin = true;
    }

    private void EndTag(HtmlElement? element)
    {
        if (element is null) return;
        if (element.Kind == ElementKind.Link) EndLink();
        if (element.Kind == ElementKind.Title) _inTitle = false;
        if (element.IsBlock) Break();
        else if (element.Kind == ElementKind.Cell) Space();
        _open.Close(element);
    }

    private void Space()
    {
        if (_visible.Length > 0 && _visible[^1] is not (' ' or '\n')) _visible.Append(' ');
        _wordOpen = _mayJoin = false;
    }

    private void StartTag(HtmlElement? element)
    {
        var attributes = new TagAttributes();
        ReadAttributes(ref attributes);
        if (attributes.Handlers > 0) _page.Handlers += attributes.Handlers;
        if (element is null) return;
        if (element.IsBlock) Break();
        else if (element.Kind == ElementKind.Cell) Space();
        if (!element.IsVoid) _open.Push(element, ref attributes);
        Meaning(element, ref attributes);
    }

    private void Meaning(HtmlElement element, ref TagAttributes attributes)
    {
        switch (element.Kind)
        {
            case ElementKind.Link:
                EndLink();
                if (attributes.Href is { Length: > 0 } href) BeginLink(href);
                break;
            case ElementKind.Area when attributes.Href is { Length: > 0 } area:
                if (HasRoom(_page.Links.Count)) _page.Links.Add(new(area, "", HasImage: true));
                break;
            case ElementKind.Image:
                _linkHasImage = true;
                if (HasRoom(_page.Images.Count)) _page.Images.Add(new(attributes.Src ?? "", attributes.Width, attributes.Height));
                break;
            case ElementKind.Form:
                if (HasRoom(_page.Forms.Count)) _page.Forms.Add(attributes.Action ?? "");
                break;
            case ElementKind.Input when attributes.InputType is "password":
                _page.PasswordFields++;
                break;
            case ElementKind.Frame:
                _page.Frames++;
                break;
            case ElementKind.Base when _page.Base.Length == 0:
                _page.Base = attributes.Href ?? "";
                break;
            case ElementKind.Meta when attributes.IsRefresh && attributes.Content is { } content:
                var at = content.IndexOf("url=", StringComparison.OrdinalIgnoreCase);
                if (at >= 0) _page.Refresh = content[(at + 4)..].Trim(' ', '\'', '"');
                break;
            case ElementKind.Title:
                _inTitle = true;
                break;
            case ElementKind.Script:
                _page.Scripts++;
                Script(SkipTo("</script"));
                break;
            case ElementKind.Style:
                _page.IsCut |= !_open.Sheet(SkipTo("</style"));
                break;
            case ElementKind.Raw:
                SkipTo(element.End);
                break;
        }
    }

    // What is beyond is not looked at, and counts.
    private readonly bool HasRoom(int things)
    {
        _page.IsCut |= things >= MostThings;
        return things < MostThings;
    }

    private readonly void Script(ReadOnlySpan<char> source)
    {
        if (source.IndexOfAny(DecodeWords) >= 0) _page.DecodingScripts++;
        if (source.IndexOfAny(LeadWords) >= 0) _page.LeadingScripts++;
    }

    private void BeginLink(string href)
    {
        if (href.AsSpan().TrimStart().StartsWith("javascript:", StringComparison.OrdinalIgnoreCase)) _page.Handlers++;
        (_href, _linkStart, _linkHasImage) = (href, _visible.Length, false);
    }

    private void EndLink()
    {
        if (_linkStart < 0) return;
        var length = Math.Min(_visible.Length - _linkStart, 400);
        var text = length > 0 ? PlainText.Fold(_visible.ToString(_linkStart, length)) : "";
        if (HasRoom(_page.Links.Count)) _page.Links.Add(new(_href, text.Length > 200 ? text[..200] : text, _linkHasImage));
        _linkStart = -1;
    }

    // Text up to the end tag; without one all that is left is inside (HTML 13.2.5.15).
    private ReadOnlySpan<char> SkipTo(string endTag)
    {
        var end = _rest.IndexOf(endTag, StringComparison.OrdinalIgnoreCase);
        var inside = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? default : _rest[end..];
        return inside;
    }

    // ---- attributes

    private void ReadAttributes(ref TagAttributes into)
    {
        while (!_rest.IsEmpty)
        {
            _rest = _rest.TrimStart(" \t\r\n\f/");
            if (_rest.IsEmpty) return;
            if (_rest[0] == '>')
            {
                _rest = _rest[1..];
                return;
            }
            var length = _rest[1..].IndexOfAny(AttributeEnds);
            var name = length < 0 ? _rest : _rest[..(length + 1)];
            _rest = _rest[name.Length..].TrimStart(" \t\r\n\f");
            var value = ReadOnlySpan<char>.Empty;
            if (!_rest.IsEmpty && _rest[0] == '=') value = AttributeValue();
            into.Take(name, value);
        }
    }

    private ReadOnlySpan<char> AttributeValue()
    {
        _rest = _rest[1..].TrimStart(" \t\r\n\f");
        if (_rest.IsEmpty) return default;
        int end;
        ReadOnlySpan<char> value;
        if (_rest[0] is '"' or '\'')
        {
            var quote = _rest[0];
            end = _rest[1..].IndexOf(quote);
            value = end < 0 ? _rest[1..] : _rest.Slice(1, end);
            _rest = end < 0 ? default : _rest[(end + 2)..];
            return value;
        }
        end = _rest.IndexOfAny(ValueEnds);
        value = end < 0 ? _rest : _rest[..end];
        _rest = _rest[value.Length..];
        return value;
    }

    private static ReadOnlySpan<char> After(ReadOnlySpan<char> rest, string mark)
    {
        var end = rest.IndexOf(mark, StringComparison.Ordinal);
        return end < 0 ? default : rest[(end + mark.Length)..];
    }

    internal static string Value(ReadOnlySpan<char> value)
    {
        value = value[..Math.Min(value.Length, LongestValue)].Trim();
        return value.Contains('&') ? WebUtility.HtmlDecode(value.ToString()) : value.ToString();
    }
}

/// <summary>What an element means to the reader.</summary>
internal enum ElementKind
{
    Other, Link, Area, Image, Form, Input, Frame, Base, Meta, Title, Script, Style, Raw, Cell, Body, Font,
}

internal sealed record HtmlElement(string Name, ElementKind Kind, bool IsBlock, bool IsVoid)
{
    public string End { get; } = "</" + Name;

    private static readonly FrozenDictionary<string, HtmlElement>.AlternateLookup<ReadOnlySpan<char>> All = Make();

    public static HtmlElement? Find(ReadOnlySpan<char> name) => All.TryGetValue(name, out var element) ? element : null;

    private static FrozenDictionary<string, HtmlElement>.AlternateLookup<ReadOnlySpan<char>> Make()
    {
        var all = new Dictionary<string, HtmlElement>(StringComparer.Ordinal);
        void Add(string names, ElementKind kind = ElementKind.Other, bool block = false, bool empty = false)
        {
            foreach (var name in names.Split(' ')) all[name] = new(name, kind, block, empty);
        }
        Add("p div li tr table h1 h2 h3 h4 h5 h6 ul ol dl dt dd blockquote pre section article header footer nav main aside center option "
            + "fieldset legend address figure figcaption tbody thead tfoot caption html details summary select menu dir", block: true);
        Add("br hr", block: true, empty: true);
        Add("wbr col link source track param keygen spacer bgsound", empty: true);
        Add("span b i u s em strong small big sub sup tt code kbd samp var abbr acronym cite q dfn del ins mark strike blink marquee label "
            + "button colgroup head picture video audio canvas svg math nobr bdo bdi time meter progress optgroup datalist output map ruby rt rp data "
            + "frameset noframes multicol path g rect circle defs use symbol image dialog slot v o w");
        Add("noscript template xml textarea", ElementKind.Raw);
        Add("a", ElementKind.Link);
        Add("area", ElementKind.Area, empty: true);
        Add("img", ElementKind.Image, empty: true);
        Add("form", ElementKind.Form, block: true);
        Add("input", ElementKind.Input, empty: true);
        Add("iframe frame object embed applet", ElementKind.Frame);
        Add("base basefont", ElementKind.Base, empty: true);
        Add("meta", ElementKind.Meta, empty: true);
        Add("title", ElementKind.Title);
        Add("script", ElementKind.Script);
        Add("style", ElementKind.Style);
        Add("td th", ElementKind.Cell);
        Add("body", ElementKind.Body, block: true);
        Add("font", ElementKind.Font);
        return all.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }
}

/// <summary>The attributes of one start tag that we read.</summary>
internal ref struct TagAttributes
{
    public string? Href;
    public string? Src;
    public string? Action;
    public string? Content;
    public string? InputType;
    public ReadOnlySpan<char> Style;
    public ReadOnlySpan<char> Class;
    public ReadOnlySpan<char> Color;
    public ReadOnlySpan<char> Ground;
    public ReadOnlySpan<char> Size;
    public int Width;
    public int Height;
    public int Handlers;
    public bool IsRefresh;
    public bool IsHidden;
    public bool HasGroundImage;

    public TagAttributes() => Width = Height = -1;

    public void Take(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        Span<char> lower = stackalloc char[12];
        if (name.Length > lower.Length) return;
        for (var i = 0; i < name.Length; i++) lower[i] = char.ToLowerInvariant(name[i]);
        switch (lower[..name.Length])
        {
            case "href" or "xlink:href": Href ??= HtmlReader.Value(value); break;
            case "src": Src ??= HtmlReader.Value(value); break;
            case "action": Action ??= HtmlReader.Value(value); break;
            case "content": Content ??= HtmlReader.Value(value); break;
            case "type": InputType ??= value.Length < 20 ? value.ToString().ToLowerInvariant() : ""; break;
            case "style": Style = value; break;
            case "class": Class = value; break;
            case "color" or "text": Color = value; break;
            case "bgcolor": Ground = value; break;
            case "background": HasGroundImage = true; break;
            case "size": Size = value; break;
            case "width": Width = Pixels(value); break;
            case "height": Height = Pixels(value); break;
            case "hidden": IsHidden = true; break;
            case "http-equiv": IsRefresh = value.Trim().Equals("refresh", StringComparison.OrdinalIgnoreCase); break;
            case "onload" or "onerror" or "onclick" or "onmouseover" or "onfocus" or "onsubmit" or "onmouseenter" or "ontoggle": Handlers++; break;
        }
    }

    private static int Pixels(ReadOnlySpan<char> value)
    {
        value = value.Trim();
        var end = value.IndexOfAnyExceptInRange('0', '9');
        if (end >= 0 && value[end] == '%') return -1;
        return int.TryParse(end < 0 ? value : value[..end], out var number) ? number : -1;
    }
}
