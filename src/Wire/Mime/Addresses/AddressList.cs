namespace Aviso.Mime;

/// <summary>
/// Address fields as they are met (RFC 5322 §3.4, §4.4, RFC 6532), read kindly: what breaks the grammar gives the nearest
/// address instead of none. For a strict yes or no there is <see cref="AddrSpec"/>.
/// </summary>
public static class AddressList
{
    /// <summary>Mailboxes and groups in order, at most <see cref="MimeLimits.Addresses"/>; empty entries are left out.</summary>
    public static IReadOnlyList<HeaderAddress> Parse(ReadOnlySpan<byte> value) => Parse(value, out _);

    /// <param name="isWhole">False when there are more than that: who asks whether somebody stands there has no answer.</param>
    public static IReadOnlyList<HeaderAddress> Parse(ReadOnlySpan<byte> value, out bool isWhole)
    {
        var parser = new AddressParser(value);
        var list = parser.List();
        isWhole = !parser.IsCut;
        return list;
    }

    /// <summary>The mailboxes, those inside groups included.</summary>
    public static IEnumerable<HeaderAddress> Mailboxes(IReadOnlyList<HeaderAddress> list)
    {
        foreach (var address in list)
        {
            if (address.Members is null) yield return address;
            else
            {
                foreach (var member in address.Members) yield return member;
            }
        }
    }
}

