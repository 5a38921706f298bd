using System.Text.Json;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Spam;

/// <summary>Lists of others in a real name server, lists of senders, traps and greylisting, in the running server. Strangers come through
/// PROXY.</summary>
public sealed class ListServerTests : IAsyncLifetime
{
    private const string Proxy = "127.0.0.9";
    private const string Listed = "11.22.33.44";
    private const string Unknown = "11.22.33.45";

    private ListDnsServer _dns = null!;
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _dns = await ListDnsServer.StartAsync(
            "2.0.0.127.bl.lists.test A 127.0.0.2", "44.33.22.11.bl.lists.test A 127.0.0.2",
            "test.dbl.lists.test A 127.0.1.2", "evil.co.uk.dbl.lists.test A 127.0.1.2",
            "*.refused.lists.test A 127.255.255.254", "*.everything.lists.test A 127.0.0.2",
            "good.net TXT \"v=spf1 ip4:11.22.33.0/24 -all\"", "_dmarc.good.net TXT \"v=DMARC1; p=none\"");
        _server = await AvisoServer.StartAsync($$"""
            dns: { resolvers: ["127.0.0.1:{{_dns.Port}}"] }
            aliases:
              - { address: decoy@example.test, trap: true }
            spam:
              traps: [old-*@example.test]
              lists:
                - { zone: bl.lists.test, ask: [client], codes: [ { answer: 127.0.0.2, symbol: LIST_BAD, score: 7 } ] }
                - { zone: dbl.lists.test, ask: [links, senders], codes: [ { answer: "127.0.1.2-6", symbol: LIST_BAD_LINK, score: 7 } ] }
                - { zone: refused.lists.test, ask: [client], codes: [ { answer: "*.*.*.*", symbol: LIST_REFUSED, score: 9 } ] }
                - { zone: everything.lists.test, ask: [client], codes: [ { answer: 127.0.0.2, symbol: LIST_EVERYTHING, score: 9 } ] }

            """, "smtp imap metrics", proxies: $"{Proxy}/32");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _dns.DisposeAsync();
    }

    [Fact]
    public async Task A_listed_client_or_link_is_filed_in_junk_and_lists_that_are_not_to_be_believed_say_nothing()
    {
        Send(Listed, "carol@example.test", "one");
        var header = await HeaderAsync("carol@example.test", "Junk", 1);
        Assert.Contains("LIST_BAD=7.0", header, StringComparison.Ordinal);
        Assert.DoesNotContain("LIST_REFUSED", header, StringComparison.Ordinal);
        Assert.DoesNotContain("LIST_EVERYTHING", header, StringComparison.Ordinal);
        Assert.Contains("refused.lists.test (refused)", header, StringComparison.Ordinal);
        Assert.Contains("everything.lists.test (broken)", header, StringComparison.Ordinal);

        Send(Unknown, "carol@example.test", "two", "see http://www.shop.evil.co.uk/now");
        header = await HeaderAsync("carol@example.test", "Junk", 2);
        Assert.Contains("LIST_BAD_LINK=7.0", header, StringComparison.Ordinal);
        Assert.DoesNotContain("LIST_BAD=", header, StringComparison.Ordinal);

        Send(Unknown, "carol@example.test", "three");
        Assert.DoesNotContain("LIST_BAD", await HeaderAsync("carol@example.test", "INBOX", 1), StringComparison.Ordinal);
        foreach (var said in new[] { "DNS list refused.lists.test refuses our questions (127.255.255.254)", "DNS list everything.lists.test fails its self-test" })
            await Patience.UntilAsync(() => _server.Log.Contains(said, StringComparison.Ordinal), said, 20, () => _server.Log);
        var states = JsonDocument.Parse((await VerbAsync("spam", "lists", "--test", "--json")).Output).RootElement.EnumerateArray()
            .Select(l => l.GetProperty("state").GetString());
        Assert.Equal(["believed", "believed", "refused", "broken"], states);
        Assert.Equal(0, await _server.MetricAsync("aviso_spam_list_believed", "refused.lists.test"));
        Assert.Equal(1, await _server.MetricAsync("aviso_spam_list_believed", "dbl.lists.test"));
    }

    [Fact]
    public async Task A_name_server_that_hangs_costs_no_mail()
    {
        Send(Unknown, "carol@example.test", "one");
        await HeaderAsync("carol@example.test", "INBOX", 1);
        await _dns.HangAsync();
        Send("11.22.33.99", "carol@example.test", "two");
        var header = await HeaderAsync("carol@example.test", "INBOX", 2);
        Assert.Contains("bl.lists.test (", header, StringComparison.Ordinal);
        Assert.Contains("skipped=", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Senders_are_allowed_and_blocked_by_verbs_for_everybody_and_for_one()
    {
        await VerbAsync("spam", "block", "add", "bad.net");
        Refused(Unknown, "x@bad.net", "carol@example.test", "550");
        await VerbAsync("spam", "allow", "add", "good.net", "--account", "carol@example.test");
        Send(Listed, "carol@example.test", "one", sender: "x@good.net");
        Assert.Contains("ALLOWED_BY_YOU", await HeaderAsync("carol@example.test", "INBOX", 1), StringComparison.Ordinal);
        // From elsewhere SPF fails, and the name is worth nothing.
        Send("99.88.77.66", "carol@example.test", "two", "see http://evil.co.uk/", sender: "x@good.net");
        Assert.Contains("ALLOWED_UNPROVEN", await HeaderAsync("carol@example.test", "Junk", 1), StringComparison.Ordinal);
        var rows = JsonDocument.Parse((await VerbAsync("spam", "allow", "list", "--account", "carol@example.test", "--json")).Output)
            .RootElement;
        Assert.Equal("good.net", rows[0].GetProperty("entry").GetString());
        await VerbAsync("spam", "block", "remove", "bad.net");
        Send(Unknown, "carol@example.test", "three", sender: "x@bad.net");
        await HeaderAsync("carol@example.test", "INBOX", 2);
        Assert.NotEqual(0, (await _server.VerbAsync("spam", "allow", "add", "co.uk")).ExitCode);
    }

    [Fact]
    public async Task Mail_to_a_trap_is_taken_and_learned()
    {
        Send(Unknown, "decoy@example.test", "one");
        Send(Unknown, "old-webmaster@example.test", "two");
        await Patience.UntilAsync(async () =>
            JsonDocument.Parse((await VerbAsync("spam", "stat", "--json")).Output).RootElement.GetProperty("spam").GetInt32() == 2,
            "two learned", 20, () => _server.Log);
        Assert.Equal(2, await _server.MetricAsync("aviso_spam_trap_messages_total", "yes"));
    }

    [Fact]
    public async Task A_file_is_explained_with_what_the_dns_says_of_where_it_came_from_and_with_what_was_found_then()
    {
        var file = Path.Combine(_server.Folder, "one.eml");
        await File.WriteAllTextAsync(file, "X-Spam-Result: score=6.5; action=tag; SPF_FAIL=1.5\r\n"
            + Letter("x@good.net", "one", "Hello."), TestContext.Current.CancellationToken);
        var forged = (await VerbAsync("spam", "explain", "--ip", "99.88.77.66", "--helo", "far.net", "--from", "x@good.net", file)).Output;
        Assert.Contains("SPF_FAIL", forged, StringComparison.Ordinal);
        Assert.Contains("DMARC_FAIL", forged, StringComparison.Ordinal);
        Assert.Contains("When it came its header says: score=6.5; action=tag; SPF_FAIL=1.5", forged, StringComparison.Ordinal);
        var genuine = (await VerbAsync("spam", "explain", "--ip", Unknown, "--from", "x@good.net", file)).Output;
        Assert.Contains("DMARC_PASS", genuine, StringComparison.Ordinal);
        Assert.DoesNotContain("DMARC", (await VerbAsync("spam", "explain", file)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_thresholds_hold_after_a_reload()
    {
        Send(Listed, "carol@example.test", "one");
        await HeaderAsync("carol@example.test", "Junk", 1);
        await ReloadWithAsync("add_header: 20\n  reject: 30");
        Send(Listed, "carol@example.test", "two");
        await HeaderAsync("carol@example.test", "INBOX", 1);
        await ReloadWithAsync("add_header: 4\n  reject: 6.5");
        Refused(Listed, "x@far.net", "carol@example.test", "550");
    }

    [Fact]
    public async Task A_greylisted_sender_comes_again_and_is_known()
    {
        await ReloadWithAsync("greylist: true\n  greylist_delay: 1s");
        Refused(Unknown, "x@far.net", "carol@example.test", "450");
        await Patience.UntilAsync(() =>
        {
            using var smtp = new SmtpLineClient(_server.Port("smtp"), "far.net", Proxy, Unknown);
            return Try(smtp, "x@far.net", "carol@example.test").StartsWith("250", StringComparison.Ordinal);
        }, "the second try is taken", 20, () => _server.Log);
        Send(Unknown, "bob@example.test", "known", sender: "y@far.net");
        await HeaderAsync("bob@example.test", "INBOX", 1);
    }

    // Keys of the section spam, instead of those given before.
    private async Task ReloadWithAsync(string keys)
    {
        var settings = await File.ReadAllTextAsync(_server.SettingsFile);
        var (from, to) =
            (settings.IndexOf("spam:\n", StringComparison.Ordinal) + 6, settings.IndexOf("  traps: [old", StringComparison.Ordinal));
        await File.WriteAllTextAsync(_server.SettingsFile, $"{settings[..from]}  {keys}\n{settings[to..]}");
        await VerbAsync("reload");
    }

    private async Task<ToolResult> VerbAsync(params string[] args) => (await _server.VerbAsync(args)).MustSucceed();

    private void Send(string client, string to, string subject, string text = "Hello.", string sender = "someone@far.net")
    {
        using var smtp = new SmtpLineClient(_server.Port("smtp"), "far.net", Proxy, client);
        smtp.Deliver(sender, [to], Letter(sender, subject, text));
    }

    private void Refused(string client, string sender, string to, string code)
    {
        using var smtp = new SmtpLineClient(_server.Port("smtp"), "far.net", Proxy, client);
        Assert.StartsWith(code, Try(smtp, sender, to), StringComparison.Ordinal);
    }

    private static string Try(SmtpLineClient smtp, string sender, string to)
    {
        smtp.Command($"MAIL FROM:<{sender}>", "250");
        smtp.Command($"RCPT TO:<{to}>", "250");
        smtp.Command("DATA", "354");
        smtp.Send(Letter(sender, "again", "Hello.") + ".\r\n");
        return smtp.ReadLine();
    }

    private async Task<string> HeaderAsync(string account, string mailbox, int number)
    {
        using var imap = new ImapLineClient(_server.Port("imap"), account, AvisoServer.Password);
        await Patience.UntilAsync(() => imap.Ok($"STATUS {mailbox} (MESSAGES)").Any(l =>
            l.Contains($"MESSAGES {number})", StringComparison.Ordinal)), $"{number} in {mailbox}", 20, () => _server.Log);
        imap.Ok($"SELECT {mailbox}");
        return string.Concat(imap.Ok($"FETCH {number} BODY.PEEK[HEADER]"));
    }

    private static string Letter(string sender, string subject, string text) =>
        $"From: <{sender}>\r\nTo: <carol@example.test>\r\nSubject: {subject}\r\nDate: {DateTimeOffset.UtcNow:ddd, dd MMM yyyy HH:mm:ss} +0000\r\nMessage-ID: <{Guid.NewGuid():N}@far.net>\r\n\r\n{text}\r\n";
}
