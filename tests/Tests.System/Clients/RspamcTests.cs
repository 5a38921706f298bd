using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>rspamc of Rspamd, as scripts and mail programs call it.</summary>
public sealed class RspamcTests : IAsyncLifetime
{
    private readonly string _rspamc = Tool.Find("rspamc", "rspamd");
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(listeners: "smtp imap http metrics");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task It_asks_teaches_and_asks_again()
    {
        for (var n = 0; n < 40; n++)
        {
            var ham = Write($"ham{n}", "notes of the meeting", "agenda budget schedule review minutes");
            var spam = Write($"spam{n}", "you are a winner", "casino lottery pills millions inheritance");
            Assert.Contains("success = true", (await Rspamc("learn_ham", ham)).MustSucceed().Output, StringComparison.Ordinal);
            Assert.Contains("success = true", (await Rspamc("learn_spam", spam)).MustSucceed().Output, StringComparison.Ordinal);
        }
        var again = await Rspamc("learn_spam", Path.Combine(_server.Folder, "spam1.eml"));
        Assert.Contains("learned already", again.Output + again.Error, StringComparison.Ordinal);
        await Patience.UntilAsync(
            async () => (await _server.VerbAsync("spam", "stat"))
                .Output.Contains("spam: 40", StringComparison.Ordinal), "the filter learned 40 spam", pause: 100);

        var asked = (await Rspamc("symbols", Write("new", "a winner", "lottery millions casino"))).MustSucceed().Output;
        Assert.Contains("BAYES_SPAM", asked, StringComparison.Ordinal);
        Assert.Contains("Message-ID: new@example.net", asked, StringComparison.Ordinal);
        Assert.Contains("Score: ", asked, StringComparison.Ordinal);
        Assert.Contains("Messages learned: 80", (await Rspamc("stat")).MustSucceed().Output, StringComparison.Ordinal);

        // The verb asks the same filter.
        var scan = (await _server.VerbAsync("spam", "scan", "--json", Path.Combine(_server.Folder, "new.eml"))).MustSucceed().Output;
        Assert.Contains("\"BAYES_SPAM\"", scan, StringComparison.Ordinal);
        var explained = (await _server.VerbAsync("spam", "explain", Path.Combine(_server.Folder, "new.eml"))).MustSucceed().Output;
        Assert.Contains("by learned words", explained, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_in_a_browser_cannot_teach_it()
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://127.0.0.1:{_server.Port("http")}/learnspam"))
        {
            Content = new StringContent("Subject: x\n\ntext\n"),
            Headers = { { "Origin", "https://elsewhere.example" } },
        };
        Assert.Equal(403, (int)(await http.SendAsync(request)).StatusCode);
        using var strange = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://127.0.0.1:{_server.Port("http")}/learnspam"))
        {
            Content = new StringContent("Subject: x\n\ntext\n"),
            Headers = { Host = "rebound.example" },
        };
        Assert.Equal(405, (int)(await http.SendAsync(strange)).StatusCode);
    }

    private string Write(string name, string subject, string text)
    {
        var path = Path.Combine(_server.Folder, name + ".eml");
        File.WriteAllText(
            path, $"From: Bob <bob@example.net>\nTo: alice@example.test\nSubject: {subject}\nMessage-ID: <{name}@example.net>\n\n{text} {name}\n");
        return path;
    }

    private Task<ToolResult> Rspamc(params string[] args) => Tool.RunAsync(_rspamc, ["-h", $"127.0.0.1:{_server.Port("http")}", .. args]);
}
