using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Spam;
using Aviso.Tests.Unit.Spam;
using Xunit;

namespace Aviso.Tests.Fuzz;

public sealed class SpamFuzz
{
    [Fact]
    public void Html_and_links_of_any_kind_are_read() => Mutator.Run(
        [Encoding.UTF8.GetBytes(
            "<html><style>.a{display:none}</style><p class=a style=\"font-size:0;color:#fff\">x</p><a href='http://u@1.2.3.4:80/x'>www.one.example</a>&amp;<!-- c --><b>\u200B\u0430bc</b>")], 2000,
        input =>
        {
            var html = Encoding.UTF8.GetString(input);
            var page = HtmlScanner.Scan(html);
            var urls = new List<FoundUrl>();
            UrlFinder.InPage(page, 100, urls);
            UrlFinder.InText(html, 100, urls);
            Assert.True(page.Visible.Length <= html.Length * 2 && urls.Count <= 100);
            Assert.True(PlainText.Fold(html).Length <= html.Length + 1);
        });

    [Fact]
    public void Rules_files_of_any_kind_are_read() => Mutator.Run(
        [Encoding.UTF8.GetBytes(
            "# c\nNAME 1.5 text\n  body 2: a b | c* | d\n  not header x-y: z\n  url: q => /q+/\nOTHER 2 x\n  when: NAME & !(A | B)\nscore X 1\n")], 500,
        input => RuleSet.Parse(Encoding.UTF8.GetString(input), out _));

    [Fact]
    public void Archives_of_any_kind_are_read()
    {
        using var stream = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(stream, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry("a.exe");
            zip.CreateEntry("b/c.txt");
        }
        Mutator.Run([stream.ToArray()], 2000, input =>
            Assert.True(ZipDirectory.Read(input, WorkBudget.Once()).Entries.Count <= ZipDirectory.MostEntries));
    }

    [Fact]
    public void Messages_of_any_kind_are_judged() => Mutator.Run(
        [Encoding.UTF8.GetBytes(
            "From: \"a@b.example\" <x@y.example>\r\nSubject: =?utf-8?q?hi?=\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nmailbox is full\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href=http://x.example>www.z.example</a>\r\n--b--\r\n"),
            // A domain that begins with a dot once ended a check.
            "From: \"a@b.example\" <x@.example\" <x@y.example>\r\nReply-To: <z@..weebly.com>\r\n\r\nhttp://.weebly.com/\r\n"u8.ToArray()],
                1000,
        input => SpamMail.RunAll(SpamMail.Input(input)));

    [Fact]
    public void Replies_of_a_virus_scanner_of_any_kind_are_read() => Mutator.Run(
        ["stream: OK\0"u8.ToArray(), "1: stream: Eicar-Signature FOUND\0"u8.ToArray(), "INSTREAM size limit exceeded. ERROR\0"u8.ToArray()],
            3000,
        input =>
        {
            var reply = ClamdReply.Parse(input);
            Assert.True(reply.Text.Length <= 100 && reply.Text.All(c => c is >= ' ' and < '\x7f'));
            Assert.True(reply.Result != ClamdResult.Virus || (reply.Text.Length > 0 && input.AsSpan().IndexOf(" FOUND"u8) > 0));
            Assert.True(reply.Result != ClamdResult.Clean || input.AsSpan().IndexOf("OK"u8) >= 0);
        });

    [Fact]
    public void Entries_of_sender_lists_and_codes_of_lists_of_any_kind_are_read() => Mutator.Run(
        ["ann@one.example"u8.ToArray(), "@one.example"u8.ToArray(), "192.0.2.0/24"u8.ToArray(), "127.0.*.&64"u8.ToArray(),
            Encoding.UTF8.GetBytes("bücher.example"), "127.0.0.4-7"u8.ToArray()], 2000,
        input =>
        {
            var text = Encoding.UTF8.GetString(input);
            if (SenderEntry.Parse(text, true, out var problem) is not { } entry) Assert.NotEqual("", problem);
            // What is shown means the same when it is given again.
            else Assert.Equal(entry, SenderEntry.Parse(entry.Text, entry.NeedsProof, out _));
            if (AnswerMask.TryParse(text, out var mask)) mask.Matches(System.Net.IPAddress.Loopback);
        });
}
