using System.Globalization;
using System.Text.Json.Nodes;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>What the running server says of itself: the page, the weekly letter, the live picture.</summary>
public sealed class WordsTests
{
    private const string Alice = "alice@example.test";

    [Fact]
    public async Task Top_counts_what_came_was_refused_and_waits_and_describe_knows_who_logged_in()
    {
        await using var server = await AvisoServer.StartAsync("outbound: { capture: carol@example.test }", "smtp submission imaps metrics");
        for (var i = 0; i < 3; i++) Deliver(server, $"number {i}");
        Refused(server);
        using (var smtp = new SmtpLineClient(server.Port("submission")))
        {
            smtp.Login(Alice, AvisoServer.Password);
            smtp.Deliver(Alice, ["bob@example.test"], $"From: {Alice}\r\nTo: bob\r\nSubject: hi\r\nMessage-ID: <hi@scene>\r\n\r\nhi\r\n");
        }
        using var held = new SmtpLineClient(server.Port("smtp"));
        var look = JsonNode.Parse((await server.VerbAsync("top", "--json")).MustSucceed().Output)!;
        Assert.Equal([4, 1, 4], ((string[])["accepted", "refused", "delivered"]).Select(w => Total(look, w)));
        Assert.Equal("unknown 1", string.Join(' ', look["refusals"]!.AsArray().Select(r => $"{r!["word"]} {r["count"]}")));
        Assert.Equal(1, look["sessions"]!.AsArray().Where(s => $"{s!["kind"]}" == "smtp").Sum(s => s!["open"]!.GetValue<int>()));
        // The same in words; a pipe is no terminal, so that both are one picture.
        foreach (var args in new string[][] { ["top", "--once"], ["top"] })
        {
            var picture = (await server.VerbAsync(args)).MustSucceed().Output;
            Assert.Contains("mail.example.test  Aviso", picture, StringComparison.Ordinal);
            Assert.Contains("sessions  smtp 1", picture, StringComparison.Ordinal);
            Assert.Contains("refused   unknown 1", picture, StringComparison.Ordinal);
            Assert.Contains("queue     empty", picture, StringComparison.Ordinal);
            Assert.DoesNotContain('\u001b', picture);
        }
        var page = JsonNode.Parse((await server.VerbAsync("describe", "--json")).MustSucceed().Output)!;
        var accounts = page["sections"]!.AsArray().Single(s => $"{s!["anchor"]}" == "accounts")!["tables"]![0]!["rows"]!.AsArray();
        Assert.EndsWith("Z", $"{accounts.Single(a => $"{a!["account"]}" == Alice)!["last login"]}", StringComparison.Ordinal);
        Assert.Equal("not known", $"{accounts.Single(a => $"{a!["account"]}" == "bob@example.test")!["last login"]}");
    }

    [Fact]
    public async Task The_weekly_letter_arrives_once_with_what_was_counted_before_the_restart()
    {
        var python = Tool.Find("python3", "python3");
        // Due at midnight before now.
        var today = DateTime.Now.DayOfWeek.ToString().ToLowerInvariant();
        await using var server = await AvisoServer.StartAsync(
            $"events: {{ mail: {{ to: [{Alice}] }}, digest: {{ day: {today}, hour: 0 }} }}", "smtp imaps metrics");
        for (var i = 0; i < 3; i++) Deliver(server, $"number {i}");
        Refused(server);
        Assert.Equal(0, await LettersAsync(server));
        Assert.Equal(0, await server.StopAsync());
        // A week ago for the server: what it counted was yesterday, and the letter before this one was seven days ago.
        (await Tool.RunAsync(python, ["-c", Back, Path.Combine(server.DataFolder, "store.db")])).MustSucceed();
        for (var start = 0; start < 2; start++)
        {
            await server.StartAgainAsync();
            await Patience.UntilAsync(async () => await LettersAsync(server) == 1, "the letter is there", why: () => server.Log);
            Assert.Equal(0, await server.StopAsync());
        }
        await server.StartAgainAsync();
        var letter = await LetterAsync(server);
        foreach (var words in (string[])["3 messages were accepted.", "3 copies were put into mailboxes here.",
            "nobody here has the address: 1",
            "bob@example.test: 3 came, 0 went", "No backups are made."])
            Assert.Contains(words, letter, StringComparison.Ordinal);
        Assert.Equal(1, await LettersAsync(server));
    }

    private const string Back = """
        import datetime, json, sqlite3, sys
        db = sqlite3.connect(sys.argv[1])
        def rows(kind): return db.execute("SELECT name, value FROM document WHERE kind = ?", (kind,)).fetchall()
        def day(text, days): return (datetime.date.fromisoformat(text) - datetime.timedelta(days=days)).isoformat()
        for name, value in rows("mail-tally"):
            tally = json.loads(value)
            tally["Day"] = day(tally["Day"], 1)
            db.execute("UPDATE document SET name = ?, value = ? WHERE kind = 'mail-tally' AND name = ?",
                (day(name, 1), json.dumps(tally).encode(), name))
        ((name, value),) = rows("digest")
        digest = json.loads(value)
        digest["Due"] = day(digest["Due"], 7)
        db.execute("UPDATE document SET value = ? WHERE kind = 'digest'", (json.dumps(digest).encode(),))
        db.commit()
        db.close()
        """;

    private static void Deliver(AvisoServer server, string subject)
    {
        using var smtp = new SmtpLineClient(server.Port("smtp"));
        smtp.Deliver("carol@elsewhere.test", ["bob@example.test"],
            $"From: carol@elsewhere.test\r\nTo: bob@example.test\r\nSubject: {subject}\r\nMessage-ID: <{Guid.NewGuid():N}@scene>\r\nDate: "
            + DateTimeOffset.UtcNow.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture) + "\r\n\r\nhello\r\n");
    }

    private static void Refused(AvisoServer server)
    {
        using var smtp = new SmtpLineClient(server.Port("smtp"));
        smtp.Command("MAIL FROM:<carol@elsewhere.test>", "250");
        smtp.Command("RCPT TO:<nobody@example.test>", "550");
    }

    private static long Total(JsonNode look, string what) =>
        look["rates"]!.AsArray().Single(r => $"{r!["what"]}" == what)!["total"]!.GetValue<long>();

    private static async Task<string> ImapAsync(AvisoServer server, string path, params string[] more) => (await Tool.RunAsync("curl",
        ["-sk", "--user", $"{Alice}:{AvisoServer.Password}", "--url", $"imaps://127.0.0.1:{server.Port("imaps")}/INBOX{path}", .. more]))
        .MustSucceed().Output;

    // Messages in alice's INBOX.
    private static async Task<int> LettersAsync(AvisoServer server) =>
        (await ImapAsync(server, "", "--request", "SEARCH ALL")).Trim().Split(' ').Length - 2;

    private static async Task<string> LetterAsync(AvisoServer server)
    {
        var text = await ImapAsync(server, ";MAILINDEX=1");
        // Soft line breaks of quoted-printable.
        return text.Replace("=\r\n", "", StringComparison.Ordinal);
    }
}