internal ref struct AddressParser(ReadOnlySpan<byte> value)
{
    private const int LongestRoute = 1000;
    private ValueReader _reader = new(value);
    private readonly List<byte> _phrase = [];
    private ReadOnlySpan<byte> _comment;
    private bool _isBefore;
    private int _run;
    private int _count;

    /// <summary>There were more than <see cref="MimeLimits.Addresses"/>.</summary>
    public bool IsCut { get; private set; }

    // address-list = (address *("," address))
    public List<HeaderAddress> List()
    {
        var list = new List<HeaderAddress>(1);
        while (!_reader.AtEnd && !LimitReached())
        {
            if (_reader.Take((byte)',') || _reader.Take((byte)';')) continue;
            if (Entry(inGroup: false) is { } address) list.Add(address);
        }
        return list;
    }

    private bool LimitReached()
    {
        if (_count < MimeLimits.Addresses) return false;
        if (!IsCut) MimeMeters.Limit("addresses");
        return IsCut = true;
    }

    // group = display-name ":" [group-list] ";"
    private HeaderAddress Group()
    {
        var name = Phrase();
        var members = new List<HeaderAddress>();
        while (!_reader.AtEnd && !_reader.Take((byte)';') && !LimitReached())
        {
            if (_reader.Take((byte)',')) continue;
            if (Entry(inGroup: true) is { } member) members.Add(member);
        }
        return new() { RawName = name, Members = members };
    }

    // One mailbox or group up to the separator; null when it is empty.
    private HeaderAddress? Entry(bool inGroup)
    {
        _phrase.Clear();
        _comment = default;
        _run = 0;
        while (true)
        {
            Blanks();
            if (_reader.AtEnd) return Bare();
            switch (_reader.Peek)
            {
                case (byte)',' or (byte)';':
                    return Bare();
                case (byte)'<':
                    return Angle();
                case (byte)'@':
                    return AtSign();
                case (byte)':' when !inGroup:
                    _reader.Skip();
                    _count++;
                    return Group();
                case (byte)'"':
                    _phrase.AddRange(_reader.QuotedString());
                    break;
                default:
                    Atom();
                    break;
            }
        }
    }

    // White space ends the run of characters that may be a local part; in the phrase it is one space.
    private void Blanks()
    {
        var blank = false;
        while (!_reader.AtEnd && _reader.Peek is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'(')
        {
            if (_reader.Peek != '(') _reader.Skip();
            else
            {
                _comment = _reader.SkipComment();
                _isBefore = _phrase.Count == 0;
            }
            blank = true;
        }
        if (!blank || _phrase.Count == 0) return;
        if (_phrase[^1] != ' ' || _run != _phrase.Count) _phrase.Add((byte)' ');
        _run = _phrase.Count;
    }

    private void Atom()
    {
        var atom = _reader.Until(" \t\r\n(\"<@,;:"u8);
        foreach (var c in atom) _phrase.Add(c);
        if (!atom.IsEmpty) return;
        _phrase.Add(_reader.Peek);
        _reader.Skip();
    }

    // [display-name] "<" [obs-route] addr-spec ">"
    private HeaderAddress? Angle()
    {
        _reader.Skip();
        var name = _phrase.Count > 0 ? Phrase() : null;
        _phrase.Clear();
        var route = Route();
        var (local, domain) = Spec(">,"u8);
        if (!_reader.Take((byte)'>') && !_reader.AtEnd) _reader.Take((byte)',');
        SkipToSeparator();
        if (name is null) name = Comment();
        return Make(name, local, domain, route);
    }

    // obs-route = "@" domain *("," "@" domain) ":"
    private string? Route()
    {
        _reader.SkipCfws();
        if (_reader.Peek != '@') return null;
        var ahead = _reader;
        // What is longer is none: each angle bracket of a field would look at all that is left of it.
        var text = ahead.Until(":>"u8, LongestRoute);
        if (text.Length is < 2 or LongestRoute || (ahead.Peek != ':' && text[1..].Contains((byte)'@'))) return null;
        _reader = ahead;
        _reader.Take((byte)':');
        var route = HeaderText.FromOctets(text).Replace(" ", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal);
        return route.Replace("@", ",@", StringComparison.Ordinal)[1..];
    }

    // Inside angle brackets: words up to the last "@" are the local part.
    private (string Local, string Domain) Spec(ReadOnlySpan<byte> ends)
    {
        var at = -1;
        while (true)
        {
            _reader.SkipCfws();
            var c = _reader.Peek;
            if (_reader.AtEnd || ends.Contains(c)) break;
            if (c == '"') Quoted(inDomain: at >= 0);
            else if (c == '[') Literal();
            else
            {
                if (c == '@') at = _phrase.Count;
                _phrase.Add(c);
                _reader.Skip();
            }
        }
        if (at < 0) return (Text(0, _phrase.Count), "");
        return (Text(0, at), Text(at + 1, _phrase.Count - at - 1));
    }

    // A quoted string in a domain is garbage; what is left of it has no white space and nothing that means something there.
    private void Quoted(bool inDomain)
    {
        foreach (var c in _reader.QuotedString())
        {
            if (!inDomain || (c > ' ' && !"()<>[],;:\\\"@"u8.Contains(c))) _phrase.Add(c);
        }
    }

    private void Literal()
    {
        foreach (var c in _reader.Until("]>,"u8)) _phrase.Add(c);
        if (_reader.Take((byte)']')) _phrase.Add((byte)']');
    }

    // local-part "@" domain without angle brackets: the run before "@" is the local part, what stands before it a name.
    private HeaderAddress? AtSign()
    {
        ForgetBefore();
        var run = _run == _phrase.Count && _run > 0 ? RunBeforeBlank() : _run;
        var local = Text(run, _phrase.Count - run).TrimEnd(' ');
        var name = run > 0 ? Text(0, run).TrimEnd(' ') : null;
        _reader.Skip();
        _phrase.Clear();
        Domain();
        var domain = Text(0, _phrase.Count);
        // "name@example.org <real@example.org>": the first address is a name.
        _reader.SkipCfwsKeeping(ref _comment);
        if (_reader.Peek == '<')
        {
            _phrase.Clear();
            _phrase.AddRange(System.Text.Encoding.UTF8.GetBytes($"{name}{(name is null ? "" : " ")}{local}@{domain}"));
            return Angle();
        }
        SkipToSeparator();
        return Make(name ?? Comment(), local, domain, null);
    }

    private readonly int RunBeforeBlank()
    {
        var at = _phrase.Count - 1;
        while (at > 0 && _phrase[at - 1] != ' ') at--;
        return at;
    }

    // domain = dot-atom / domain-literal / obs-domain (white space around dots)
    private void Domain()
    {
        while (true)
        {
            var before = _reader;
            _reader.SkipCfwsKeeping(ref _comment);
            var afterDot = _phrase.Count == 0 || _phrase[^1] == '.';
            if (_reader.Peek == '[' && _phrase.Count == 0) Literal();
            var atom = _reader.Until(" \t\r\n(\"<>@,;:["u8);
            if (atom.IsEmpty) return;
            if (!afterDot && atom[0] != '.')
            {
                _reader = before;
                return;
            }
            foreach (var c in atom) _phrase.Add(c);
        }
    }

    // RFC 5322 §3.4: of an address without angle brackets the comment that some take for a name follows it.
    private void ForgetBefore()
    {
        if (_isBefore) _comment = default;
    }

    private HeaderAddress? Bare()
    {
        ForgetBefore();
        if (_phrase.Count == 0) return null;
        var text = Phrase();
        // One word alone is a local part without its domain; several are a name.
        return text.Contains(' ', StringComparison.Ordinal) ? Make(text, "", "", null) : Make(Comment(), text, "", null);
    }

    private void SkipToSeparator()
    {
        while (true)
        {
            _reader.SkipCfwsKeeping(ref _comment);
            if (_reader.AtEnd || _reader.Peek is (byte)',' or (byte)';') return;
            if (_reader.Peek == '"') _reader.QuotedString();
            else _reader.Skip();
        }
    }

    private HeaderAddress? Make(string? name, string local, string domain, string? route)
    {
        if (local.Length == 0 && domain.Length == 0 && route is null && string.IsNullOrEmpty(name)) return null;
        _count++;
        return new() { RawName = name ?? "", LocalPart = local, Domain = domain, Route = route };
    }

    private readonly string Phrase() => Text(0, _phrase.Count).Trim(' ');

    private readonly string? Comment() => _comment.IsEmpty ? null : HeaderText.FromOctets(ValueReader.Unquote(_comment)).Trim();

    private readonly string Text(int start, int length) =>
        HeaderText.FromOctets(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_phrase).Slice(start, length));
}
