using System.Text;
using Aviso.Smtp;
using Xunit;

namespace Aviso.Tests.Unit.Smtp;

public sealed class SmtpClientTests
{
    private static readonly SmtpClientOptions Options = new()
    {
        HeloName = "out.test",
        Timeouts = new() { Greeting = TimeSpan.FromSeconds(5), Command = TimeSpan.FromSeconds(5), DataEnd = TimeSpan.FromSeconds(5) },
        Verify = (_, certificate, _, _) => certificate?.Subject == "CN=mx.test",
    };

    private static readonly SmtpClientOptions Impatient = Options with
    {
        Timeouts = new()
        {
            Greeting = TimeSpan.FromMilliseconds(100),
            Command = TimeSpan.FromMilliseconds(100),
            DataStart = TimeSpan.FromMilliseconds(100),
            DataEnd = TimeSpan.FromMilliseconds(100),
        },
    };

    private static OutgoingMail Mail(string body = "Subject: x\r\n\r\nhello\r\n", BodyType type = BodyType.SevenBit, params string[] to)
    {
        var octets = Encoding.Latin1.GetBytes(body);
        return new("a@out.test", (to.Length == 0 ? ["b@mx.test"] : to).Select(t => new OutgoingRecipient(t)).ToList(), octets.Length,
            (offset, into) =>
            {
                var count = (int)Math.Min(into.Length, octets.Length - offset);
                octets.AsSpan((int)offset, count).CopyTo(into);
                return count;
            }, type, false);
    }

    private static async Task<(SmtpClient? Client, SmtpFailure? Failure)> OpenAsync(
        FakeSmtpServer server, TlsDemand tls = TlsDemand.Opportunistic, SmtpClientOptions? options = null) =>
        await SmtpClient.OpenAsync(await server.ConnectAsync(), "mx.test", tls, server.ImplicitTls, options ?? Options, default);

