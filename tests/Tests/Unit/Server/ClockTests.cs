using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Aviso.Server;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>The whole server under a clock that is wrong: mail is taken, kept and shown, and nothing that was there goes.</summary>
public sealed class ClockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-clock-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("behind what the store wrote last", -2)]
    [InlineData("a machine without a battery", -20_600)]
    [InlineData("before the epoch", -25_000)]
    [InlineData("thirty years ahead", 11_000)]
    public async Task A_clock_that_is_wrong_costs_no_mail_when_it_was_right_before_and_is_again(string what, int days)
    {
        await RunAsync(TimeProvider.System, port => DeliverAsync(port("smtp"), "first"), what);
        await RunAsync(new Shifted(() => TimeSpan.FromDays(days)), async port =>
        {
            await DeliverAsync(port("smtp"), "second");
            Assert.Equal(["first", "second"], await SubjectsAsync(port("imap")));
        }, what);
        await RunAsync(TimeProvider.System, async port =>
        {
            await DeliverAsync(port("smtp"), "third");
            Assert.Equal(["first", "second", "third"], await SubjectsAsync(port("imap")));
        }, what);
    }

    [Fact]
    public async Task A_clock_that_jumps_while_the_server_runs_costs_no_mail()
    {
        var jumps = new[] { 0.0, -1, 400, -400, 0.01, -0.01, -20_600 };
        var at = 0;
        var clock = new Shifted(() => TimeSpan.FromDays(jumps[Volatile.Read(ref at) % jumps.Length]));
        var sent = new List<string>();
        await RunAsync(clock, async port =>
        {
            for (; at < jumps.Length; Interlocked.Increment(ref at))
            {
                await DeliverAsync(port("smtp"), $"at{at}");
                sent.Add($"at{at}");
                Assert.Equal(sent, await SubjectsAsync(port("imap")));
            }
        }, "it jumps");
        await RunAsync(TimeProvider.System, async port => Assert.Equal(sent, await SubjectsAsync(port("imap"))), "it is right again");
    }

    private async Task RunAsync(TimeProvider clock, Func<Func<string, int>, Task> work, string what)
    {
        var (config, ports) = (Path.Combine(_folder, "aviso.yaml"), Path.Combine(_folder, "ports.json"));
        await File.WriteAllTextAsync(config, $$"""
            hostname: mail.example.test
            data: {{_folder}}/data
            listeners: [ { kind: smtp, address: "127.0.0.1:0" }, { kind: imap, address: "127.0.0.1:0" } ]
            networks: { internal: [127.0.0.0/8], cleartext_login: [127.0.0.0/8] }
            postmaster: alice@example.test
            domains: [ { name: example.test } ]
            accounts: [ { address: alice@example.test, password: "literal:correct horse" } ]
            spam: { lists: [] }
            """);
        File.Delete(ports);
        using var stop = new CancellationTokenSource();
        var errors = new StringWriter();
        var running = new Serve(new(config, null, ports), TextWriter.Null, errors, Stream.Null, clock).RunAsync(stop.Token);
        await Patience.UntilAsync(() => File.Exists(ports) || running.IsCompleted, $"the server is ready ({what})", seconds: 60);
        Assert.False(running.IsCompleted, $"{what}: {errors}");
        var bound = JsonSerializer.Deserialize<Dictionary<string, int>>(await File.ReadAllTextAsync(ports))!;
        await work(kind => bound[kind]);
        await stop.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    private static async Task DeliverAsync(int port, string subject)
    {
        using var talk = await Talk.OpenAsync(port);
        var message = $"From: bob@far.test\r\nTo: alice@example.test\r\nSubject: {subject}\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\n"
            + $"Message-ID: <{subject}@far.test>\r\n\r\nhello\r\n.";
        foreach (var (line, reply) in new[]
        {
            ("", "220"), ("EHLO client.test", "250"), ("MAIL FROM:<bob@far.test>", "250"), ("RCPT TO:<alice@example.test>", "250"),
            ("DATA", "354"), (message, "250"), ("QUIT", "221"),
        })
        {
            Assert.StartsWith(reply, await talk.SayAsync(line, last => last.Length > 3 && last[3] == ' '), StringComparison.Ordinal);
        }
    }

    private static async Task<List<string>> SubjectsAsync(int port)
    {
        using var talk = await Talk.OpenAsync(port);
        await talk.SayAsync("", last => last.StartsWith("* OK", StringComparison.Ordinal));
        await talk.SayAsync("a LOGIN alice@example.test \"correct horse\"", Tagged);
        await talk.SayAsync("a EXAMINE INBOX", Tagged);
        await talk.SayAsync("a FETCH 1:* (UID ENVELOPE INTERNALDATE)", Tagged);
        // The subject is the second text of the envelope.
        return [.. talk.Lines.Where(l => l.Contains(" FETCH (", StringComparison.Ordinal))
            .Select(l => l[l.IndexOf("ENVELOPE (", StringComparison.Ordinal)..].Split('"')[3])];
    }

    private static bool Tagged(string last) => last.StartsWith("a ", StringComparison.Ordinal);

    private sealed class Shifted(Func<TimeSpan> by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by();
    }

    /// <summary>One connection, a line at a time.</summary>
    private sealed class Talk(TcpClient client) : IDisposable
    {
        private readonly StreamReader _reader = new(client.GetStream(), Encoding.UTF8);

        public List<string> Lines { get; } = [];

        public static async Task<Talk> OpenAsync(int port)
        {
            var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port);
            client.ReceiveTimeout = 60_000;
            return new(client);
        }

        /// <returns>The last line of the answer.</returns>
        public async Task<string> SayAsync(string line, Func<string, bool> isLast)
        {
            if (line.Length > 0) await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"));
            Lines.Clear();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (await _reader.ReadLineAsync(patience.Token) is { } read)
            {
                Lines.Add(read);
                if (isLast(read)) return read;
            }
            Assert.Fail($"the server closed after `{line}`: {string.Join(CultureInfo.InvariantCulture.TextInfo.ListSeparator, Lines)}");
            return "";
        }

        public void Dispose()
        {
            _reader.Dispose();
            client.Dispose();
        }
    }
}
