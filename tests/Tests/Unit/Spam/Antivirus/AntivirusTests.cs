using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Spam;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Antivirus;

public sealed class AntivirusTests
{
    [Theory]
    [InlineData("stream: OK\0", "Clean", "")]
    [InlineData("stream: OK\n", "Clean", "")]
    [InlineData("stream: Eicar-Signature FOUND\0", "Virus", "Eicar-Signature")]
    [InlineData("1: stream: Win.Test.EICAR_HDB-1 FOUND\0", "Virus", "Win.Test.EICAR_HDB-1")]
    [InlineData("stream: A B FOUND\0", "Virus", "A B")]
    [InlineData("stream: Heuristics.Phishing.Email.SpoofedDomain FOUND\0", "Suspicion", "Heuristics.Phishing.Email.SpoofedDomain")]
    [InlineData("stream: PUA.Win.Packer.Upx FOUND\0", "Suspicion", "PUA.Win.Packer.Upx")]
    [InlineData("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", "Limit", "Heuristics.Limits.Exceeded.MaxFileSize")]
    [InlineData("stream: Win.Heuristics.Agent FOUND\0", "Virus", "Win.Heuristics.Agent")]
    [InlineData("INSTREAM size limit exceeded. ERROR\0", "TooLarge", "size limit")]
    [InlineData("stream: Can't allocate memory ERROR\0", "Error", "stream: Can't allocate memory ERROR")]
    [InlineData("UNKNOWN COMMAND\0", "Error", "UNKNOWN COMMAND")]
    [InlineData("stream:  FOUND\0", "Error", "stream:  FOUND")]
    [InlineData("stream: X\r\nY FOUND\0", "Virus", "X??Y")]
    [InlineData("OK", "Error", "OK")]
    [InlineData("", "Error", "")]
    public void Replies_are_read(string reply, string result, string text)
    {
        var read = ClamdReply.Parse(Encoding.Latin1.GetBytes(reply));
        Assert.Equal((result, text), (read.Result.ToString(), read.Text));
    }

    [Theory]
    [InlineData("unix:/run/clamav/clamd.ctl", "unix:/run/clamav/clamd.ctl")]
    [InlineData("127.0.0.1:3310", "127.0.0.1:3310")]
    [InlineData("[::1]:3310", "[::1]:3310")]
    [InlineData("clamav:3310", "clamav:3310")]
    [InlineData("::1:3310", null)]
    [InlineData("clamav", null)]
    [InlineData("clamav:0", null)]
    [InlineData(":3310", null)]
    [InlineData("unix:relative", null)]
    [InlineData("/run/clamav/clamd.ctl", null)]
    public void Addresses_are_sockets_or_hosts(string text, string? shown) =>
        Assert.Equal(shown, ClamdAddress.TryParse(text, out var address) ? address.ToString() : null);

    [Fact]
    public async Task A_clean_message_arrives_whole_and_is_marked_clean()
    {
        await using var clamd = new FakeClamd("stream: OK\0");
        var verdict = await FilterAsync(clamd, SpamMail.Around(new string('x', 300_000)));
        Assert.Equal(("", SpamAction.Accept), (verdict.Virus, verdict.Action));
        Assert.Empty(verdict.Skipped);
        Assert.EndsWith("xxx\r\n", Encoding.ASCII.GetString(clamd.Received), StringComparison.Ordinal);
        Assert.True(clamd.Received.Length > 300_000);
    }

    [Theory]
    [InlineData(SpamAction.Reject)]
    [InlineData(SpamAction.Tag)]
    public async Task A_virus_gets_the_action_of_the_settings(SpamAction action)
    {
        await using var clamd = new FakeClamd("stream: Eicar-Signature FOUND\0");
        var verdict = await FilterAsync(clamd, SpamMail.Around("x"), o => o with { Action = action });
        Assert.Equal((action, "Eicar-Signature", "virus Eicar-Signature"), (verdict.Action, verdict.Virus, verdict.Reason));
        Assert.Equal("clamd found Eicar-Signature", Assert.Single(verdict.Symbols).Reason);
    }

