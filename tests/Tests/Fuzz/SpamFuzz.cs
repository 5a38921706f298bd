using System.Text;
using Aviso.Spam;
using Aviso.Tests.Unit.Spam;
using Xunit;

namespace Aviso.Tests.Fuzz;

public sealed class SpamFuzz
{
    [Fact]
    public void Html_and_links_of_any_kind_are_read() => Mutator.Run(
        [Encoding.UTF8.GetBytes("<html><style>.a{display:none}</style><p class=a style=\"font-size:0;color:#fff\">x</p><a href='http://u@1.2.3.4:80/x'>www.one.example</a>&amp;<!-- c --><b>\u200B\u0430bc</b>")], 2000,
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
        [Encoding.UTF8.GetBytes("# c\nNAME 1.5 text\n  body 2: a b | c* | d\n  not header x-y: z\n  url: q => /q+/\nOTHER 2 x\n  when: NAME & !(A | B)\nscore X 1\n")], 500,
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
        Mutator.Run([stream.ToArray()], 2000, input => Assert.True(ZipDirectory.Read(input).Count <= 1000));
    }

    [Fact]
    public void Messages_of_any_kind_are_judged() => Mutator.Run(
        [Encoding.UTF8.GetBytes("From: \"a@b.example\" <x@y.example>\r\nSubject: =?utf-8?q?hi?=\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nmailbox is full\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href=http://x.example>www.z.example</a>\r\n--b--\r\n")], 1000,
        input => SpamMail.RunAll(SpamMail.Input(input)));
}
