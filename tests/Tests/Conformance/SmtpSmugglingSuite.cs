using System.Text;
using System.Text.Json;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Tests.Unit.Smtp;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>
/// Suite smtp-smuggling: nothing but CR LF "." CR LF ends a message, whatever the pieces it comes in, and what stands behind a
/// false end is never a second envelope. What holds a lone CR or LF or a NUL is refused after the true end; the rest is stored
/// as it came.
/// </summary>
public sealed class SmtpSmugglingSuite
{
    private const string Evil = "MAIL FROM:<evil@attacker.example>\r\nRCPT TO:<victim@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n";
    private const string Begin = "EHLO client.example\r\n";
    private const string Envelope = "MAIL FROM:<good@client.example>\r\nRCPT TO:<bob@example.test>\r\n";
    private const string Head = "Subject: carrier\r\n\r\nline";

    public static TheoryData<string> FalseEnds() => [.. Sequences("not_end_of_data").Select(s => s.Id)];

    [Theory]
    [MemberData(nameof(FalseEnds))]
    public async Task No_false_end_of_data_makes_a_second_message(string id)
    {
        var sequence = Octets(id);
        byte[] message = [.. Latin(Head), .. sequence, .. Latin(Evil)];
        foreach (var piece in new[] { int.MaxValue, 1, 2, 3, 7 })
        {
            await using var session = new Dialogue();
            await session.SayAsync(Begin, "250");
            await session.SayAsync(Envelope, "250 2.1.0", "250 2.1.5");
            await session.SayAsync("DATA\r\n", "354");
            await session.SendAsync([.. message, .. ".\r\n"u8], piece);
            await session.HearAsync(IsClean(message) ? "250 2.0.0 Accepted" : "550 5.6.0");
            await session.SayAsync("NOOP\r\n", "250 2.0.0");
            await session.SayAsync("QUIT\r\n", "221");
            session.Stored(IsClean(message) ? Unstuffed(message) : null);
        }
    }

    [Theory]
    [MemberData(nameof(FalseEnds))]
    public async Task Bdat_obeys_the_same_rule_wherever_chunks_are_cut(string id)
    {
        byte[] message = [.. Latin(Head), .. Octets(id), .. Latin(Evil)];
        for (var cut = Head.Length - 1; cut <= Head.Length + Octets(id).Length + 1; cut++)
        {
            await using var session = new Dialogue();
            await session.SayAsync(Begin, "250");
            await session.SayAsync(Envelope, "250 2.1.0", "250 2.1.5");
            await session.SendAsync([.. Latin($"BDAT {cut}\r\n"), .. message[..cut]], int.MaxValue);
            var first = await session.HearAsync("");
            await session.SendAsync([.. Latin($"BDAT {message.Length - cut} LAST\r\n"), .. message[cut..]], int.MaxValue);
            await session.HearAsync(IsClean(message) ? "250 2.0.0 Accepted" : "550 5.6.0");
            Assert.Matches(IsClean(message) ? "^250 " : "^(250|550) ", first);
            await session.SayAsync("QUIT\r\n", "221");
            session.Stored(IsClean(message) ? message : null);
        }
    }

    [Fact]
    public async Task A_bare_line_feed_does_not_end_a_command()
    {
        await using var session = new Dialogue();
        await session.SendAsync(Command("bare-lf-command"), int.MaxValue);
        await session.HearAsync("521 5.5.2");
        await session.EndAsync();
    }

    [Fact]
    public async Task Clear_octets_behind_STARTTLS_never_run()
    {
        await using var session = new Dialogue();
        await session.SayAsync(Begin, "250");
        await session.SendAsync(Command("starttls-injection"), int.MaxValue);
        await session.HearAsync("503 5.5.1");
        await session.EndAsync();
    }

    [Fact]
    public async Task A_message_sent_behind_DATA_at_once_is_the_message_when_DATA_is_taken()
    {
        await using var session = new Dialogue();
        await session.SayAsync(Begin, "250");
        await session.SayAsync(Envelope, "250 2.1.0", "250 2.1.5");
        await session.SendAsync(Command("pipelined-after-data"), int.MaxValue);
        await session.HearAsync("354");
        await session.HearAsync("250 2.0.0 Accepted");
        await session.HearAsync("250 2.1.0");
        await session.SayAsync("QUIT\r\n", "221");
        session.Stored("Subject: x\r\n\r\nx\r\n"u8.ToArray());
    }