    [Theory]
    [InlineData("Heuristics.Phishing.Email.SpoofedDomain", 3)]
    [InlineData("Heuristics.Encrypted.PDF", 2)]
    [InlineData("Heuristics.OLE2.ContainsMacros.VBA", 2.5)]
    [InlineData("PUA.Win.Packer.Upx", 2)]
    public async Task What_clamd_only_suspects_is_points_and_no_virus(string name, double points)
    {
        await using var clamd = new FakeClamd($"stream: {name} FOUND\0");
        var verdict = await FilterAsync(clamd, SpamMail.Around("x"));
        Assert.Equal(("", SpamAction.Accept), (verdict.Virus, verdict.Action));
        Assert.Equal(("CLAMD_SUSPICION", points), (Assert.Single(verdict.Symbols).Name, verdict.Score));
    }

    // EICAR beside a zip in a zip went through: what unpacks had used up the time of all.
    [Fact]
    public async Task A_virus_beside_a_bomb_is_found()
    {
        await using var clamd = new FakeClamd("stream: Eicar-Signature FOUND\0");
        Assert.True(ClamdAddress.TryParse($"127.0.0.1:{clamd.Port}", out var address));
        var check = new AntivirusCheck(TimeProvider.System, NullLogger.Instance) { Options = new() { Clamd = address } };
        var bomb = Tests.Battery.FileBombs.All["zip in zip in zip"]();
        var filter = new SpamFilter(new(), [.. BuiltInChecks.All(new(RuleSet.BuiltIn)), check], TimeProvider.System, NullLogger.Instance);
        var verdict = await filter.CheckAsync(SpamMail.Input(bomb), TestContext.Current.CancellationToken);
        Assert.Equal((SpamAction.Reject, "Eicar-Signature"), (verdict.Action, verdict.Virus));
        Assert.Contains(verdict.Symbols, s => s.Name == SpamContext.LimitSymbol);
    }

    [Fact]
    public async Task A_limit_of_clamds_own_is_named_as_skipped_and_counts()
    {
        await using var clamd = new FakeClamd("stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0");
        var verdict = await FilterAsync(clamd, SpamMail.Around("x"));
        Assert.Equal((null, SpamAction.Accept), (verdict.Virus, verdict.Action));
        Assert.Equal(["clamd (limit)"], verdict.Skipped);
        Assert.Equal((SpamContext.LimitSymbol, 0.5), (Assert.Single(verdict.Symbols).Name, verdict.Score));
    }

    [Fact]
    public async Task What_clamd_does_not_want_is_named_as_skipped()
    {
        await using (var clamd = new FakeClamd("INSTREAM size limit exceeded. ERROR\0"))
            Assert.Equal(["clamd (too large)"], (await FilterAsync(clamd, SpamMail.Around("x"))).Skipped);
        await using (var clamd = new FakeClamd("nonsense\0"))
            Assert.Equal(["clamd (error)"], (await FilterAsync(clamd, SpamMail.Around("x"))).Skipped);
        await using (var clamd = new FakeClamd("stream: OK\0"))
        {
            Assert.Equal(["clamd (too large)"], (await FilterAsync(clamd, SpamMail.Around("x"), o => o with { MaxSize = 10 })).Skipped);
            Assert.Empty(clamd.Received);
        }
    }

    [Fact]
    public async Task While_clamd_is_away_mail_owes_its_answer_and_it_is_asked_again_later()
    {
        var clamd = new FakeClamd("stream: OK\0");
        var clock = new TestClock();
        var check = Check(clamd, clock);
        await clamd.DisposeAsync();
        var verdict = await CheckAsync(check, SpamMail.Around("x"));
        Assert.Equal((SpamAction.Accept, null), (verdict.Action, verdict.Virus));
        Assert.Equal(["clamd"], verdict.Owed);
        Assert.Equal(["clamd (away)"], verdict.Skipped);
        Assert.Contains("skipped=clamd (away)", verdict.Fields().ReplaceLineEndings("").Replace("\t", "", StringComparison.Ordinal), StringComparison.Ordinal);

        await using var again = new FakeClamd("stream: OK\0", clamd.Port);
        Assert.Equal(["clamd"], (await CheckAsync(check, SpamMail.Around("x"))).Owed);
        Assert.Empty(again.Received);
        clock.Advance(TimeSpan.FromSeconds(31));
        verdict = await CheckAsync(check, SpamMail.Around("x"));
        Assert.Equal("", verdict.Virus);
        Assert.Empty(verdict.Owed);
    }

