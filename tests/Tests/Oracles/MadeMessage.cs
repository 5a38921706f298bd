using System.Globalization;
using System.Text;

namespace Aviso.Tests.Oracles;

/// <summary>Messages by chance, the same for the same seed: whatever RFC 5322, 2045-2047 and 2231 let one write, wildly mixed.</summary>
internal sealed class MadeMessage(int seed)
{
    private static readonly string[] Words =
        ["Anna", "Bo", "de", "la", "O'Brien", "x", "Mail-List", "42", "a.b", "Zoë", "日本", "Ünal", "пример", "q=u", "_under_", "ends?="];

    static MadeMessage() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private readonly Random _chance = new(seed);
    private readonly StringBuilder _text = new();

    public byte[] Write()
    {
        foreach (var field in Shuffled(["From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "X-Other"])) Field(field);
        _text.Append("MIME-Version: 1.0\r\n");
        Entity(0);
        return Encoding.Latin1.GetBytes(_text.ToString());
    }

    private bool Perhaps(int of) => _chance.Next(of) == 0;

    private T Of<T>(IReadOnlyList<T> all) => all[_chance.Next(all.Count)];

    private List<T> Shuffled<T>(IReadOnlyList<T> all) => [.. all.OrderBy(_ => _chance.Next())];

    private string Several(int least, int most, string between, Func<string> one) =>
        string.Join(between, Enumerable.Range(0, _chance.Next(least, most + 1)).Select(_ => one()));

    private void Field(string name)
    {
        if (name != "From" && Perhaps(6)) return;
        var value = name switch
        {
            "From" => Mailbox(),
            "To" or "Cc" or "Reply-To" => Several(1, 4, "," + Space(), Address),
            "Subject" => Unstructured(),
            "Date" => Date(),
            "Message-ID" => $"{Space()}<{Atom()}.{_chance.Next()}@{Domain()}>{Space()}",
            _ => Unstructured(),
        };
        _text.Append(name).Append(':').Append(Perhaps(8) ? "" : " ").Append(value).Append("\r\n");
    }

    // RFC 5322 §3.2.2: folding white space and comments wherever they may stand.
    private string Space() => _chance.Next(10) switch
    {
        0 => "\r\n ",
        1 => "\r\n\t",
        2 => "  ",
        3 => $" ({Comment()}) ",
        4 => $"({Comment()})\r\n ",
        _ => " ",
    };

    private string Comment() => Perhaps(4) ? $"{Atom()} ({Atom()}) {Atom()}" : Perhaps(4) ? "" : Atom();

    private string Atom() => Of(["alice", "bob", "carol+tag", "d.e.f", "x_y", "no-reply", "a'b", "9", "!#$%&"]);

    private string Domain() =>
        Of(["example.org", "mail.example.com", "xn--bcher-kva.example", "[192.0.2.1]", "EXAMPLE.net", "a.b.c.d.example"]);

    private string Address() => Perhaps(8)
        ? $"{Of(["Friends", "\"A group\"", "undisclosed-recipients"])}:{Space()}{Several(0, 3, ", ", Mailbox)};"
        : Mailbox();

