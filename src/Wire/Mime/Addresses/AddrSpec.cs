using Aviso.Base;

namespace Aviso.Mime;

/// <summary>RFC 5322 §3.4.1 addr-spec with the obsolete forms of §4.4 and the UTF-8 of RFC 6532, strictly: yes or no.</summary>
public static class AddrSpec
{
    /// <summary>
    /// True when the whole of <paramref name="text"/> is an address; the parts without comments, white space and quoting. Lengths
    /// are SMTP's matter (RFC 5321 §4.5.3.1); labels may not begin or end with a hyphen (RFC 1123 §2.1).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out string localPart, out string domain)
    {
        var grammar = new Grammar(text);
        localPart = domain = "";
        if (!grammar.TryLocalPart() || !grammar.TryAt() || !grammar.TryDomain()) return false;
        localPart = grammar.LocalPart;
        domain = grammar.Domain;
        return true;
    }

    private ref struct Grammar(ReadOnlySpan<byte> text)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private readonly List<byte> _local = [];
        private readonly List<byte> _domain = [];
        private int _at;

        public readonly string LocalPart => HeaderText.FromOctets(_local.ToArray());

        public readonly string Domain => HeaderText.FromOctets(_domain.ToArray());

        private readonly byte Peek => _at < _text.Length ? _text[_at] : (byte)0;

        private readonly bool AtEnd => _at >= _text.Length;

        public bool TryAt()
        {
            if (AtEnd || Peek != '@') return false;
            _at++;
            return true;
        }

        // local-part = dot-atom / quoted-string / obs-local-part; obs-local-part = word *("." word)
        public bool TryLocalPart()
        {
            var start = _at;
            do
            {
                if (!TryCfws() || !TryWord(_local) || !TryCfws()) return false;
            }
            while (TryDot(_local));
            return _at > start;
        }

        // domain = dot-atom / domain-literal / obs-domain; obs-domain = atom *("." atom)
        public bool TryDomain()
        {
            if (!TryCfws()) return false;
            if (Peek == '[') return TryLiteral() && TryCfws() && AtEnd;
            do
            {
                if (!TryCfws() || !TryLabel() || !TryCfws()) return false;
            }
            while (TryDot(_domain));
            return AtEnd;
        }

        private bool TryDot(List<byte> into)
        {
            if (Peek != '.') return false;
            into.Add(_text[_at++]);
            return true;
        }

        private bool TryWord(List<byte> into) => Peek == '"' ? TryQuotedString(into) : TryAtom(into);

        private bool TryAtom(List<byte> into)
        {
            var start = _at;
            while (!AtEnd && IsAtomText(Peek)) into.Add(_text[_at++]);
            return _at > start;
        }

        private bool TryLabel()
        {
            var start = _domain.Count;
            if (!TryAtom(_domain)) return false;
            return _domain[start] != '-' && _domain[^1] != '-';
        }

        // quoted-string = [CFWS] DQUOTE *([FWS] qcontent) [FWS] DQUOTE [CFWS]
        private bool TryQuotedString(List<byte> into)
        {
            _at++;
            while (!AtEnd)
            {
                var c = Peek;
                if (c == '"')
                {
                    _at++;
                    return true;
                }
                if (c is (byte)' ' or (byte)'\t')
                {
                    into.Add(c);
                    _at++;
                }
                else if (c == '\r')
                {
                    if (!TryFold()) return false;
                }
                else if (c == '\\')
                {
                    if (!TryPair(into)) return false;
                }
                else if (IsQuotedText(c))
                {
                    into.Add(c);
                    _at++;
                }
                else return false;
            }
            return false;
        }

        // domain-literal = "[" *([FWS] dtext) [FWS] "]"
        private bool TryLiteral()
        {
            _domain.Add(_text[_at++]);
            while (!AtEnd)
            {
                var c = Peek;
                if (c == ']')
                {
                    _domain.Add(_text[_at++]);
                    return true;
                }
                if (c is (byte)' ' or (byte)'\t') _at++;
                else if (c == '\r')
                {
                    if (!TryFold()) return false;
                }
                else if (c == '\\')
                {
                    if (!TryPair(_domain)) return false;
                }
                else if (c != '[' && c != 0 && c != '\n') _domain.Add(_text[_at++]);
                else return false;
            }
            return false;
        }

        // quoted-pair = "\" (VCHAR / WSP), obs-qp = "\" (%d0 / obs-NO-WS-CTL / LF / CR)
        private bool TryPair(List<byte> into)
        {
            if (_at + 1 >= _text.Length || _text[_at + 1] is (byte)'\r' or (byte)'\n') return false;
            into.Add(_text[_at + 1]);
            _at += 2;
            return true;
        }

        // *(CFWS); false when white space or a comment is broken
        private bool TryCfws()
        {
            while (!AtEnd)
            {
                var c = Peek;
                if (c is (byte)' ' or (byte)'\t') _at++;
                else if (c == '\r')
                {
                    if (!TryFold()) return false;
                }
                else if (c == '(')
                {
                    if (!TryComment()) return false;
                }
                else return true;
            }
            return true;
        }

        // CRLF and white space after it; a second CRLF must have white space of its own (obs-FWS).
        private bool TryFold()
        {
            if (_at + 2 >= _text.Length || _text[_at + 1] != '\n' || _text[_at + 2] is not ((byte)' ' or (byte)'\t')) return false;
            _at += 3;
            return true;
        }

        private bool TryComment()
        {
            var depth = 0;
            while (!AtEnd)
            {
                var c = Peek;
                if (c == '\r')
                {
                    if (!TryFold()) return false;
                    continue;
                }
                if (c == '\\')
                {
                    if (_at + 1 >= _text.Length || _text[_at + 1] is (byte)'\r' or (byte)'\n') return false;
                    _at++;
                }
                else if (c is 0 or (byte)'\n') return false;
                else if (c == '(') depth++;
                else if (c == ')') depth--;
                _at++;
                if (depth == 0) return true;
            }
            return false;
        }

        private static bool IsAtomText(byte c) => c > 127 || MailAddress.IsAtomText((char)c);

        // qtext with obs-NO-WS-CTL
        private static bool IsQuotedText(byte c) => c is not (0 or (byte)'\n' or (byte)'\r' or (byte)'"' or (byte)'\\');
    }
}
