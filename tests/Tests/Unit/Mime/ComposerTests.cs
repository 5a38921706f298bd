using System.Buffers;
using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

public sealed class ComposerTests
{
    private static readonly string[] Texts =
        ["", "plain\n", "ä ö ü\n", "日本語\n.\nFrom here\n", new string('x', 3000), "trailing blank \nand tab\t\n", "a\rb", "= equals =3D\n"];

    [Fact]
    public void Composing_then_scanning_gives_the_tree_back()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var tree = Tree(new Random(seed), 0);
            var message = new MessageComposer(new HeaderWriter().Text("Subject", "é"), tree).Compose();
            Assert.True(Ascii.IsValid(message));
            Same(tree, MimeScannerTests.Scan(message), message);
        }
    }

    [Theory]
    [InlineData("base64")]
    [InlineData("quoted-printable")]
    public void Encoding_then_decoding_in_any_pieces_gives_the_octets_back(string encoding)
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var octets = new byte[random.Next(400)];
            for (var i = 0; i < octets.Length; i++) octets[i] = "ab =\t\r.Fé\0"u8[random.Next(10)];
            var encoded = TransferEncoder.EncodeAll(encoding, octets);
            foreach (var line in Encoding.Latin1.GetString(encoded).Split("\r\n"))
            {
                Assert.True(line.Length <= 76);
                Assert.False(line.EndsWith(' '));
            }
            var into = new ArrayBufferWriter<byte>();
            var decoder = TransferDecoder.For(encoding);
            for (var at = 0; at < encoded.Length;)
            {
                var length = Math.Min(random.Next(1, 9), encoded.Length - at);
                decoder.Decode(encoded.AsSpan(at, length), into);
                at += length;
            }
            decoder.Finish(into);
            Assert.Equal(octets, into.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void A_delivery_report_has_its_three_parts()
    {
        var report = Report(utf8: false, "no@example.net").Compose();
        var root = MimeScannerTests.Scan(report);
        Assert.Equal("report", root.Subtype);
        Assert.Equal("delivery-status", root.Parameter("report-type"));
        Assert.Equal(["text/plain", "message/delivery-status", "text/rfc822-headers"], root.Children.Select(c => $"{c.Type}/{c.Subtype}"));
        var status = Body(report, root.Children[1]);
        Assert.Contains("Reporting-MTA: dns; mx.example.org\r\n", status);
        Assert.Contains("\r\n\r\nFinal-Recipient: rfc822; no@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n", status);
    }

    [Fact]
    public void A_delivery_report_for_an_international_address_follows_RFC_6533()
    {
        var ascii = Report(utf8: false, "jürgen@example.net").Compose();
        Assert.Contains("Final-Recipient: utf-8; j\\x{FC}rgen@example.net", Encoding.ASCII.GetString(ascii));
        var global = Report(utf8: true, "jürgen@example.net").Compose();
        Assert.Equal(["text/plain", "message/global-delivery-status", "message/global-headers"],
            MimeScannerTests.Scan(global).Children.Select(c => $"{c.Type}/{c.Subtype}"));
        Assert.Contains("Final-Recipient: utf-8; jürgen@example.net", Encoding.UTF8.GetString(global));
    }

    [Fact]
    public void A_downgraded_message_is_seven_bit_and_says_the_same()
    {
        var message = Encoding.UTF8.GetBytes("""
            Subject: x
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=b
            Content-Transfer-Encoding: 8bit

            --b
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit

            Grüße
            --b
            Content-Type: message/rfc822
            Content-Transfer-Encoding: 8bit

            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: 8bit

            <p>ö</p>
            --b--

            """.ReplaceLineEndings("\r\n"));
        var into = new ArrayBufferWriter<byte>();
        Assert.Equal(DowngradeLoss.None, EightBitDowngrade.Write(MimeScannerTests.Scan(message), Reader(message), into));
        var result = into.WrittenSpan.ToArray();
        Assert.True(Ascii.IsValid(result));
        Assert.Equal(TextParts(message), TextParts(result));
        Assert.Equal(["7bit", "quoted-printable", "7bit", "quoted-printable"], Encodings(MimeScannerTests.Scan(result)));
    }

    [Fact]
    public void A_signed_part_is_not_touched_and_that_is_said()
    {
        var message = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\u00E4\r\n--b--\r\n"u8.ToArray();
        var into = new ArrayBufferWriter<byte>();
        Assert.Equal(DowngradeLoss.SignedPart, EightBitDowngrade.Write(MimeScannerTests.Scan(message), Reader(message), into));
        Assert.Equal(message, into.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData("<p>Hello <b>W&ouml;rld</b></p><script>x<y</script><div>next&nbsp;&#x2014; line</div>", "Hello Wörld\nnext — line")]
    [InlineData("a < b &amp; c", "a < b & c")]
    [InlineData("<style>p{}</style><!-- c > --><a title=\"1>2\" href='x'>link</a><br>end<unclosed", "link\nend")]
    [InlineData("<script>never closed", "")]
    public void Html_becomes_the_text_a_reader_sees(string html, string text) => Assert.Equal(text, HtmlText.Convert(html, 1000));

    [Fact]
    public void A_preview_has_at_most_256_characters_of_the_first_text()
    {
        var message = Encoding.UTF8.GetBytes("Content-Type: text/html; charset=utf-8\n\n<p>" + string.Concat(Enumerable.Repeat("😀 ä\n", 500)));
        var preview = MessageText.Preview(MimeScannerTests.Scan(message), Reader(message));
        Assert.InRange(preview.Length, 250, 256);
        Assert.StartsWith("😀 ä 😀", preview);
    }

    internal static Func<long, int, ReadOnlyMemory<byte>> Reader(byte[] message) => (at, length) =>
        message.AsMemory((int)Math.Min(at, message.Length), (int)Math.Min(length, Math.Max(0, message.Length - at)));

    private static IEnumerable<string> Encodings(MimePart part)
    {
        IEnumerable<string> inner = [.. part.Children.SelectMany(Encodings), .. part.Message is { } m ? Encodings(m) : []];
        return [part.Encoding, .. inner];
    }

    private static DeliveryReport Report(bool utf8, string recipient) => new()
    {
        ReportingMta = "mx.example.org",
        From = HeaderAddress.Of("Mail", "postmaster", "example.org"),
        To = HeaderAddress.Of("", "a", "example.org"),
        Subject = "Not delivered",
        Text = "Sorry.\n",
        Date = DateTimeOffset.UnixEpoch,
        MessageId = "1@mx.example.org",
        Utf8 = utf8,
        Recipients = [new(recipient, "failed", "5.1.1") { DiagnosticCode = "550 5.1.1 no such user" }],
        Original = "Subject: hi\r\n\r\n"u8.ToArray(),
    };

    private static MimeEntity Tree(Random random, int depth)
    {
        var kind = random.Next(depth > 3 ? 3 : 5);
        if (kind == 0) return MimeEntity.Text(Texts[random.Next(Texts.Length)]);
        if (kind == 1) return MimeEntity.Text(Texts[random.Next(Texts.Length)], "html");
        if (kind == 2)
        {
            var octets = new byte[random.Next(200)];
            random.NextBytes(octets);
            return MimeEntity.Attachment("application/octet-stream", random.Next(2) == 0 ? "a \"b\".bin" : new string('ß', random.Next(1, 60)), octets);
        }
        return MimeEntity.Multipart("mixed", Enumerable.Range(0, random.Next(1, 4)).Select(_ => Tree(random, depth + 1)).ToList());
    }

    private static void Same(MimeEntity expected, MimePart got, byte[] message)
    {
        Assert.Equal(expected.Type, $"{got.Type}/{got.Subtype}");
        Assert.Equal(expected.FileName, got.FileName);
        Assert.Equal(expected.Children.Count, got.Children.Count);
        for (var i = 0; i < expected.Children.Count; i++) Same(expected.Children[i], got.Children[i], message);
        if (expected.Children.Count == 0)
            Assert.Equal(expected.Body, TransferDecoder.DecodeAll(got.Encoding, message.AsSpan((int)got.BodyOffset, (int)got.BodyLength)));
    }

    private static string Body(byte[] message, MimePart part) => Encoding.UTF8.GetString(message, (int)part.BodyOffset, (int)part.BodyLength);

    private static IEnumerable<string> TextParts(byte[] message) => Leaves(MimeScannerTests.Scan(message))
        .Where(part => part.IsText).Select(part => MessageText.Searchable(part, Reader(message), 10_000));

    private static IEnumerable<MimePart> Leaves(MimePart part) =>
        part.Children.Count == 0 ? [part] : part.Children.SelectMany(Leaves);
}
