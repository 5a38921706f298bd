using System.Text;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>The index proposes, the text decides: with and without an index a search finds the same.</summary>
public sealed class SearchIndexTests
{
    private static readonly string[] Messages =
    [
        "Subject: plain\r\nX-Odd-Field: serendipity\r\n\r\nnothing here\r\n",
        "Subject: html\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p class=\"marvellous\">Gr&uuml;&szlig;e von drau&szlig;en</p>\r\n",
        "Subject: inside\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nX-Deep: catamaran\r\nSubject: inner\r\n\r\ninner words\r\n--b--\r\n",
        "Subject: base64\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nZG9wcGVsZ8OkbmdlcgpjYWZl\r\n zIE=\r\n",
        "Subject: =?utf-8?q?verschl=C3=BCsselt?=\r\nContent-Type: text/plain\r\n\r\ncaf\u00e9 in Latin-1 without a name\r\n",
        "Subject: long\r\n\r\n" + new string('q', 70_000) + "needleinside" + new string('q', 70_000) + "\r\n",
        "Subject: late\r\n\r\n" + string.Concat(Enumerable.Repeat("filler words again\r\n", 20_000)) + "farbehind\r\n",
        "Subject: upper\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" + Encoding.Latin1.GetString("ÜBERRASCHUNG"u8) + "\r\n",
    ];

    [Theory]
    [InlineData("TEXT serendipity", "1")]
    [InlineData("TEXT \"X-Odd-Field\"", "1")]
    [InlineData("HEADER X-Odd-Field ndipi", "1")]
    [InlineData("TEXT \"b.example\"", "1 2 3 4 5 6 7 8")]
    [InlineData("BODY marvellous", "")]
    [InlineData("BODY gr\u00fc\u00dfe", "2")]
    [InlineData("BODY drau\u00dfen", "2")]
    [InlineData("BODY catamaran", "3")]
    [InlineData("BODY doppelg\u00e4nger", "4")]
    [InlineData("BODY caf\u00e9", "4 5")]
    [InlineData("TEXT verschl\u00fcsselt", "5")]
    [InlineData("HEADER Subject verschl\u00fcsselt", "5")]
    [InlineData("BODY needleinside", "6")]
    [InlineData("BODY farbehind", "7")]
    [InlineData("BODY \u00fcberraschung", "8")]
    [InlineData("NOT BODY filler", "1 2 3 4 5 6 8")]
    [InlineData("BODY nowhere", "")]
    public async Task Found_with_and_without_index(string search, string expected)
    {
        await using var host = await ImapHost.StartAsync();
        foreach (var message in Messages) await host.DeliverAsync(message);
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        await peer.CommandAsync("a", "SELECT INBOX");
        var wanted = expected.Length == 0 ? "* SEARCH" : "* SEARCH " + expected;
        Assert.Equal(wanted, await SearchAsync(peer, "b", search));
        await host.IndexAsync();
        Assert.Equal(wanted, await SearchAsync(peer, "c", search));
        await peer.CommandAsync("z", "LOGOUT");
        await run;
    }

    private static async Task<string> SearchAsync(ImapPeer peer, string tag, string search)
    {
        await peer.SendAsync(Encoding.UTF8.GetBytes($"{tag} SEARCH CHARSET UTF-8 {search}\r\n"));
        return (await peer.AnswerAsync(tag))[0];
    }
}