    [Fact]
    public async Task A_clamd_that_is_away_for_a_day_keeps_no_mail_any_more_and_once_back_it_does_again()
    {
        var clamd = new FakeClamd("stream: OK\0");
        var clock = new TestClock();
        var check = Check(clamd, clock);
        await clamd.DisposeAsync();
        Assert.Equal(["clamd"], (await CheckAsync(check, SpamMail.Around("x"))).Owed);
        clock.Advance(TimeSpan.FromHours(23));
        Assert.Equal(["clamd"], (await CheckAsync(check, SpamMail.Around("x"))).Owed);
        clock.Advance(TimeSpan.FromHours(1));
        var verdict = await CheckAsync(check, SpamMail.Around("x"));
        Assert.Empty(verdict.Owed);
        Assert.Equal(["clamd (away)"], verdict.Skipped);

        clock.Advance(TimeSpan.FromMinutes(1));
        var again = new FakeClamd("stream: OK\0", clamd.Port);
        Assert.Equal("", (await CheckAsync(check, SpamMail.Around("x"))).Virus);
        await again.DisposeAsync();
        Assert.Equal(["clamd"], (await CheckAsync(check, SpamMail.Around("x"))).Owed);
    }

    [Fact]
    public async Task Who_wants_mail_all_the_same_has_it_unscanned()
    {
        var clamd = new FakeClamd("stream: OK\0");
        await clamd.DisposeAsync();
        var verdict = await FilterAsync(clamd, SpamMail.Around("x"), o => o with { Unreachable = Unscanned.Accept });
        Assert.Empty(verdict.Owed);
        Assert.Equal(["clamd (away)"], verdict.Skipped);
    }

    [Fact]
    public async Task A_clamd_that_hangs_costs_its_patience_and_counts_as_away()
    {
        await using var clamd = new FakeClamd(null);
        var check = Check(clamd, TimeProvider.System, o => o with { Patience = TimeSpan.FromMilliseconds(100) });
        for (var i = 0; i < 2; i++)
        {
            var verdict = await CheckAsync(check, SpamMail.Around("x"));
            Assert.Equal(["clamd (away)"], verdict.Skipped);
            Assert.Equal(["clamd"], verdict.Owed);
        }
        Assert.Equal(1, clamd.Scans);
    }

    // One heavy letter was a way to have thirty seconds of mail taken unscanned.
    [Theory]
    [InlineData(Unscanned.Defer, SpamAction.Tag)]
    [InlineData(Unscanned.Accept, SpamAction.Accept)]
    public async Task A_message_that_clamd_chews_on_is_its_own_fault_and_no_other_waits_for_it(Unscanned policy, SpamAction action)
    {
        await using var clamd = new FakeClamd(null) { Pongs = true };
        var check = Check(clamd, TimeProvider.System, o => o with { Patience = TimeSpan.FromMilliseconds(100), Unreachable = policy });
        for (var i = 0; i < 2; i++)
        {
            var verdict = await CheckAsync(check, SpamMail.Around("x"));
            Assert.Equal(["clamd (timeout)"], verdict.Skipped);
            Assert.Empty(verdict.Owed);
            Assert.Equal((action, SpamContext.LimitSymbol), (verdict.Action, Assert.Single(verdict.Symbols).Name));
        }
        Assert.Equal(2, clamd.Scans);
    }

    [Fact]
    public async Task A_clamd_that_closes_at_once_or_has_no_memory_owes_its_answer()
    {
        await using (var clamd = new FakeClamd(""))
        {
            var verdict = await FilterAsync(clamd, SpamMail.Around("x"));
            Assert.Equal(["clamd (away)"], verdict.Skipped);
            Assert.Equal(["clamd"], verdict.Owed);
        }
        await using (var clamd = new FakeClamd("stream: Can't allocate memory ERROR\0"))
            Assert.Equal(["clamd"], (await FilterAsync(clamd, SpamMail.Around("x"))).Owed);
    }

