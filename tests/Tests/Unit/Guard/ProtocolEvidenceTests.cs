using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Tests.Unit.Imap;
using Aviso.Tests.Unit.ManageSieve;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

/// <summary>Real sessions of every protocol on real sockets, behind the real gate: what a session says of its client is what the gate bans
/// it for.</summary>
public sealed class ProtocolEvidenceTests : IAsyncLifetime
{
    private const string Stranger = "192.0.2.9";
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private readonly List<Evidence> _heard = [];
    private TestStore _store = null!;
    private DecisionBook _book = null!;
    private Gatekeeper _gate = null!;
    private ImapHost _imap = null!;
    private ManageSieveHost _sieve = null!;
    private WireHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _book = await DecisionBook.OpenAsync(_store.Store, _store.Clock, NullLogger.Instance, default);
        _gate = new(new(GuardOwner.Builtin, Networks.None) { GreetingPause = TimeSpan.Zero }, _book, _store.Clock, NullLogger.Instance);
        _gate.Heard += (evidence, _) =>
        {
            lock (_heard) _heard.Add(evidence);
        };
        _imap = await ImapHost.StartAsync();
        _sieve = await ManageSieveHost.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        await _sieve.DisposeAsync();
        await _imap.DisposeAsync();
        await _book.DisposeAsync();
        await _store.DisposeAsync();
    }

    public static TheoryData<ListenerKind, string, string> Abuses => new()
    {
        { ListenerKind.Smtp, nameof(Reason.BadCommands), Many("HUH") },
        { ListenerKind.Smtp, nameof(Reason.BareLineFeed), "EHLO x\n" },
        { ListenerKind.Smtp, nameof(Reason.ClearAfterStartTls), "EHLO x\r\nSTARTTLS\r\nMAIL FROM:<>\r\n" },
        { ListenerKind.Smtp, nameof(Reason.IdleCommands), Many("NOOP", 120) },
        { ListenerKind.Smtp, nameof(Reason.RefusedRecipients), "EHLO x\r\nMAIL FROM:<a@b.example>\r\n" + Many("RCPT TO:<refused@example.test>", 25) },
        { ListenerKind.Submission, nameof(Reason.BadCommands), Many("HUH") },
        { ListenerKind.Submission, nameof(Reason.BareLineFeed), "EHLO x\n" },
        { ListenerKind.Submission, nameof(Reason.ClearAfterStartTls), "EHLO x\r\nSTARTTLS\r\nAUTH PLAIN AA==\r\n" },
        { ListenerKind.Submission, nameof(Reason.OctetsBeforeLogin), Many("NOOP " + new string('x', 4000)) },
        { ListenerKind.Imap, nameof(Reason.BadCommands), Many("a HUH", 12) },
        { ListenerKind.Imap, nameof(Reason.ClearAfterStartTls), "a STARTTLS\r\nb NOOP\r\n" },
        { ListenerKind.Imap, nameof(Reason.OctetsBeforeLogin), "a LOGIN {99999999+}\r\n" },
        { ListenerKind.ManageSieve, nameof(Reason.BadCommands), Many("HUH", 12) },
        { ListenerKind.ManageSieve, nameof(Reason.ClearAfterStartTls), "STARTTLS\r\nNOOP\r\n" },
    };

    [Theory]
    [MemberData(nameof(Abuses))]
    public async Task Protocol_abuse_bans_on_every_protocol(ListenerKind kind, string reason, string said)
    {
        Start(kind);
        for (var i = 0; i < 3; i++)
        {
            Assert.Empty(_book.List());
            using var client = await ConnectAsync();
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(said));
            await ReadToEndAsync(client.GetStream());
            await HeardAsync(i + 1);
        }
        await AssertBannedAsync(kind, "aviso/protocol-abuse", reason, 3);
    }

    // The octets come when the go-ahead has been sent: nothing of it waits yet when STARTTLS is looked at.
    [Theory]
    [InlineData(ListenerKind.Smtp, "EHLO x\r\nSTARTTLS\r\n", "220 ", "MAIL FROM:<>\r\n")]
    [InlineData(ListenerKind.Submission, "EHLO x\r\nSTARTTLS\r\n", "220 ", "AUTH PLAIN AA==\r\n")]
    [InlineData(ListenerKind.Imap, "a STARTTLS\r\n", "a OK", "b NOOP\r\n")]
    [InlineData(ListenerKind.ManageSieve, "STARTTLS\r\n", "OK \"Begin", "NOOP\r\n")]
    public async Task Octets_in_the_clear_behind_the_go_ahead_are_evidence_too(ListenerKind kind, string first, string goAhead, string then)
    {
        Start(kind);
        for (var i = 0; i < 3; i++)
        {
            using var client = await ConnectAsync();
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            if (kind is ListenerKind.Smtp or ListenerKind.Submission) await reader.ReadLineAsync();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(first));
            while (await reader.ReadLineAsync() is { } line && !line.StartsWith(goAhead, StringComparison.Ordinal))
            {
            }
            await stream.WriteAsync(Encoding.ASCII.GetBytes(then));
            await ReadToEndAsync(stream);
            await HeardAsync(i + 1);
        }
        await AssertBannedAsync(kind, "aviso/protocol-abuse", nameof(Reason.ClearAfterStartTls), 3);
    }

    [Fact]
    public async Task Unknown_recipients_in_a_session_ban_a_stranger()
    {
        Start(ListenerKind.Smtp);
        using (var client = await ConnectAsync())
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                "EHLO x\r\nMAIL FROM:<a@b.example>\r\n" + Many("RCPT TO:<unknown@example.test>", 6) + "QUIT\r\n"));
            await ReadToEndAsync(client.GetStream());
            await HeardAsync(6);
        }
        await AssertBannedAsync(ListenerKind.Smtp, "crowdsecurity/postfix-spam", nameof(Reason.UnknownRecipient), 6);
    }

    [Fact]
    public async Task A_stranger_over_its_rate_of_messages_is_put_off_in_the_session()
    {
        _gate.Options = _gate.Options with { MessagesPerMinute = 2 };
        Start(ListenerKind.Smtp);
        using var client = await ConnectAsync();
        await client.GetStream()
            .WriteAsync(Encoding.ASCII.GetBytes("EHLO x\r\n" + Many("MAIL FROM:<a@b.example>\r\nRSET", 3) + "QUIT\r\n"));
        var said = await ReadToEndAsync(client.GetStream());
        Assert.Equal(2, said.Split("250 2.1.0").Length - 1);
        Assert.Contains("450 4.7.1 Too many messages from your address, try again later", said, StringComparison.Ordinal);
    }

    // Of a browser, a scan, or a script that was pointed at the port.
    [Theory]
    [InlineData(ListenerKind.Smtp)]
    [InlineData(ListenerKind.Submission)]
    [InlineData(ListenerKind.Imap)]
    [InlineData(ListenerKind.ManageSieve)]
    public async Task An_http_request_ends_the_connection_at_once_and_bans(ListenerKind kind)
    {
        Start(kind);
        using (var client = await ConnectAsync())
        {
            // No empty line: the request is not even whole.
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: mail.example.test\r\n"u8.ToArray());
            await ReadToEndAsync(client.GetStream());
            await HeardAsync(1);
        }
        await AssertBannedAsync(kind, "crowdsecurity/postfix-non-smtp-command", nameof(Reason.NonSmtpCommand), 1);
    }

    // Twenty kilobytes without an end, then silence.
    [Theory]
    [InlineData(ListenerKind.Smtp, "500 5.5.2 Command line too long", false)]
    [InlineData(ListenerKind.Submission, "500 5.5.2 Command line too long", true)]
    [InlineData(ListenerKind.Imap, "a BAD [TOOBIG] The line is too long", true)]
    [InlineData(ListenerKind.ManageSieve, "BYE \"The line is too long\"", true)]
    public async Task A_line_that_does_not_end_is_answered_and_closed_before_a_login(ListenerKind kind, string answer, bool isHeard)
    {
        Start(kind);
        using var client = await ConnectAsync();
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("a LOGIN " + new string('x', 20_000)));
        var began = TimeProvider.System.GetTimestamp();
        Assert.Contains(answer, await ReadToEndAsync(client.GetStream()), StringComparison.Ordinal);
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(15));
        if (isHeard) await HeardAsync(1);
        lock (_heard) Assert.Equal(isHeard ? [Reason.OctetsBeforeLogin] : [], _heard.Select(h => h.What));
    }

    private static string Many(string line, int times = 20) => string.Concat(Enumerable.Repeat(line + "\r\n", times));

    private void Start(ListenerKind kind)
    {
        IWireProtocol protocol = kind switch
        {
            ListenerKind.Imap => _imap.Server,
            ListenerKind.ManageSieve => _sieve.Server,
            _ => new SmtpHost(kind, guard: new SmtpGuard(_gate)).Server,
        };
        _host = new WireHost(new() { Proxies = Networks.Parse("127.0.0.0/8") }, _ => protocol, TimeProvider.System, NullLogger.Instance,
            TestCertificates.Shared, gate: _gate, evidence: _gate);
        _host.Start([new(kind, new(IPAddress.Loopback, 0))]);
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(_host.Bound[0].Bound);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"PROXY TCP4 {Stranger} 10.0.0.1 54321 25\r\n"));
        return client;
    }

    private static async Task<string> ReadToEndAsync(NetworkStream stream)
    {
        using var patience = new CancellationTokenSource(Long);
        var (all, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            while (await stream.ReadAsync(buffer, patience.Token) is var read and > 0) all.Append(
                Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Reset behind the last words.
        }
        return all.ToString();
    }

    private async Task HeardAsync(int count)
    {
        for (var began = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(began) < Long; await Task.Delay(5))
        {
            lock (_heard)
                if (_heard.Count >= count) return;
        }
        Assert.Fail($"evidence {count} was not heard");
    }

    private async Task AssertBannedAsync(ListenerKind kind, string scenario, string reason, int events)
    {
        lock (_heard) Assert.Equal(
            Enumerable.Repeat(new Evidence(kind, IPAddress.Parse(Stranger), Base.Reasons.Named(reason)), events), _heard);
        // The evidence is heard here a moment before the guard decides on it.
        await Patience.UntilAsync(() => _book.List().Count > 0, "the client is banned", pause: 5);
        var decision = Assert.Single(_book.List());
        Assert.Equal((scenario, Stranger, events), (decision.Scenario, decision.Value, decision.Events));
        using var client = await ConnectAsync();
        var last = await ReadToEndAsync(client.GetStream());
        Assert.Equal(kind switch
        {
            ListenerKind.Imap => "* BYE [UNAVAILABLE] Busy, try again later\r\n",
            ListenerKind.ManageSieve => "BYE (TRYLATER) \"Busy, try again later\"\r\n",
            _ => "421 4.7.0 Busy, try again later\r\n",
        }, last);
    }
}
