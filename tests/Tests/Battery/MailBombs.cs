using System.Text;

namespace Aviso.Tests.Battery;

/// <summary>Messages of up to 10 MB whose headers, parts and texts would cost much if reading them had no end.</summary>
internal static class MailBombs
{
    private const int Most = 9 << 20;

    public static Dictionary<string, Func<byte[]>> All { get; } = new(StringComparer.Ordinal)
    {
        ["empty fields"] = () => Bombs.Repeat(":\r\n", Most),
        ["short fields"] = () => Bombs.Repeat("a:\r\n", Most),
        ["one folded field"] = () => [.. "Subject:"u8, .. Bombs.Repeat("\r\n x", Most)],
        ["one long line"] = () => Bombs.Repeat("x", Most),
        ["bare line ends"] = () => [.. "\r\n"u8, .. Bombs.Repeat("\n\r", Most)],
        ["routes"] = () => Field("From: ", "<@,"),
        ["comments"] = () => Field("From: ", "("),
        ["comments closed"] = () => Field("From: a(", "()"),
        ["quotes"] = () => Field("From: ", "\"\\"),
        ["angles"] = () => Field("To: ", "<"),
        ["groups"] = () => Field("To: ", "a:;"),
        ["addresses"] = () => Field("To: ", "a@b,"),
        ["domain literals"] = () => Field("To: a@", "["),
        ["dots"] = () => Field("To: a@", ".("),
        ["encoded words"] = () => Field("Subject: ", "=?utf-8?q?=41?= "),
        ["encoded words unclosed"] = () => Field("Subject: ", "=?utf-8?b?"),
        ["encoded words of one octet"] = () => Field("Subject: ", "=?utf-8?b?4g==?= =?utf-8?b?gg==?= "),
        ["encoded words half"] = () => Field("Subject: ", "=?"),
        ["replies"] = () => Field("Subject: ", "Re: "),
        ["replies in brackets"] = () => Field("Subject: ", "[a] "),
        ["forwards"] = () => Field("Subject: ", "[fwd: "),
        ["references"] = () => Field("References: ", "<a@b> "),
        ["references open"] = () => Field("References: ", "<"),
        ["dates"] = () => Field("Date: ", "("),
        ["parameters"] = () => Field("Content-Type: text/plain", ";a=b"),
        ["numbered parameters"] = () =>
            Encoding.ASCII.GetBytes("Content-Type: text/plain" + string.Concat(Enumerable.Range(0, 20_000).Select(i =>
                $";\r\n a*{i}*=%41")) + "\r\n\r\nx\r\n"),
        ["received"] = () => Bombs.Repeat("Received: from a ([1.2.3.4]) by b (", Most / 40 * 35),
        ["results"] = () => Field("Authentication-Results: mail.example.org; ", "dkim=pass header.d=a; "),
        ["results in comments"] = () => Field("Authentication-Results: mail.example.org; ", "a=b ("),
        ["signatures"] = () => Bombs.Repeat(
            "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=b; h=from:from:from:from:from:from:to; bh=AAAA; b=AAAA\r\n", 250_000),
        ["signed names"] = () => Field("DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=b; bh=AAAA; b=AAAA; h=from", ":x",
            "From: a@a.example\r\n"),
        ["signature tags"] = () => Field("DKIM-Signature: v=1; ", "x=y; "),
        ["seals"] = () => [.. string.Concat(Enumerable.Range(1, 1200).Select(i =>
            $"ARC-Seal: i={i}; a=rsa-sha256; cv=pass; d=a.example; s=b; b=AAAA\r\nARC-Message-Signature: i={i}; a=rsa-sha256; d=a.example; s=b; h=from; bh=A; b=A\r\n"
            + $"ARC-Authentication-Results: i={i}; a.example; spf=pass\r\n")).SelectMany(c => new[] { (byte)c }), .. "\r\n\r\n"u8],
        ["boundaries"] = () => [.. "Content-Type: multipart/mixed; boundary=b\r\n\r\n"u8, .. Bombs.Repeat("--b\r\n", Most)],
        ["dashes"] = () => [.. "Content-Type: multipart/mixed; boundary=b\r\n\r\n"u8, .. Bombs.Repeat("--\r\n", Most)],
        ["nested multiparts"] = () => [.. string.Concat(Enumerable.Range(0, 5000).Select(i =>
            $"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n")).Select(c => (byte)c), .. Bombs.Repeat("--b\r\n", 7 << 20)],
        ["nested mail"] = () => Bombs.Repeat("Content-Type: message/rfc822\r\n\r\n", Most),
        ["nested digests"] = () => [.. "Content-Type: multipart/digest; boundary=b\r\n\r\n"u8,
            .. Bombs.Repeat("--b\r\n\r\nSubject: x\r\n\r\n", Most)],
        ["alternatives"] = () => [.. "Content-Type: multipart/alternative; boundary=b\r\n\r\n"u8,
            .. Bombs.Repeat("--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--b\r\n\r\ny\r\n", Most)],
        ["quoted ends"] = () => Body("text/plain\r\nContent-Transfer-Encoding: quoted-printable", "=\r\n"),
        ["quoted blanks"] = () => Body("text/plain\r\nContent-Transfer-Encoding: quoted-printable", " "),
        ["quoted equals"] = () => Body("text/plain\r\nContent-Transfer-Encoding: quoted-printable", "="),
        ["base64 padding"] = () => Body("text/plain\r\nContent-Transfer-Encoding: base64", "QQ==\r\n"),
        ["escapes of iso-2022-jp"] = () => Body("text/plain; charset=iso-2022-jp", "\u001b$B\u001b(B"),
        ["utf-7"] = () => Body("text/plain; charset=utf-7", "+AGE-"),
        ["hz"] = () => Body("text/plain; charset=hz-gb-2312", "~{~}"),
        ["broken utf-8"] = () => [.. "Content-Type: text/plain; charset=utf-8\r\n\r\n"u8, .. Enumerable.Repeat((byte)0xFF, Most)],
        ["links"] = () => Body("text/plain", "http://a.example/ "),
        ["links that are none"] = () => Body("text/plain", "www.://"),
        ["links with users"] = () => Body("text/plain", "http://a@"),
        ["links in brackets"] = () => Body("text/plain", "http://a.example/((((((((((((((((((((((((((((((((((((((((((((((((( "),
        ["links of labels"] = () => Body("text/plain", "http://" + string.Concat(Enumerable.Repeat("a.", 900)) + "example/ "),
        ["words"] = () => Body("text/plain", "verify your account password click here now "),
        ["invisible letters"] = () => Body("text/plain; charset=utf-8", "a\u200b"),
        ["look-alikes"] = () => Body("text/plain; charset=utf-8", "p\u0430"),
        ["tags"] = () => Body("text/html", "<a>"),
        ["open tags"] = () => Body("text/html", "<a "),
        ["attributes"] = () => [.. "Content-Type: text/html\r\n\r\n<a "u8, .. Bombs.Repeat("b=c ", Most)],
        ["angles in pages"] = () => Body("text/html", "<"),
        ["comments in pages"] = () => Body("text/html", "<!--"),
        ["entities"] = () => Body("text/html", "&"),
        ["numbered entities"] = () => Body("text/html", "&#65;"),
        ["scripts"] = () => Body("text/html", "<script>"),
        ["styles"] = () => Body("text/html", "<style>.a{color:red}</style><b class=a>"),
        ["style attributes"] = () => Body("text/html", "<b style='color:#fff;background:#fff;font-size:0px;display:none;'>x"),
        ["many classes"] = () => Body("text/html", "<b class='a b c d e f g h i j k l m n o p q r s t u v w x y z'>"),
        ["deep tags"] = () => Body("text/html", "<div>"),
        ["end tags"] = () => [.. "Content-Type: text/html\r\n\r\n"u8, .. Bombs.Repeat("<div>", 1000), .. Bombs.Repeat("</p>", Most)],
        ["anchors"] = () => Body("text/html", "<a href='http://a.example/'>x</a>"),
        ["refresh"] = () => Body("text/html", "<meta http-equiv=refresh content='0;url=x'>"),
        ["calendar"] = () => Body("text/calendar", "BEGIN:VEVENT\r\nATTENDEE:mailto:a@b\r\n"),
        ["rfc822 headers of a report"] = () =>
            [.. "Content-Type: multipart/report; boundary=b; report-type=delivery-status\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"u8, .. Bombs.Repeat("Final-Recipient: rfc822; a@b\r\n\r\n", Most)],
        ["flowed text"] = () => Body("text/plain; format=flowed", "> > > > > > > > x \r\n"),
    };

    // Headers are looked at up to 256 KiB.
    private static byte[] Field(string start, string piece, string more = "") =>
        [.. Encoding.UTF8.GetBytes(more + start), .. Bombs.Repeat(piece, 255_000), .. "\r\n\r\nx\r\n"u8];

    private static byte[] Body(string type, string piece) =>
        [.. Encoding.UTF8.GetBytes($"From: a@one.example\r\nContent-Type: {type}\r\n\r\n"), .. Bombs.Repeat(piece, Most)];
}