    [Fact]
    public async Task A_check_that_is_owed_and_throws_is_owed_still()
    {
        var filter = new SpamFilter(new(), [new Broken()], TimeProvider.System, NullLogger.Instance);
        Assert.Equal(["broken"], (await filter.CheckAsync(SpamMail.Around("x"), default)).Owed);
        Assert.Equal(["broken"], filter.Unchecked("filter (fault)").Owed);
    }

    private sealed class Broken : ISpamCheck
    {
        public string Name => "broken";

        public SpamPhase Phase => SpamPhase.Network;

        public bool IsAlone => true;

        public bool IsOwed => true;

        public ValueTask CheckAsync(SpamContext context, CancellationToken cancel) => throw new InvalidOperationException("a fault");
    }

    private static AntivirusCheck Check(FakeClamd clamd, TimeProvider clock, Func<AntivirusOptions, AntivirusOptions>? with = null)
    {
        var options = new AntivirusOptions { Clamd = new(null, "127.0.0.1", clamd.Port) };
        return new(clock, NullLogger.Instance) { Options = with?.Invoke(options) ?? options };
    }

    private static Task<SpamVerdict> FilterAsync(FakeClamd clamd, SpamInput input, Func<AntivirusOptions, AntivirusOptions>? with = null) =>
        CheckAsync(Check(clamd, TimeProvider.System, with), input);

    private static async Task<SpamVerdict> CheckAsync(AntivirusCheck check, SpamInput input) =>
        await new SpamFilter(new(), [check], TimeProvider.System, NullLogger.Instance).CheckAsync(input, default);

    /// <summary>Speaks INSTREAM on loopback: takes one message after the other and answers with one reply; null: never, "": closes.</summary>
    private sealed class FakeClamd : IAsyncDisposable
    {
        private readonly TcpListener _listener;
        private readonly Task _serving;

        public FakeClamd(string? reply, int port = 0)
        {
            _listener = new(IPAddress.Loopback, port);
            _listener.Start();
            _serving = ServeAsync(reply);
        }

        public int Port => field != 0 ? field : field = ((IPEndPoint)_listener.LocalEndpoint).Port;

        public byte[] Received { get; private set; } = [];

        /// <summary>How many messages it was given.</summary>
        public int Scans { get; private set; }

        /// <summary>It answers who only asks whether it lives.</summary>
        public bool Pongs { get; init; }

        private async Task ServeAsync(string? reply)
        {
            _ = Port;
            try
            {
                while (true)
                {
                    using var socket = await _listener.AcceptSocketAsync();
                    if (reply == "") continue;
                    await using var stream = new NetworkStream(socket);
                    var command = new byte[10];
                    await stream.ReadExactlyAsync(command.AsMemory(0, 6));
                    if (command.AsSpan(0, 6).SequenceEqual("zPING\0"u8))
                    {
                        if (Pongs) await stream.WriteAsync("PONG\0"u8.ToArray());
                        continue;
                    }
                    await stream.ReadExactlyAsync(command.AsMemory(6, 4));
                    Assert.Equal("zINSTREAM\0", Encoding.ASCII.GetString(command));
                    Scans++;
                    var message = new MemoryStream();
                    var length = new byte[4];
                    while (true)
                    {
                        await stream.ReadExactlyAsync(length);
                        var piece = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
                        if (piece.Length == 0) break;
                        await stream.ReadExactlyAsync(piece);
                        message.Write(piece);
                    }
                    Received = message.ToArray();
                    if (reply is null)
                    {
                        await SilentAsync(stream);
                        continue;
                    }
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(reply));
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException or IOException)
            {
                // The test is over.
            }
        }

        private static async Task SilentAsync(NetworkStream stream)
        {
            try
            {
                await stream.ReadExactlyAsync(new byte[1]);
            }
            catch (IOException)
            {
                // Who asked has gone.
            }
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving;
        }
    }
}
