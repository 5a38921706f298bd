using System.Buffers;
using System.Text;
using Aviso.Mime;
using Aviso.Tests.Unit.Mime;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>What must hold for any octets at all.</summary>
internal static class MimeOracle
{
    public static void Check(byte[] message)
    {
        var root = MimeScannerTests.Scan(message);
        var index = PartIndex.Write(root);
        Assert.Equal(index, PartIndex.Write(MimeScannerTests.Scan(message, 1)));
        var byLine = new MimeScanner();
        foreach (var line in MimeScannerTests.Lines(message)) byLine.Append(line);
        Assert.Equal(index, PartIndex.Write(byLine.Finish()));
        Assert.Equal(message.Length, root.EndOffset);
        Within(root, 0, message.Length, 0);
        var back = PartIndex.Read(index);
        Assert.Equal(index, PartIndex.Write(back));
        var read = ComposerTests.Reader(message);
        foreach (var utf8 in (bool[])[false, true])
        {
            Assert.Equal(ImapStructure.Body(root, utf8), ImapStructure.Body(back, utf8, read));
            Structure(ImapStructure.BodyStructure(root, utf8), utf8);
            Structure(ImapStructure.Envelope(message.AsSpan(0, (int)root.HeaderLength), utf8), utf8);
        }
        Assert.True(MessageText.Extract(root, read, 5000, out _).Length <= 5000);
        Assert.True(MessageText.Preview(root, read).Length <= MessageText.PreviewLength);
        var into = new ArrayBufferWriter<byte>();
        if (EightBitDowngrade.Write(root, read, into) == DowngradeLoss.None) Assert.True(Ascii.IsValid(into.WrittenSpan));
    }

    private static void Within(MimePart part, long from, long to, int depth)
    {
        Assert.True(depth <= MimeLimits.Default.Depth);
        Assert.True(part.HeaderOffset >= from && part.BodyOffset == part.HeaderOffset + part.HeaderLength);
        Assert.True(part.BodyLength >= 0 && part.BodyLines >= 0 && part.EndOffset <= to);
        if (part.Message is { } message) Within(message, part.BodyOffset, part.EndOffset, depth + 1);
        var at = part.BodyOffset;
        foreach (var child in part.Children)
        {
            Within(child, at, part.EndOffset, depth + 1);
            at = child.EndOffset;
        }
    }

    // Balanced parentheses outside strings, and only octets the client may be sent.
    private static void Structure(byte[] text, bool utf8)
    {
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                for (i++; text[i] != '"'; i++)
                {
                    Assert.True(text[i] is not ((byte)'\r' or (byte)'\n' or 0));
                    if (text[i] == '\\') i++;
                }
            }
            else if (text[i] == '{')
            {
                var end = Array.IndexOf(text, (byte)'}', i);
                i = end + 2 + int.Parse(text.AsSpan(i + 1, end - i - 1));
            }
            else if (text[i] == '(') depth++;
            else if (text[i] == ')') depth--;
            Assert.True(depth > 0 || i == text.Length - 1);
        }
        Assert.Equal(0, depth);
        if (!utf8) Assert.True(Ascii.IsValid(text));
    }
}

public sealed class MimeFuzz
{
    private static readonly byte[][] Messages =
    [
        .. new[]
        {
            "Subject: =?utf-8?q?=c3=a4?=\r\nFrom: \"a\" <a@b>, g: c@d, e;\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\n"
                + "Content-Type: message/rfc822\r\n\r\nSubject: x\r\nTo: <@r:q@w>\r\n\r\nbody\r\n--b\r\nContent-Type: text/html; charset*=utf-8''u%74f-8\r\n"
                + "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*0=a; filename*1*=%20b\r\n\r\nPGI+YTwvYj4=\r\n--b--\r\nepi\r\n",
            "Content-Type: multipart/digest; boundary=a\n\n--a\n\nContent-Type: multipart/mixed; boundary=aa\n\n--aa\n\n1\n--aa\n\nx=3D=\n\n--aa--\n--a--\n",
            "Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: quoted-printable\nContent-Language: en, (x) de\n\n=1B$B \t\n=\n",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    [Fact]
    public void Messages_of_any_octets_are_read() => Mutator.Run(Messages, 400, MimeOracle.Check);

    [Fact]
    public void Addresses_of_any_octets_are_read() => Mutator.Run(
        [.. new[] { "a b <c@d>, \"q\\\"\" <@r,@s:t@u>; g: (c (n)) v@[1.2.3.4], =?utf-8?b?w6Q=?= <x@y.z>;", "\"a b\"@c . d (e), f", "<a b\"a b\"@c . \" (e)\n f" }.Select(Encoding.UTF8.GetBytes)],
        1500,
        input =>
        {
            foreach (var address in AddressList.Mailboxes(AddressList.Parse(input)))
            {
                // What is written is read back: the same address, whatever it was made from.
                if (address.LocalPart.Length == 0 || address.Domain.Length == 0
                    || address.LocalPart.AsSpan().ContainsAny('\r', '\n')) continue;
                if (!AddrSpec.TryParse(Encoding.UTF8.GetBytes(address.Address), out _, out _)) continue;
                var again = Assert.Single(AddressList.Parse(Encoding.UTF8.GetBytes($"<{address.Address}>")));
                Assert.Equal(address.LocalPart, again.LocalPart);
                Assert.Equal(address.Domain, again.Domain);
            }
            _ = AddrSpec.TryParse(input, out _, out _);
        });

    [Fact]
    public void Header_values_of_any_octets_are_read() => Mutator.Run(
        [.. new[] { "Thu, 1 Jan (c) 2004 10:00:60 -0800", "=?iso-8859-1*en?q?a=E4?= =?gb2312?b?xOM=?= x", "<a@b> <c (d)@e>", "Re: [a] Fwd: [fwd: x] (fwd)" }
            .Select(Encoding.Latin1.GetBytes)],
        1500,
        input =>
        {
            var text = HeaderText.Decode(input);
            BaseSubject.Of(text);
            MessageIds.Parse(input);
            ParameterList.Parse(input);
            if (MailDate.TryParse(input, out var date))
            {
                Assert.True(MailDate.TryParse(Encoding.ASCII.GetBytes(MailDate.Format(date)), out var again));
                Assert.Equal(date, again);
            }
            Assert.True(Ascii.IsValid(EncodedWord.Encode(text)));
        });
}