    private static async Task<IReadOnlyList<RecipientOutcome>> SendAsync(
        FakeSmtpServer server, OutgoingMail mail, SmtpClientOptions? options = null)
    {
        var (client, failure) = await OpenAsync(server, options: options);
        if (client is null) return mail.Recipients.Select(_ => new RecipientOutcome(null, failure)).ToList();
        await using (client)
        {
            var outcomes = await client.SendAsync(mail, default);
            await client.QuitAsync(default);
            return outcomes;
        }
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task A_message_goes_out_as_it_is(bool pipelining, bool byteWise)
    {
        await using var server = new FakeSmtpServer { ByteWise = byteWise };
        if (!pipelining) server.Extensions.Remove("PIPELINING");
        var outcomes = await SendAsync(server, Mail(".a\r\n..b\r\n.\r\nend", to: ["b@mx.test", "c@mx.test"]));
        Assert.All(outcomes, o => Assert.True(o.Delivered));
        var mail = Assert.Single(server.Mails);
        Assert.Equal(["b@mx.test", "c@mx.test"], mail.To);
        Assert.Equal(".a\r\n..b\r\n.\r\nend\r\n", mail.Data);
        Assert.Equal("QUIT", server.Commands[^1]);
    }

    [Theory]
    [InlineData("GREETING", SmtpStage.Greeting)]
    [InlineData("EHLO", SmtpStage.Ehlo)]
    [InlineData("MAIL", SmtpStage.Mail)]
    [InlineData("RCPT", SmtpStage.Rcpt)]
    [InlineData("DATA", SmtpStage.Data)]
    [InlineData(".", SmtpStage.EndOfData)]
    public async Task A_close_a_silence_or_nonsense_at_any_step_is_temporary_and_nothing_is_delivered(string command, SmtpStage stage)
    {
        foreach (var (answer, trouble) in new[] { ("CLOSE", SmtpTrouble.Closed), ("", SmtpTrouble.TimedOut), ("hello", SmtpTrouble.Garbled), ("99", SmtpTrouble.Garbled) })
        {
            await using var server = new FakeSmtpServer();
            server.Extensions.Remove("PIPELINING"); // a swallowed reply in a group would be told of the next command
            server.Answer = line => line.StartsWith(command, StringComparison.Ordinal) ? answer : null;
            var outcome = Assert.Single(await SendAsync(server, Mail(), answer.Length == 0 ? Impatient : Options));
            Assert.Equal((false, stage, trouble), (outcome.Delivered, outcome.Failure!.Stage, outcome.Failure.Trouble));
            Assert.False(outcome.Failure.IsPermanent);
            Assert.Empty(server.Mails);
        }
    }

    [Theory]
    [InlineData("GREETING", "554 5.7.1 no")]
    [InlineData("EHLO", "451 4.3.0 later")]
    [InlineData("MAIL", "550 5.1.8 no")]
    [InlineData("RCPT", "550 5.1.1 no")]
    [InlineData("DATA", "554 5.5.1 no")]
    [InlineData(".", "554 5.6.0 no")]
    [InlineData(".", "421 4.3.2 closing")]
    public async Task A_refusal_at_any_step_is_told_with_its_code(string command, string reply)
    {
        await using var server = new FakeSmtpServer();
        server.Answer = line => line.StartsWith(command, StringComparison.Ordinal) ? reply : null;
        var outcome = Assert.Single(await SendAsync(server, Mail()));
        Assert.False(outcome.Delivered);
        Assert.Equal(reply, outcome.Failure!.Text);
        Assert.Equal(reply[0] == '5', outcome.Failure.IsPermanent);
    }

    [Fact]
    public async Task Each_recipient_has_its_own_outcome_and_the_session_goes_on()
    {
        await using var server = new FakeSmtpServer();
        server.Answer = line =>
            line.Contains("<no@") ? "550-5.1.1 no\r\n550 5.1.1 really" : line.Contains("<later@") ? "450 4.2.1 busy" : null;
        var (client, _) = await OpenAsync(server);
        await using var _1 = client!;
        var outcomes = await client!.SendAsync(Mail(to: ["no@mx.test", "b@mx.test", "later@mx.test"]), default);
        Assert.Equal("550 5.1.1 no really", outcomes[0].Failure!.Text);
        Assert.True(outcomes[1].Delivered);
        Assert.Equal(450, outcomes[2].Reply!.Code);
        outcomes = await client.SendAsync(Mail(to: ["no@mx.test"]), default);
        Assert.True(outcomes[0].Failure!.IsPermanent);
        Assert.True(client.Reusable);
        Assert.True((await client.SendAsync(Mail(), default))[0].Delivered);
        Assert.Equal(2, server.Mails.Count);
        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData(TlsDemand.Opportunistic, true)]
    [InlineData(TlsDemand.Verified, true)]
    [InlineData(TlsDemand.None, false)]
    public async Task Starttls_is_used_as_demanded(TlsDemand demand, bool expected)
    {
        await using var server = new FakeSmtpServer();
        server.Extensions.Add("STARTTLS");
        var (client, failure) = await OpenAsync(server, demand);
        Assert.Null(failure);
        await using var _1 = client!;
        Assert.True((await client!.SendAsync(Mail(), default))[0].Delivered);
        Assert.Equal(expected, server.Mails[0].Tls);
        Assert.Equal(expected, client.TlsDescription.StartsWith("Tls", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Verified_tls_is_refused_without_starttls_with_a_bad_certificate_and_after_octets_in_the_clear()
    {
        await using var server = new FakeSmtpServer();
        Assert.Equal(SmtpTrouble.Unsupported, (await OpenAsync(server, TlsDemand.Verified)).Failure!.Trouble);
        server.Extensions.Add("STARTTLS");
        Assert.Equal(SmtpTrouble.Tls, (await OpenAsync(server, TlsDemand.Verified, Options with { Verify = null })).Failure!.Trouble);
        server.Answer = line => line == "STARTTLS" ? "220 go\r\n250 injected" : null;
        Assert.Equal(SmtpTrouble.Garbled, (await OpenAsync(server, TlsDemand.Opportunistic)).Failure!.Trouble);
        await using var wrapped = new FakeSmtpServer { ImplicitTls = true };
        Assert.Null((await OpenAsync(wrapped, TlsDemand.Verified)).Failure);
    }

    [Theory]
    [InlineData("AUTH PLAIN LOGIN", "AUTH PLAIN AHUAcA==")]
    [InlineData("AUTH=PLAIN", "AUTH PLAIN AHUAcA==")]
    [InlineData("AUTH LOGIN", "AUTH LOGIN")]
    public async Task A_login_is_made_the_way_the_peer_offers(string offered, string expected)
    {
        await using var server = new FakeSmtpServer();
        server.Extensions.Add(offered);
        var challenges = new Queue<string>(["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 ok"]);
        server.Answer = line => line == "AUTH LOGIN" || line is "dQ==" or "cA==" ? challenges.Dequeue() : null;
        var (client, _) = await OpenAsync(server);
        await using var _1 = client!;
        Assert.Null(await client!.AuthenticateAsync("u", "p", default));
        Assert.Equal(expected, server.Commands[1]);
    }

    [Fact]
    public async Task A_refused_or_unknown_login_is_a_failure()
    {
        await using var server = new FakeSmtpServer();
        var (none, _) = await OpenAsync(server);
        Assert.Equal(SmtpTrouble.Unsupported, (await none!.AuthenticateAsync("u", "p", default))!.Trouble);
        server.Extensions.Add("AUTH SCRAM-SHA-256");
        server.Answer = line => line.StartsWith("AUTH", StringComparison.Ordinal)
            ? "334 " + Convert.ToBase64String("r=other,s=QSXCR+Q6sek8bf92,i=4096"u8) : line == "*" ? "501 5.7.0 cancelled" : null;
        var (forged, _) = await OpenAsync(server);
        Assert.Equal(501, (await forged!.AuthenticateAsync("u", "p", default))!.Reply!.Code);
        server.Answer = line => line.StartsWith("AUTH", StringComparison.Ordinal) ? "235 2.7.0 fine" : null;
        var (unproved, _) = await OpenAsync(server);
        Assert.Equal(SmtpTrouble.Garbled, (await unproved!.AuthenticateAsync("u", "p", default))!.Trouble);
        await none.DisposeAsync();
        await forged.DisposeAsync();
        await unproved.DisposeAsync();
    }

    [Fact]
    public async Task Parameters_are_sent_only_to_those_who_know_them()
    {
        await using var server = new FakeSmtpServer();
        var mail = Mail(type: BodyType.EightBitMime) with
        {
            Return = "HDRS",
            EnvelopeId = "a+b=c d",
            Recipients = [new("b@mx.test", "SUCCESS,FAILURE", "rfc822;b+x@mx.test")],
        };
        await SendAsync(server, mail);
        Assert.Contains("MAIL FROM:<a@out.test> SIZE=21 BODY=8BITMIME", server.Commands);
        Assert.Contains("RCPT TO:<b@mx.test>", server.Commands);
        server.Extensions.Add("DSN");
        await SendAsync(server, mail);
        Assert.Contains("MAIL FROM:<a@out.test> SIZE=21 BODY=8BITMIME RET=HDRS ENVID=a+2Bb+3Dc+20d", server.Commands);
        Assert.Contains("RCPT TO:<b@mx.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bx@mx.test", server.Commands);
    }

    [Fact]
    public async Task What_the_peer_cannot_carry_is_not_begun()
    {
        await using var server = new FakeSmtpServer();
        async Task<string> TextOf(OutgoingMail mail) => (await SendAsync(server, mail))[0].Failure!.Text[..5];
        Assert.Equal("5.6.7", await TextOf(Mail() with { SmtpUtf8 = true }));
        Assert.Equal("5.6.1", await TextOf(Mail(type: BodyType.BinaryMime)));
        Assert.Equal("5.3.4", await TextOf(Mail() with { Size = 2_000_000 }));
        Assert.Equal("5.1.3", await TextOf(Mail(to: "a@b>\r\nRCPT TO:<x@y")));
        Assert.DoesNotContain(server.Commands, c => c.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_binary_body_goes_in_chunks_untouched()
    {
        await using var server = new FakeSmtpServer();
        server.Extensions.AddRange(["CHUNKING", "BINARYMIME", "SIZE"]);
        var body = string.Concat(Enumerable.Repeat("\n.\n\0\r\u00ff", 300_000));
        server.Extensions.RemoveAll(e => e.StartsWith("SIZE", StringComparison.Ordinal));
        Assert.True((await SendAsync(server, Mail(body, BodyType.BinaryMime)))[0].Delivered);
        Assert.Equal(body, server.Mails[0].Data);
    }

    [Theory]
    [InlineData("", ".\r\n")]
    [InlineData("a", "a\r\n.\r\n")]
    [InlineData("a\r\n", "a\r\n.\r\n")]
    [InlineData(".\r\n.", "..\r\n..\r\n.\r\n")]
    [InlineData("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n")]
    [InlineData("a\r.\rb\r", "a\r\n..\r\nb\r\n.\r\n")]
    [InlineData("a\r\r\n.\r\n", "a\r\n\r\n..\r\n.\r\n")]
    [InlineData("\r\n\r\n", "\r\n\r\n.\r\n")]
    public void No_body_can_end_the_data_early(string body, string expected)
    {
        foreach (var piece in new[] { 1, 2, 3, 100 })
        {
            var writer = new ClientDataWriter();
            var sent = new List<byte>();
            var into = new byte[1000];
            foreach (var chunk in Encoding.ASCII.GetBytes(body).Chunk(piece)) sent.AddRange(into[..writer.Write(chunk, into)]);
            sent.AddRange(into[..writer.Finish(into)]);
            Assert.Equal(expected, Encoding.ASCII.GetString([.. sent]));
        }
    }

    [Fact]
    public async Task A_reply_without_end_is_given_up()
    {
        await using var server = new FakeSmtpServer();
        server.Answer = line => line == "GREETING" ? "220-" + new string('x', 10_000) : null;
        Assert.Equal(SmtpTrouble.Garbled, (await OpenAsync(server)).Failure!.Trouble);
        server.Answer = line => line == "GREETING" ? string.Join("\r\n", Enumerable.Repeat("220-x", 200)) : null;
        Assert.Equal(SmtpTrouble.Garbled, (await OpenAsync(server)).Failure!.Trouble);
        server.Answer = line => line == "GREETING" ? "220-a\r\n250 b" : null;
        Assert.Equal(SmtpTrouble.Garbled, (await OpenAsync(server)).Failure!.Trouble);
        server.Answer = line => line == "GREETING" ? "554 5.7.1 \u001b[31mred\u0007" : null;
        Assert.Equal("554 5.7.1  [31mred", (await OpenAsync(server)).Failure!.Text);
    }

    [Fact]
    public void Features_are_read_from_ehlo()
    {
        var features = PeerFeatures.Read(["mx", "SIZE 1000", "LIMITS RCPTMAX=20 MAILMAX=5", "auth plain", "x-nonsense", "", "STARTTLS"]);
        Assert.Equal((1000L, 20, 5, true), (features.MaxSize, features.MaxRecipients, features.MaxMessages, features.StartTls));
        Assert.Equal(["PLAIN"], features.AuthMechanisms);
    }
}