    private string Mailbox()
    {
        var local = Perhaps(5) ? $"\"{Of(["a b", "quo\\\"te", "back\\\\slash", "at@sign", "dot.", ""])}x\"" : Atom();
        var spec = $"{local}@{Domain()}";
        if (Perhaps(4)) return Perhaps(3) ? $"{spec} ({Comment()})" : spec;
        return $"{Phrase()}{Space()}<{spec}>{(Perhaps(6) ? Space() : "")}";
    }

    private string Phrase() => _chance.Next(5) switch
    {
        0 => $"\"{Of(["Last, First", "a \\\"b\\\" c", "semi; colon:", "x (y) z", "tab\\tq", "=?utf-8?q?no?= word"])}\"",
        1 => Several(1, 3, " ", () => Of(["Anna", "Bo", "de", "la", "Mail-List", "Doe"])),
        2 => Several(1, 3, Perhaps(2) ? "\r\n " : " ", Encoded),
        3 => $"{Encoded()} {Of(["Anna", "Doe"])}",
        _ => $"Doe {Encoded()}",
    };

    private string Unstructured() => Several(1, 6, Perhaps(3) ? "\r\n " : " ", () => Perhaps(3) ? Encoded()
        : Of(["Re:", "hello", "(not a comment)", "\"quotes\"", "a=b", "50%", "?", "end.", "<x@y>"]));

    // RFC 2047.
    private string Encoded()
    {
        var charset = Of(["utf-8", "UTF-8", "iso-8859-1", "us-ascii", "windows-1252", "koi8-r", "utf-8*en"]);
        var word = Of(Words);
        var encoding = Encoding.GetEncoding(charset.Split('*')[0],
            new EncoderReplacementFallback("x"), DecoderFallback.ReplacementFallback);
        var octets = encoding.GetBytes(word + (Perhaps(3) ? " " + Of(Words) : ""));
        return Perhaps(2) ? $"=?{charset}?{Of(["B", "b"])}?{Convert.ToBase64String(octets)}?="
            : $"=?{charset}?{Of(["Q", "q"])}?{string.Concat(octets.Select(Quoted))}?=";
    }

    private static string Quoted(byte octet) => octet == ' ' ? "_" : char.IsAsciiLetterOrDigit((char)octet) ? $"{(char)octet}" : $"={octet:X2}";

    private string Date()
    {
        var at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(_chance.Next(-1_000_000_000, 300_000_000));
        var day = Perhaps(3) ? "" : at.ToString("ddd, ", CultureInfo.InvariantCulture);
        var time = at.ToString(Perhaps(5) ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture);
        var month = at.ToString("MMM yyyy", CultureInfo.InvariantCulture);
        var zone = Of(["+0000", "-0730", "+0545", "GMT", "EST", "PDT", "UT", "-0000"]);
        return $"{day}{at.Day} {month} {time} {zone}{(Perhaps(4) ? " (" + Comment() + ")" : "")}";
    }

    private void Entity(int depth)
    {
        var kind = _chance.Next(depth > 3 ? 3 : 6);
        if (kind >= 4) Multipart(depth);
        else if (kind == 3) Embedded(depth);
        else Leaf(kind);
    }

    private void Multipart(int depth)
    {
        // RFC 2046 §5.1.1: at most 70 characters.
        var boundary = Of(["b", "=_x", "a b", "--dashes", "'q(u)o?te", new string('0', 69)]) + depth;
        var kind = Of(["mixed", "alternative", "related", "x-new", "MIXED"]);
        _text.Append($"Content-Type: multipart/{kind};{Space()}boundary=\"{boundary}\"{(Perhaps(4) ? "; x=y" : "")}\r\n\r\n");
        if (Perhaps(3)) _text.Append("This is the preamble.\r\n--almost\r\n");
        for (var parts = _chance.Next(1, 4); parts > 0; parts--)
        {
            _text.Append($"--{boundary}{(Perhaps(6) ? "  " : "")}\r\n");
            Entity(depth + 1);
            _text.Append("\r\n");
        }
        _text.Append($"--{boundary}--");
        if (Perhaps(3)) _text.Append("\r\nepilogue\r\n");
    }

    private void Embedded(int depth)
    {
        _text.Append("Content-Type: message/rfc822\r\n\r\n");
        Field("From");
        Field("Subject");
        Entity(depth + 1);
    }

    private void Leaf(int kind)
    {
        var isText = kind > 0;
        if (!isText || !Perhaps(4))
        {
            IReadOnlyList<string> types = isText ? ["text/plain", "text/html", "TEXT/Plain", "text/x-odd"]
                : ["application/octet-stream", "image/png", "application/pdf"];
            _text.Append($"Content-Type: {Of(types)}");
            if (isText) _text.Append($";{Space()}charset={(Perhaps(2) ? "\"utf-8\"" : "utf-8")}");
            if (Perhaps(3)) _text.Append($";\r\n {Name("name")}");
            _text.Append("\r\n");
        }
        if (Perhaps(3)) _text.Append($"Content-Disposition: {Of(["attachment", "inline", "ATTACHMENT"])};\r\n\t{Name("filename")}\r\n");
        var encoding = Of(["", "7bit", "quoted-printable", "base64", "Base64", "8bit"]);
        if (encoding.Length > 0) _text.Append($"Content-Transfer-Encoding: {encoding}\r\n");
        _text.Append("\r\n");
        Body(encoding.ToLowerInvariant(), isText);
    }

    // RFC 2231: plain, quoted, in pieces, with a charset.
    private string Name(string name) => _chance.Next(5) switch
    {
        0 => $"{name}=plain.txt",
        1 => $"{name}=\"with space; and \\\"quote\\\".txt\"",
        2 => $"{name}*=utf-8''%e6%97%a5%E6%9C%AC.txt",
        3 => $"{name}*0=\"first \";{Space()}{name}*1=second.txt",
        _ => $"{name}*0*=iso-8859-1'en'%fcber;\r\n {name}*1=\" mid \"; {name}*2*=%E4.txt",
    };

    private void Body(string encoding, bool isText)
    {
        if (encoding == "base64")
        {
            var octets = isText ? Encoding.UTF8.GetBytes(Several(0, 30, " ", () => Of(Words))) : new byte[_chance.Next(0, 200)];
            if (!isText) _chance.NextBytes(octets);
            _text.Append(Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks)).Append(Perhaps(2) ? "\r\n" : "");
            return;
        }
        for (var lines = _chance.Next(0, 6); lines > 0; lines--)
        {
            _text.Append(encoding switch
            {
                "quoted-printable" => Of(["plain =3D line", "soft =\r\nbreak", "=C3=BC und =e2=82=ac", "=", "a =3d=\r\n b", "odd =XX", ""]),
                "8bit" => Of(["Ã¼ber", "plain", ""]),
                _ => Of(["plain line", "--", "-- ", "From here", ".", "", "  indented"]),
            }).Append("\r\n");
        }
    }
}
