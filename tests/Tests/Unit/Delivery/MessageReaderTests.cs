using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public sealed class MessageReaderTests
{
    private static readonly BodySpool Spool = new(Path.GetTempPath(), 64 * 1024 * 1024);

    [Fact]
    public void A_message_is_read_for_envelope_threads_and_preview()
    {
        const string Text = "Date: Thu, 1 Jan 2026 00:00:10 +0000\r\nSubject: =?utf-8?q?Re:_caf=C3=A9?=\r\nMessage-ID: <m1@x>\r\n"
            + "In-Reply-To: <r1@x>\r\nReferences: <r0@x>\r\n <r1@x>\r\nFrom: a@b.example\r\n\r\nHello,  world\r\n";
        var rendered = Render(Text);
        Assert.Equal(("m1@x", UnicodeCasemap.Key("café"), 1767225610L, "Hello, world"),
            (rendered.MessageId, rendered.BaseSubject, rendered.SentDate, rendered.Preview));
        Assert.Equal(["r0@x", "r1@x"], rendered.References);
        Assert.Equal(Text.IndexOf("Hello", StringComparison.Ordinal), rendered.HeaderSize);
        Assert.StartsWith("(\"Thu, 1 Jan 2026 00:00:10 +0000\" ", Encoding.UTF8.GetString(rendered.Envelope), StringComparison.Ordinal);
        Assert.StartsWith(
            "(\"text\" \"plain\"", Encoding.UTF8.GetString(rendered.BodyStructure).ToLowerInvariant(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")]
    [InlineData("no header at all")]
    [InlineData("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n")]
    [InlineData("\0\0\0")]
    public void Anything_can_be_read(string text) => Assert.NotNull(Render(text).Envelope);

    [Fact]
    public void A_message_in_a_spool_file_reads_as_one_in_memory_does()
    {
        var text = "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + new string('y', 400_000)
            + "\r\n--b--\r\n";
        using var body = Spool.Begin();
        body.Write(Encoding.ASCII.GetBytes(text));
        Assert.False(body.InMemory);
        var rendered = new MessageReader().Render(body);
        Assert.Equal(new string('y', 256), rendered.Preview);
        Assert.Contains(new string('y', 1000), new MessageReader().ExtractText(body, 2000).Text, StringComparison.Ordinal);
    }

    /// <summary>SEARCH asks the index first: what it does not hold would never be found.</summary>
    [Theory]
    [InlineData("X-Mailer: Wonderful 3.1\r\n\r\nbody\r\n", "Wonderful")]
    [InlineData("Message-ID: <odd.id@host>\r\n\r\nbody\r\n", "odd.id@host")]
    [InlineData("Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\nbody\r\n", "café")]
    [InlineData("Content-Type: text/html\r\n\r\n<p>see <a href=\"https://shop.example/x?a=1&amp;b=2\">here</a></p>\r\n",
        "shop.example/x?a=1&b=2")]
    [InlineData("Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>h=C3=A4nde</p>\r\n", "hände")]
    [InlineData("Content-Type: message/rfc822\r\n\r\nX-Inner: deep\r\n\r\nbody\r\n", "deep")]
    public void What_search_can_find_is_in_the_text_for_the_index(string message, string wanted)
    {
        using var body = Spool.Begin();
        body.Write(Encoding.UTF8.GetBytes(message));
        var (text, whole) = new MessageReader().ExtractText(body, 10_000);
        Assert.Contains(wanted, text, StringComparison.Ordinal);
        Assert.True(whole);
    }

    [Fact]
    public void A_text_that_was_cut_says_so()
    {
        using var body = Spool.Begin();
        body.Write(Encoding.ASCII.GetBytes(
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + string.Concat(Enumerable.Repeat("=61=62=63=\r\n", 5_000))));
        Assert.False(new MessageReader().ExtractText(body, 10_000).Whole);
    }

    [Fact]
    public void References_are_bounded()
    {
        var rendered = Render("References: " + string.Join("\r\n ", Enumerable.Range(0, 900).Select(i => $"<{i}@x>")) + "\r\n\r\n");
        Assert.Equal(100, rendered.References.Count);
        Assert.Equal("899@x", rendered.References[^1]);
    }

    [Fact]
    public void Every_message_of_the_corpus_can_be_read()
    {
        var count = 0;
        foreach (var file in Directory.EnumerateFiles(Suites.Find("mime-corpus"), "*", SearchOption.AllDirectories))
        {
            using var body = Spool.Begin();
            body.Write(File.ReadAllBytes(file));
            var rendered = new MessageReader().Render(body);
            Assert.InRange(rendered.HeaderSize, 0, body.Length);
            Assert.InRange(rendered.Preview.Length, 0, 256);
            count++;
        }
        Assert.True(count > 100);
    }

    private static Aviso.Store.Rendered Render(string text)
    {
        using var body = Spool.Begin();
        body.Write(Encoding.UTF8.GetBytes(text));
        return new MessageReader().Render(body);
    }
}
