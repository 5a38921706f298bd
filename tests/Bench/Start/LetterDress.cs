using System.Globalization;
using System.Net;
using System.Text;

namespace Aviso.Bench;

/// <summary>
/// Puts invented letters into the clothes of today: what shops' mailing services, small senders' programs and people's mail programs make
/// of a text. Frauds wear the same as honest letters, so that nothing is learned from the clothes.
/// </summary>
internal sealed class LetterDress(Random random)
{
    private const string Figures = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private const string OfficeStyle = "p.MsoNormal{margin:0cm;font-size:11.0pt;font-family:\"Calibri\",sans-serif}";
    private static readonly DateTime Oldest = new(2024, 1, 1, 8, 0, 0, DateTimeKind.Utc);

    /// <summary>A whole message around lines of text.</summary>
    public string Around(string subject, string name, string domain, IReadOnlyList<string> lines)
    {
        var letter = new Letter(subject, name, domain, lines);
        return random.Next(10) switch
        {
            < 4 => Service(letter),
            < 6 => SmallSender(letter),
            6 => Browser(letter),
            7 => Desktop(letter),
            8 => Office(letter),
            _ => Bare(letter),
        };
    }

    // A mailing service: tables, a hidden first line, a button, a picture that counts.
    private string Service(Letter letter)
    {
        var domain = letter.Domain;
        var look = new Look(
            Color(), Pick("Arial,Helvetica,sans-serif", "Helvetica, Arial, sans-serif", "'Open Sans',Arial", "Verdana, Geneva"),
            Pick("20px", "10px 20px", "16px", "24px 32px", "0 0 20px 0"),
            Pick($"https://click.{domain}/{Hex(12)}", $"https://{domain}/{Pick("account", "orders", "news", "view")}?id={Hex(8)}",
                $"https://links.{domain}/ls/{Hex(20)}?u={Hex(6)}", $"https://www.{domain}/"));
        var fields = Maybe(2, $"Feedback-ID: {Hex(6)}:1:{domain}\r\n")
            + Maybe(3, $"Reply-To: {Pick("support", "service", "noreply", "info")}@{domain}\r\n")
            + Maybe(4, "Precedence: bulk\r\n") + Maybe(4, "Auto-Submitted: auto-generated\r\n");
        var html = $"{ServiceHead(letter)}{ServiceTop(letter, look)}{ServiceRows(letter, look)}{ServiceEnd(letter, look)}";
        var local = Pick("noreply", "info", "service", "news", "no-reply", "hello", "account", "mail");
        return Head(letter, local, ServiceId(domain), fields)
            + (random.Next(4) == 0 ? Only("html", html) : Both(string.Join("\r\n\r\n", letter.Lines), html));
    }

    private string ServiceHead(Letter letter) => string.Concat(
        Pick("<!DOCTYPE html>", "<!doctype html>", "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
            + "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">"),
        Pick("<html>", "<html lang=\"en\">", "<html xmlns=\"http://www.w3.org/1999/xhtml\">",
            "<html xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">"),
        "<head>",
        Pick("<meta charset=\"utf-8\">", "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />"),
        Maybe(2, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1.0\">"),
        Maybe(2, "<meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\">"),
        Maybe(2, "<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml>"
            + "<![endif]-->"),
        $"<title>{Safe(letter.Subject)}</title><style{Maybe(2, " type=\"text/css\"")}>",
        "body{margin:0;padding:0}img{border:0;display:block}",
        $"@media only screen and (max-width:{Pick("480", "600", "620")}px){{.w{{width:100%!important}}}}</style></head>");

