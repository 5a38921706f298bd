using System.Buffers;
using System.Text;

namespace Aviso.Mime;

/// <summary>
/// RFC 2047: <c>=?charset?encoding?text?=</c>. Reading is kinder than the grammar: spaces inside a word, words that touch other
/// text, and words longer than 75 are read, since much mail has them. Words in one charset are joined as octets before
/// decoding, so a character split across two words is whole again. A word in an unknown charset stays as it is.
/// </summary>
public static class EncodedWord
{
    private const int LongestWord = 75;
    private const int LongestCharset = 64;

    /// <summary>Decodes the words in unfolded text.</summary>
    public static string Decode(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("=?"u8) < 0) return HeaderText.FromOctets(text);
        var decoder = new Decoder(text.Length);
        decoder.Run(text);
        return decoder.Text;
    }

    /// <summary>Decodes the words in text read by <see cref="HeaderText.Raw"/>.</summary>
    public static string Decode(string text) =>
        text.Contains("=?", StringComparison.Ordinal) ? Decode(Encoding.UTF8.GetBytes(text)) : text;

    /// <summary>
    /// As the grammar has it (RFC 2047 §5): a word is set off by white space and holds none, or it stays as it is; controls that a word
    /// encodes are dropped. Longer words than 75 are read all the same.
    /// </summary>
    public static string DecodeStrictly(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("=?"u8) < 0) return HeaderText.FromOctets(text);
        var decoder = new Decoder(text.Length) { DropsControls = true };
        decoder.RunStrictly(text);
        return decoder.Text;
    }

    /// <summary>RFC 2047 §4.2: "Q" text to octets; an escape that is none stays.</summary>
    public static byte[] DecodeQ(ReadOnlySpan<byte> text)
    {
        var octets = new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '_') c = (byte)' ';
            else if (c == '=' && i + 2 < text.Length && Hex.TryOctet(text[i + 1], text[i + 2], out var octet))
            {
                c = octet;
                i += 2;
            }
            octets[length++] = c;
        }
        return octets[..length];
    }

    /// <summary>True when <paramref name="text"/> cannot stand in a header as it is: not ASCII, a control, or like a word.</summary>
    public static bool IsNeeded(string text) =>
        text.AsSpan().ContainsAnyExceptInRange(' ', '~') || text.Contains("=?", StringComparison.Ordinal);

    /// <summary>
    /// Text as encoded words of at most 75 octets separated by a space, in UTF-8, "Q" or "B" whichever is shorter. Only the
    /// stretch from the first to the last word that needs it is encoded. Controls become spaces.
    /// </summary>
    public static string Encode(string text) => Encode(text, phrase: false);

    /// <summary>As <see cref="Encode(string)"/>, all of the text and with the characters RFC 2047 §5 (3) allows in a phrase.</summary>
    public static string EncodePhrase(string text) => Encode(text, phrase: true);

    private static string Encode(string text, bool phrase)
    {
        if (!IsNeeded(text)) return text;
        var clean = string.Create(text.Length, text, static (into, from) =>
        {
            for (var i = 0; i < into.Length; i++) into[i] = char.IsControl(from[i]) ? ' ' : from[i];
        });
        if (!IsNeeded(clean)) return clean;
        var (first, last) = phrase ? (0, clean.Length) : Stretch(clean);
        var result = new StringBuilder(clean.Length * 2);
        result.Append(clean, 0, first);
        AppendWords(result, clean.AsSpan(first, last - first));
        return result.Append(clean, last, clean.Length - last).ToString();
    }

    private static (int First, int Last) Stretch(string text)
    {
        var first = text.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        var last = text.AsSpan().LastIndexOfAnyExceptInRange(' ', '~');
        if (text.IndexOf("=?", StringComparison.Ordinal) is var mark and >= 0)
        {
            first = first < 0 ? mark : Math.Min(first, mark);
            last = Math.Max(last, text.LastIndexOf("=?", StringComparison.Ordinal));
        }
        first = text.LastIndexOf(' ', first) + 1;
        var end = text.IndexOf(' ', last);
        return (first, end < 0 ? text.Length : end);
    }

    private static void AppendWords(StringBuilder result, ReadOnlySpan<char> text)
    {
        var octets = Encoding.UTF8.GetBytes(text.ToArray());
        var plain = 0;
        foreach (var c in octets) plain += IsQPlain(c) || c == ' ' ? 1 : 0;
        var useQ = plain + ((octets.Length - plain) * 3) <= (octets.Length + 2) / 3 * 4;
        const string prefix = "=?utf-8?";
        var room = LongestWord - prefix.Length - 4;
        var start = 0;
        while (start < octets.Length)
        {
            var end = useQ ? QEnd(octets, start, room) : BEnd(octets, start, room);
            if (start > 0) result.Append(' ');
            result.Append(prefix).Append(useQ ? "q?" : "b?");
            if (useQ) AppendQ(result, octets.AsSpan(start, end - start));
            else result.Append(Convert.ToBase64String(octets, start, end - start));
            result.Append("?=");
            start = end;
        }
    }

    // RFC 2047 §5: a multi-octet character must not be split across words.
    private static int QEnd(byte[] octets, int start, int room)
    {
        var used = 0;
        var end = start;
        while (end < octets.Length)
        {
            var next = CharacterEnd(octets, end);
            for (var i = end; i < next; i++) used += IsQPlain(octets[i]) || octets[i] == ' ' ? 1 : 3;
            if (used > room && end > start) break;
            end = next;
        }
        return end;
    }

    private static int BEnd(byte[] octets, int start, int room)
    {
        var end = Math.Min(octets.Length, start + (room / 4 * 3));
        while (end < octets.Length && (octets[end] & 0xC0) == 0x80) end--;
        return end;
    }

    private static int CharacterEnd(byte[] octets, int at)
    {
        do at++;
        while (at < octets.Length && (octets[at] & 0xC0) == 0x80);
        return at;
    }

    private static bool IsQPlain(byte c) => c is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z'
        or >= (byte)'0' and <= (byte)'9' or (byte)'!' or (byte)'*' or (byte)'+' or (byte)'-' or (byte)'/';

    private static void AppendQ(StringBuilder result, ReadOnlySpan<byte> octets)
    {
        foreach (var c in octets)
        {
            if (IsQPlain(c)) result.Append((char)c);
            else if (c == ' ') result.Append('_');
            else result.Append('=').Append(c.ToString("X2"));
        }
    }

    private struct Decoder(int capacity)
    {
        private readonly StringBuilder _text = new(capacity);
        private readonly ArrayBufferWriter<byte> _octets = new(64);
        private string _charset = "";
        private bool _noMoreEnds;

        public bool DropsControls { get; init; }

        public readonly string Text => _text.ToString();

        public void Run(ReadOnlySpan<byte> text)
        {
            var at = 0;
            var from = 0;
            var afterWord = false;
            while (text[from..].IndexOf("=?"u8) is var found and >= 0)
            {
                from += found;
                if (!TryWord(text[from..], out var charset, out var octets, out var length))
                {
                    from += 2;
                    continue;
                }
                var gap = text[at..from];
                // RFC 2047 §6.2: white space between adjacent words is not shown.
                if (!(afterWord && gap.Trim(" \t"u8).IsEmpty)) Plain(gap);
                Word(charset, octets);
                afterWord = true;
                from += length;
                at = from;
            }
            Plain(text[at..]);
            Flush();
        }

        public void RunStrictly(ReadOnlySpan<byte> text)
        {
            var at = 0;
            var afterWord = false;
            for (var from = 0; from < text.Length;)
            {
                var token = text[from..];
                if (token.IndexOfAny(" \t"u8) is var blank and >= 0) token = token[..blank];
                _noMoreEnds = false;
                if (token.StartsWith("=?"u8) && TryWord(token, out var charset, out var octets, out var length) && length == token.Length)
                {
                    var gap = text[at..from];
                    if (!(afterWord && gap.Trim(" \t"u8).IsEmpty)) Plain(gap);
                    Word(charset, octets);
                    afterWord = true;
                    at = from + length;
                }
                from += token.Length + 1;
            }
            Plain(text[at..]);
            Flush();
        }

        private void Plain(ReadOnlySpan<byte> text)
        {
            if (text.IsEmpty) return;
            Flush();
            _text.Append(HeaderText.FromOctets(text));
        }

        private void Word(string charset, byte[] octets)
        {
            if (!charset.Equals(_charset, StringComparison.OrdinalIgnoreCase)) Flush();
            _charset = charset;
            _octets.Write(octets);
        }

        private readonly void Flush()
        {
            if (_octets.WrittenCount == 0) return;
            var text = Charsets.Decode(_charset, _octets.WrittenSpan);
            if (!DropsControls) _text.Append(text.Replace('\0', '\uFFFD'));
            else
            {
                foreach (var c in text) if (!char.IsControl(c)) _text.Append(c);
            }
            _octets.ResetWrittenCount();
        }

        private bool TryWord(ReadOnlySpan<byte> text, out string charset, out byte[] octets, out int length)
        {
            (charset, octets, length) = ("", [], 0);
            if (_noMoreEnds) return false;
            var head = text[2..Math.Min(text.Length, LongestCharset + 2)];
            var mark = head.IndexOf((byte)'?');
            if (mark <= 0 || mark + 4 >= text.Length || text[mark + 4] != '?') return false;
            // RFC 2231 §5: "*" and a language may follow the charset.
            var name = head[..mark];
            if (name.IndexOf((byte)'*') is var star and > 0) name = name[..star];
            if (name.ContainsAnyExceptInRange((byte)'!', (byte)'~')) return false;
            var content = text[(mark + 5)..];
            var end = content.IndexOf("?="u8);
            _noMoreEnds = end < 0;
            if (end < 0) return false;
            charset = Encoding.ASCII.GetString(name);
            if (!Charsets.TryGet(charset, out _)) return false;
            length = mark + 5 + end + 2;
            return TryOctets(text[mark + 3], content[..end], out octets);
        }

        private static bool TryOctets(byte encoding, ReadOnlySpan<byte> content, out byte[] octets)
        {
            octets = encoding switch
            {
                (byte)'q' or (byte)'Q' => DecodeQ(content),
                (byte)'b' or (byte)'B' => TransferDecoder.DecodeAll("base64", content),
                _ => [],
            };
            return encoding is (byte)'q' or (byte)'Q' or (byte)'b' or (byte)'B';
        }
    }
}

/// <summary>Two hexadecimal digits of either case.</summary>
internal static class Hex
{
    public static bool TryOctet(byte high, byte low, out byte octet)
    {
        var (h, l) = (Digit(high), Digit(low));
        octet = (byte)((h << 4) | l);
        return (h | l) >= 0;
    }

    private static int Digit(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        _ => -1,
    };
}