    [Fact]
    public async Task A_message_sent_behind_DATA_at_once_ends_the_session_when_DATA_is_refused()
    {
        await using var session = new Dialogue();
        await session.SayAsync(Begin, "250");
        await session.SendAsync(Command("pipelined-after-data"), int.MaxValue);
        await session.HearAsync("503 5.5.1");
        await session.HearAsync("421 4.7.0");
        await session.EndAsync();
        session.Stored(null);
    }

    [Fact]
    public async Task A_bare_carriage_return_does_not_end_a_command()
    {
        await using var session = new Dialogue();
        await session.SayAsync(Begin, "250");
        await session.SendAsync(Command("auth-crlf"), int.MaxValue);
        await session.HearAsync("50");
        await session.SayAsync("RCPT TO:<b@example.test>\r\n", "503 5.5.1");
        await session.SayAsync("QUIT\r\n", "221");
    }

    private static bool IsClean(byte[] message)
    {
        var text = Encoding.Latin1.GetString(message).Replace("\r\n", "", StringComparison.Ordinal);
        return text.AsSpan().IndexOfAny("\r\n\0") < 0;
    }

    // RFC 5321 §4.5.2, over whole octets.
    private static byte[] Unstuffed(byte[] message) =>
        Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(message).Replace("\r\n.", "\r\n", StringComparison.Ordinal));

    private static byte[] Octets(string id) => Sequences("not_end_of_data").Single(s => s.Id == id).Octets;

    private static byte[] Command(string id) => Sequences("commands").Single(s => s.Id == id).Octets;

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static List<(string Id, byte[] Octets)> Sequences(string list)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Suites.Find("smtp-smuggling"), "sequences.json")));
        return [.. file.RootElement.GetProperty(list).EnumerateArray()
            .Select(s => (s.GetProperty("id").GetString()!, Convert.FromHexString(s.GetProperty("hex").GetString()!)))];
    }

    /// <summary>One session with what it must answer.</summary>
    private sealed class Dialogue : IAsyncDisposable
    {
        private readonly SmtpHost _host = new(ListenerKind.Smtp, login: false);
        private readonly Unit.Net.WirePair _pair;
        private readonly SmtpPeer _client;
        private readonly Task _run;
        private bool _greeted;

        public Dialogue()
        {
            _pair = _host.Connect(certificates: true);
            _client = new(_pair);
            _run = RunAsync();
        }

        public async Task SayAsync(string text, params string[] replies)
        {
            await SendAsync(Latin(text), int.MaxValue);
            foreach (var reply in replies) await HearAsync(reply);
        }

        public async Task SendAsync(byte[] octets, int piece)
        {
            if (!_greeted) Assert.StartsWith("220 ", await _client.ReadReplyAsync(), StringComparison.Ordinal);
            _greeted = true;
            await _pair.SendInPiecesAsync(octets, Math.Min(piece, octets.Length));
        }

        public async Task<string> HearAsync(string start)
        {
            var reply = await _client.ReadReplyAsync();
            Assert.StartsWith(start, reply, StringComparison.Ordinal);
            return reply;
        }

        public async Task EndAsync()
        {
            Assert.Null(await _client.ReadLineAsync());
            await _run.WaitAsync(TimeSpan.FromSeconds(20));
        }

        /// <summary>Exactly this one message, from the true envelope, or none.</summary>
        public void Stored(byte[]? message)
        {
            Assert.Equal(message is null ? [] : [Encoding.Latin1.GetString(message)], _host.Taken.Select(t => t.Text));
            Assert.All(_host.Taken, t => Assert.Equal(new ReversePath("good", "client.example"), t.Transaction.Sender));
        }

        public async ValueTask DisposeAsync()
        {
            await _client.FinishAsync();
            await _run.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(0, _host.Spool.InFlight);
            await _pair.DisposeAsync();
        }

        private async Task RunAsync()
        {
            await _host.Server.RunAsync(_pair.Server);
            await _pair.Server.DisposeAsync();
        }
    }
}