    private string ServiceTop(Letter letter, Look look)
    {
        var picture = $"<img src=\"https://{Pick("img", "cdn", "static", "images")}.{letter.Domain}/logo.png\" "
            + $"width=\"{Pick("120", "140", "200")}\"";
        return string.Concat(
            $"<body {Maybe(2, "bgcolor=\"#f4f4f4\" ")}style=\"margin:0;padding:0;background-color:{Color()};\">",
            Maybe(2, $"<div style=\"display:none;max-height:0;overflow:hidden;font-size:1px;color:#fff\">{Safe(letter.Lines[0])}</div>"),
            $"<table {Maybe(2, "role=\"presentation\" ")}width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">",
            $"<tr><td align=\"center\"><table class=\"w\" width=\"{Pick("600", "640", "580", "560")}\" style=\"background:#ffffff",
            $"{Pick("", ";border-collapse:collapse", ";max-width:600px;margin:0 auto")}\">",
            Maybe(2, $"<tr><td style=\"padding:{look.Pad}\"><a href=\"{look.Link}\">{picture} alt=\"{Safe(letter.Name)}\"></a></td></tr>"),
            Maybe(2, $"<tr><td><h1 style=\"font-family:{look.Font};font-size:{Pick("22px", "24px", "28px")};"
                + $"{Maybe(2, "font-weight:bold;")}color:{look.Color}\">{Safe(letter.Subject)}</h1></td></tr>"));
    }

    private string ServiceRows(Letter letter, Look look)
    {
        var rows = new StringBuilder();
        var button = random.Next(letter.Lines.Count);
        for (var i = 0; i < letter.Lines.Count; i++)
        {
            rows.Append("<tr><td ").Append(Pick("", "valign=\"top\" ", "align=\"left\" ")).Append("style=\"padding:").Append(look.Pad)
                .Append(";font-family:").Append(look.Font).Append(";font-size:").Append(Pick("14px", "15px", "16px"))
                .Append(";color:").Append(Pick("#333333", "#222", "#444444", "#000000"))
                .Append(";line-height:").Append(Pick("1.5", "22px", "24px", "150%")).Append("\">")
                .Append(Maybe(2, "<p style=\"margin:0 0 16px\">")).Append(Safe(letter.Lines[i])).Append("</td></tr>\r\n");
            if (i != button) continue;
            rows.Append("<tr><td align=\"center\"><a href=\"").Append(look.Link).Append("\" ").Append(Maybe(2, "target=\"_blank\" "))
                .Append("style=\"display:inline-block;background:").Append(look.Color)
                .Append(";color:#ffffff;padding:12px 24px;border-radius:").Append(Pick("4px", "3px", "6px"))
                .Append(";text-decoration:none;font-weight:bold\">").Append(Safe(letter.Subject)).Append("</a></td></tr>");
        }
        return rows.ToString();
    }

    private string ServiceEnd(Letter letter, Look look) => string.Concat(
        $"<tr><td style=\"padding:{look.Pad};font-size:{Pick("11px", "12px")};",
        $"color:{Pick("#999999", "#888", "#aaaaaa")};text-align:center\">", Safe(letter.Name),
        Pick("", $", &copy; 202{random.Next(3, 7)}", $" | {letter.Domain}"),
        $" <a href=\"https://{letter.Domain}/{Pick("privacy", "unsubscribe", "preferences", "help")}\" style=\"color:#999999\">",
        Pick("Privacy", "Unsubscribe", "Help", "Info"), "</a></td></tr></table></td></tr></table>",
        Maybe(2, $"<img src=\"https://click.{letter.Domain}/open/{Hex(10)}.gif\" width=\"1\" height=\"1\" style=\"display:none\">"),
        "</body></html>");

    // A program of one's own: a few paragraphs.
    private string SmallSender(Letter letter)
    {
        var html = new StringBuilder(Pick("<html><body>",
            "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body style=\"font-family:Arial,sans-serif\">",
            "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>",
            "<div style=\"font-family: sans-serif; font-size: 14px\">"));
        foreach (var line in letter.Lines)
            html.Append(Pick("<p>", "<p style=\"margin:0 0 10px\">")).Append(Safe(line)).Append("</p>\r\n");
        var shown = Pick("https://" + letter.Domain, Safe(letter.Name));
        html.Append(Maybe(2, $"<p><a href=\"https://{letter.Domain}/{Hex(6)}\">{shown}</a></p>"))
            .Append(Maybe(2, $"<hr><small style=\"color:gray\">{Safe(letter.Name)}</small>"))
            .Append(Maybe(2, $"<br><strong>{Safe(letter.Name)}</strong>")).Append("</body></html>");
        return Head(letter, Pick("info", "noreply", "office", "contact", "admin"), $"<{Hex(32)}@{letter.Domain}>",
                Maybe(4, "X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)\r\n"))
            + (random.Next(2) == 0 ? Only("html", html.ToString()) : Both(string.Join("\r\n", letter.Lines), html.ToString()));
    }

    private string Browser(Letter letter) =>
        Head(letter, "a.b", $"<CA{Letters(20)}=+{Letters(12)}@mail.{letter.Domain}>",
            Maybe(2, $"References: <{Hex(12)}@two.example>\r\nIn-Reply-To: <{Hex(12)}@two.example>\r\n"))
        + Both(string.Join("\r\n", letter.Lines),
            $"<div dir=\"ltr\">{string.Join("<div><br></div>", letter.Lines.Select(l => $"<div>{Safe(l)}</div>"))}</div>\r\n");

    private string Desktop(Letter letter)
    {
        var head = Head(letter, "a.b", $"<{Guid()}@{letter.Domain}>", Pick("User-Agent: Mozilla Thunderbird\r\nContent-Language: en-US\r\n",
            "X-Mailer: Apple Mail (2.3774.600.62)\r\n", "X-Mailer: iPhone Mail (22B91)\r\n"));
        var text = string.Join("\r\n", letter.Lines);
        if (random.Next(2) == 0) return head + Only("plain", text, "; format=flowed");
        var style = Maybe(2, " style=\"overflow-wrap: break-word; -webkit-nbsp-mode: space;\"");
        return head + Both(text, "<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"></head>"
            + $"<body{style}>{string.Join("<br>", letter.Lines.Select(Safe))}</body></html>");
    }

    private string Office(Letter letter) =>
        Head(letter, "a.b", $"<{Hex(4).ToUpperInvariant()}P194MB{random.Next(1000, 9999)}{Hex(20).ToUpperInvariant()}@{letter.Domain}>",
            $"Thread-Topic: {Field(letter.Subject)}\r\nThread-Index: Ad{Letters(26)}==\r\n"
            + "Accept-Language: de-DE, en-US\r\nContent-Language: en-US\r\n")
        + Both(string.Join("\r\n", letter.Lines),
            "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:w=\"urn:schemas-microsoft-com:office:word\"><head>"
            + $"<meta name=\"Generator\" content=\"Microsoft Word 15\"><style>{OfficeStyle}</style></head>"
            + "<body lang=\"EN-US\" link=\"#0563C1\" vlink=\"#954F72\"><div class=\"WordSection1\">"
            + string.Concat(letter.Lines.Select(l =>
                $"<p class=\"MsoNormal\"><span style=\"font-size:11.0pt\">{Safe(l)}<o:p></o:p></span></p>")) + "</div></body></html>");

    private string Bare(Letter letter) =>
        Head(letter, Pick("a.b", "info", "system", "noreply"), $"<{Hex(16)}@{letter.Domain}>",
            Maybe(2, "Auto-Submitted: auto-generated\r\n"))
        + Only("plain", string.Join("\r\n\r\n", letter.Lines) + Maybe(2, $"\r\n\r\nhttps://{letter.Domain}/{Hex(6)}"));

    private string Head(Letter letter, string local, string id, string more)
    {
        var from = letter.Name.All(char.IsAscii) ? $"\"{letter.Name}\"" : Field(letter.Name);
        var date = Oldest.AddMinutes(random.Next(1_000_000)).ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture);
        string[] fields =
        [
            $"From: {from} <{local}@{letter.Domain}>\r\n", $"To: {Pick("bob@two.example", "Bob Miller <bob@two.example>")}\r\n",
            $"Subject: {Field(letter.Subject)}\r\n",
            $"Date: {date} {Pick("+0000", "+0100", "+0200", "-0500", "-0700", "+0000 (UTC)", "+0300")}\r\n",
            $"Message-ID: {id}\r\n", "MIME-Version: 1.0\r\n", more,
        ];
        // Every program has an order of its own.
        for (var i = 0; i < 3; i++)
        {
            if (random.Next(2) == 0) (fields[i], fields[i + 3]) = (fields[i + 3], fields[i]);
        }
        return string.Concat(fields);
    }

    private string Only(string subtype, string text, string more = "")
    {
        var (encoding, body) = random.Next(3) switch
        {
            0 => ("base64", Convert.ToBase64String(Encoding.UTF8.GetBytes(text), Base64FormattingOptions.InsertLineBreaks)),
            1 => ("quoted-printable", Quoted(text)),
            _ => ("8bit", text),
        };
        var charset = Pick("utf-8", "UTF-8", "\"utf-8\"", "\"UTF-8\"");
        return $"Content-Type: text/{subtype}; charset={charset}{more}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n";
    }

    private string Both(string plain, string html)
    {
        var boundary = Pick("=_b", "----=_Part_", "--_NmP-", "b1_", "0000000000") + Hex(12);
        return $"Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n"
            + $"--{boundary}\r\n{Only("plain", plain)}\r\n--{boundary}\r\n{Only("html", html)}\r\n--{boundary}--\r\n";
    }

    private string ServiceId(string domain) => random.Next(4) switch
    {
        0 => $"<0102018f{Hex(8)}-{Guid()}-000000@eu-west-1.{domain}>",
        1 => $"<{Letters(22)}@geopod-{random.Next(99)}>",
        2 => $"<{random.Next(100_000, 999_999)}.{Hex(10)}@{domain}>",
        _ => $"<{Guid()}@{domain}>",
    };

    private static string Quoted(string text)
    {
        var into = new StringBuilder();
        var column = 0;
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            var isPlain = octet is (byte)'\r' or (byte)'\n' or (>= 32 and < 127 and not (byte)'=');
            var piece = isPlain ? ((char)octet).ToString() : $"={octet:X2}";
            if (column + piece.Length > 74)
            {
                into.Append("=\r\n");
                column = 0;
            }
            into.Append(piece);
            column = octet == '\n' ? 0 : column + piece.Length;
        }
        return into.ToString();
    }

    private static string Field(string text) =>
        text.All(char.IsAscii) ? text : $"=?UTF-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}?=";

    private static string Safe(string text) => WebUtility.HtmlEncode(text);

    private string Color() =>
        Pick("#0a66c2", "#1a73e8", "#ffffff", "#f4f4f4", "#e4002b", "#00843d", "#333", "#ff6600", "#eeeeee", $"#{Hex(6)}");

    private string Hex(int length) => new([.. Enumerable.Range(0, length).Select(_ => "0123456789abcdef"[random.Next(16)])]);

    private string Letters(int length) => new([.. Enumerable.Range(0, length).Select(_ => Figures[random.Next(Figures.Length)])]);

    private string Guid() => $"{Hex(8)}-{Hex(4)}-4{Hex(3)}-a{Hex(3)}-{Hex(12)}";

    // One in so many has it.
    private string Maybe(int of, string text) => random.Next(of) == 0 ? text : "";

    private string Pick(params string[] from) => from[random.Next(from.Length)];

    private sealed record Letter(string Subject, string Name, string Domain, IReadOnlyList<string> Lines);

    private sealed record Look(string Color, string Font, string Pad, string Link);
}
