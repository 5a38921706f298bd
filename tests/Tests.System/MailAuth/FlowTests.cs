using System.Text.Json;
using System.Text.RegularExpressions;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.MailAuth;

/// <summary>
/// What the receive steps make of a message, seen at the next hop behind the Postfix relay: signatures, rewritten senders, seals. The
/// world's DNS is one server; strangers come through PROXY with addresses of their own.
/// </summary>
public sealed partial class FlowTests : IAsyncLifetime
{
    private const string Proxy = "127.0.0.9";
    private const string Stranger = "203.0.113.7";

    private readonly DnsServer _dns = new();
    private RelayScene _scene = null!;

    private AvisoServer Server => _scene.Aviso;

    public async ValueTask InitializeAsync()
    {
        _dns.Txt("sender.test", [$"v=spf1 ip4:{Stranger} -all"]).A("sender.test", Stranger).Mx("sender.test", "sender.test")
            .Txt("_dmarc.sender.test", ["v=DMARC1; p=reject"]);
        _scene = await RelayScene.StartAsync(proxies: $"{Proxy}/32", settings: $$"""
            dns: { resolvers: ["127.0.0.1:{{_dns.Port}}"] }
            aliases:
              - { address: away@example.test, to: [someone@elsewhere.test] }
              - { address: reports@example.test, to: [alice@example.test] }
            reports: { address: reports@example.test }

            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _scene.DisposeAsync();
        await _dns.DisposeAsync();
    }

    [Fact]
    public async Task A_submitted_message_is_signed_with_published_keys_and_the_signatures_verify_behind_the_relay()
    {
        _scene.Submit(["before the keys are published"], "someone@elsewhere.test");
        await _scene.SunkAsync(1);
        Assert.DoesNotContain("DKIM-Signature", Assert.Single(_scene.Sink.Messages).Text, StringComparison.Ordinal);

        await PublishKeysAsync();
        _scene.Submit(["signed"], "someone@elsewhere.test");
        await _scene.SunkAsync(2);
        var signed = _scene.Sink.Messages.Single(m => m.Subject == "signed");
        Assert.Equal("pass pass", await DkimpyAsync(signed, "verify"));
    }

    [Fact]
    public async Task Mail_of_a_domain_that_a_verb_added_is_signed_too()
    {
        (await Server.VerbAsync("domain", "add", "second.test")).MustSucceed();
        await PublishKeysAsync();
        var keys = (await Server.VerbAsync("dkim", "list", "--json")).MustSucceed().Output;
        Assert.Equal(2, JsonDocument.Parse(keys).RootElement.EnumerateArray().Count(k =>
            k.GetProperty("domain").GetString() == "second.test" && k.GetProperty("state").GetString() == "signing"));
    }

    [Fact]
    public async Task A_forward_has_a_rewritten_sender_and_a_seal_and_its_bounce_finds_the_way_back()
    {
        await PublishKeysAsync();
        using (var smtp = new SmtpLineClient(Server.Port("smtp"), "sender.test", Proxy, Stranger))
            smtp.Deliver("bob@sender.test", ["away@example.test"], Letter("bob@sender.test", "forwarded"));
        await _scene.SunkAsync(1);
        var forwarded = Assert.Single(_scene.Sink.Messages);
        Assert.Matches("^SRS0=[^@]+=sender\\.test=bob@example\\.test$", forwarded.MailFrom);
        Assert.Contains("spf=pass", Unfolded(forwarded, "ARC-Authentication-Results"), StringComparison.Ordinal);
        Assert.StartsWith("pass 1 ", await DkimpyAsync(forwarded, "arc-verify"), StringComparison.Ordinal);

        // The next hop sends it back; a made-up return path is nobody.
        using (var smtp = new SmtpLineClient(Server.Port("smtp"), "elsewhere.test", Proxy, "203.0.113.99"))
        {
            smtp.Deliver("", [forwarded.MailFrom], "From: mailer-daemon@elsewhere.test\r\nSubject: came back\r\n\r\nno such user\r\n");
            smtp.Command("MAIL FROM:<>", "250");
            smtp.Command("RCPT TO:<SRS0=AAAA=BB=sender.test=carol@example.test>", "550");
        }
        await _scene.SunkAsync(2);
        var back = _scene.Sink.Messages.Single(m => m.Subject == "came back");
        Assert.Equal(("", "bob@sender.test"), (back.MailFrom, Assert.Single(back.Recipients)));
    }

    [Fact]
    public async Task Mail_forged_in_the_name_of_a_domain_that_refuses_it_is_refused_and_goes_nowhere()
    {
        using (var smtp = new SmtpLineClient(Server.Port("smtp"), "liar.test", Proxy, "203.0.113.8"))
        {
            smtp.Command("MAIL FROM:<bob@sender.test>", "250");
            smtp.Command("RCPT TO:<away@example.test>", "250");
            smtp.Command("RCPT TO:<carol@example.test>", "250");
            smtp.Command("DATA", "354");
            smtp.Send(Letter("bob@sender.test", "forged") + "\r\n.\r\n");
            Assert.StartsWith("550 5.7.1 sender.test", smtp.Expect("550"), StringComparison.Ordinal);
            smtp.Deliver("bob@sender.test", ["postmaster@example.test"], Letter("bob@sender.test", "forged complaint"));
        }
        using var imap = new ImapLineClient(Server.Port("imap"), "carol@example.test", AvisoServer.Password);
        foreach (var mailbox in (string[])["INBOX", "Junk"])
            Assert.Contains(imap.Ok($"STATUS {mailbox} (MESSAGES)"), l => l.Contains("MESSAGES 0", StringComparison.Ordinal));
        using var alice = new ImapLineClient(Server.Port("imap"), "alice@example.test", AvisoServer.Password);
        alice.Ok("SELECT Junk");
        var text = string.Concat(alice.Ok("FETCH 1 BODY.PEEK[HEADER]"));
        Assert.Contains("spf=fail", text, StringComparison.Ordinal);
        Assert.Contains("dmarc=fail (p=reject dis=quarantine)", text, StringComparison.Ordinal);
        Assert.Equal(0, _scene.Sink.Count);
        Assert.Empty(await _scene.QueueAsync());
    }

    [Fact]
    public async Task Moving_to_junk_teaches_and_moving_back_takes_it_back()
    {
        using (var smtp = new SmtpLineClient(Server.Port("smtp"), "sender.test", Proxy, Stranger))
            smtp.Deliver("bob@sender.test", ["carol@example.test"], Letter("bob@sender.test", "wonderful prizes for everybody"));
        using var imap = new ImapLineClient(Server.Port("imap"), "carol@example.test", AvisoServer.Password);
        await Patience.UntilAsync(() => imap.Ok("STATUS INBOX (MESSAGES)").Any(l => l.Contains("MESSAGES 1", StringComparison.Ordinal)), "the message", 20, () => Server.Log);
        imap.Ok("SELECT INBOX");
        imap.Ok("MOVE 1 Junk");
        await LearnedAsync(ham: 0, spam: 1);
        imap.Ok("SELECT Junk");
        imap.Ok("MOVE 1 INBOX");
        await LearnedAsync(ham: 1, spam: 0);
    }

    [Fact]
    public async Task A_report_that_arrives_is_summed_up_for_people()
    {
        var report = """
            <?xml version="1.0"?>
            <feedback><report_metadata><org_name>Elsewhere</org_name><email>r@elsewhere.test</email><report_id>77</report_id>
            <date_range><begin>{0}</begin><end>{1}</end></date_range></report_metadata>
            <policy_published><domain>example.test</domain><p>none</p></policy_published>
            <record><row><source_ip>198.51.100.4</source_ip><count>3</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
            <identifiers><header_from>example.test</header_from></identifiers><auth_results><spf><domain>newsletters.test</domain><result>pass</result></spf></auth_results></record>
            <record><row><source_ip>198.51.100.5</source_ip><count>7</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>
            <identifiers><header_from>example.test</header_from></identifiers><auth_results><spf><domain>example.test</domain><result>pass</result></spf></auth_results></record>
            </feedback>
            """;
        var end = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        report = report.Replace("{0}", $"{end - 86400}", StringComparison.Ordinal).Replace("{1}", $"{end}", StringComparison.Ordinal);
        using (var smtp = new SmtpLineClient(Server.Port("smtp"), "sender.test", Proxy, Stranger))
        {
            smtp.Deliver("bob@sender.test", ["reports@example.test"],
                "From: bob@sender.test\r\nTo: reports@example.test\r\nSubject: Report Domain: example.test Submitter: Elsewhere Report-ID: 77\r\nMIME-Version: 1.0\r\n"
                + "Content-Type: text/xml; name=\"elsewhere.test!example.test!1!2.xml\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + Convert.ToBase64String(global::System.Text.Encoding.UTF8.GetBytes(report), Base64FormattingOptions.InsertLineBreaks) + "\r\n");
        }
        var page = "";
        await Patience.UntilAsync(async () => (page = (await Server.VerbAsync("reports")).MustSucceed().Output).Contains("example.test:", StringComparison.Ordinal),
            "the report", 20, () => page + Server.Log);
        Assert.Contains("10 messages in its name, 70.0 % passed, 3 failed (1 report by Elsewhere)", page, StringComparison.Ordinal);
        Assert.Matches(@"3 of 3 +198\.51\.100\.4 +newsletters\.test +0 +Elsewhere", page);
        Assert.Contains("No complaints.", page, StringComparison.Ordinal);
    }

    private async Task LearnedAsync(int ham, int spam)
    {
        var said = "";
        await Patience.UntilAsync(async () =>
        {
            said = (await Server.VerbAsync("spam", "stat", "--json")).MustSucceed().Output;
            var stat = JsonDocument.Parse(said).RootElement;
            return (stat.GetProperty("ham").GetInt32(), stat.GetProperty("spam").GetInt32()) == (ham, spam);
        }, $"{ham} ham and {spam} spam learned", 20, () => said + Server.Log);
    }

    /// <summary>Does what the administrator does: copies the records that <c>dkim list</c> shows into the DNS, and lets the server look.</summary>
    private async Task PublishKeysAsync()
    {
        foreach (var key in JsonDocument.Parse((await Server.VerbAsync("dkim", "list", "--json")).MustSucceed().Output).RootElement.EnumerateArray())
        {
            var record = key.GetProperty("record").GetString()!;
            _dns.Txt(record[..record.IndexOf(' ', StringComparison.Ordinal)].TrimEnd('.'), Quoted().Matches(record).Select(m => m.Groups[1].Value));
        }
        var check = await Server.VerbAsync("dkim", "check");
        Assert.True(check.ExitCode == 0, check.Output + check.Error);
    }

    private Task<string> DkimpyAsync(SunkMessage message, string command) =>
        Dkimpy.RunAsync(message.Text[message.Text.IndexOf("Received: ", StringComparison.Ordinal)..].ReplaceLineEndings("\r\n"), command, $"{_dns.Port}");

    private static string Unfolded(SunkMessage message, string field) =>
        Regex.Match(message.Text.ReplaceLineEndings("\n"), $@"^{field}:(.*(?:\n[ \t].*)*)", RegexOptions.Multiline).Value.ReplaceLineEndings(" ");

    private static string Letter(string from, string subject) =>
        $"From: <{from}>\r\nTo: undisclosed:;\r\nSubject: {subject}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{Guid.NewGuid():N}@sender.test>\r\n\r\nHello.\r\n";

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Quoted();
}
