using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>Real messages come back exactly as sent, after the trace fields (corpus.py).</summary>
public sealed class CorpusTests
{
    [Theory]
    [InlineData("mail-parser")]
    [InlineData("mimekit")]
    [InlineData("mikel-mail")]
    [InlineData("rspamd")]
    public async Task Odd_and_broken_messages_come_back_as_sent(string folder) =>
        await RoundTripAsync(Path.Combine(Suites.Find("mime-corpus"), folder), 10_000);

    [Theory]
    [InlineData("ham/hard-ham-1")]
    [InlineData("ham/csdmc-ham")]
    [InlineData("spam/spam-2")]
    [InlineData("phish/phishing-pot")]
    public async Task Real_mail_comes_back_as_sent(string archive)
    {
        var work = Directory.CreateTempSubdirectory("aviso-corpus-").FullName;
        (await Tool.RunAsync("tar", ["-xJf", Path.Combine(Suites.Find("spam"), archive + ".tar.xz"), "-C", work])).MustSucceed();
        try
        {
            await RoundTripAsync(work, 700);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task RoundTripAsync(string folder, int limit)
    {
        // What looks like spam would go elsewhere; here it is about octets.
        await using var server = await AvisoServer.StartAsync("spam: { enabled: false }");
        var run = (await Tool.RunAsync("python3",
            [Path.Combine(AppContext.BaseDirectory, "Clients", "corpus.py"), $"{server.Port("smtp")}", $"{server.Port("imap")}",
                "alice@example.test", AvisoServer.Password, folder, $"{limit}"], seconds: 300)).MustSucceed();
        using var result = JsonDocument.Parse(run.Output);
        var different = result.RootElement.GetProperty("different").EnumerateArray().Select(name => name.GetString()).ToList();
        Assert.True(different.Count == 0, string.Join('\n', different));
        Assert.True(result.RootElement.GetProperty("sent").GetInt32() > 0, run.Output);
        foreach (var refusal in result.RootElement.GetProperty("refused").EnumerateObject())
            Assert.True(MayBeRefused(Path.Combine(folder, refusal.Name)), $"{refusal.Name}: {refusal.Value}");
    }

    /// <summary>Only what cannot travel: NUL, a CR that is alone once LF became CRLF, a line over 64 KiB, 50 Received fields.</summary>
    private static bool MayBeRefused(string file)
    {
        var octets = File.ReadAllBytes(file);
        var line = 0;
        for (var i = 0; i < octets.Length; i++)
        {
            if (octets[i] == 0) return true;
            if (octets[i] == '\r' && (i + 1 == octets.Length || octets[i + 1] != '\n')) return true;
            line = octets[i] == '\n' ? 0 : line + 1;
            if (line > 64 * 1024) return true;
        }
        return false;
    }
}
