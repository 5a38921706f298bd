using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Trace;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Bench;

/// <summary>
/// What the trace costs and holds: CPU of a delivery with and without it, block by block in turn; a million messages within the bound; and
/// how long questions take then. Needs no peers.
/// </summary>
internal static class TraceCase
{
    private const int Blocks = 12, MessagesABlock = 5_000, AtOnce = 64;

    public static async Task RunAsync(string[] args)
    {
        var folder = Directory.CreateTempSubdirectory("aviso-trace-bench-").FullName;
        try
        {
            if (args is not ["million"]) await DeliverAsync(Path.Combine(folder, "delivery"));
            if (args is not ["delivery"]) await MillionAsync(Path.Combine(folder, "million"), 1_000_000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task DeliverAsync(string data)
    {
        Directory.CreateDirectory(data);
        var (clock, log, reader) = (TimeProvider.System, NullLogger.Instance, new MessageReader());
        await using var store = await SqliteMailStore.OpenAsync(
            new() { DataFolder = data, Clock = clock, Log = log, Reader = reader }, default);
        using var book = new AccountBook(store, clock, log);
        await book.ApplyAsync(new(null, [new("bench.test", null, null, new("bench", 1))],
            [.. Enumerable.Range(0, 50).Select(i => new DeclaredAccount($"user{i}@bench.test", null, 0, [], [], new("bench", i + 2)))], []),
            default);
        await using var recorder = TraceRecorder.Open(data, new(), clock, log);
        var zone = new FakeZone().Txt("sender.test", "v=spf1 ip4:192.0.2.7 -all").Txt("_dmarc.sender.test", "v=DMARC1; p=none");
        var filter = new SpamFilter(new(), [new Rules()], clock, log);
        var receiver = new MailReceiver(
            new() { HostName = "mail.bench.test" }, book, store, reader, new Router([]), new IdSource(clock), clock, log)
        {
            Filters = new()
            {
                Verifier = new(zone, new() { HostName = "mail.bench.test" }, clock),
                Spam = () => filter,
                Trace = recorder,
            },
        };
        store.Told = new StoreTrace(recorder, new(clock), clock).Hear;
        var (with, without) = (new List<double>(), new List<double>());
        for (var block = -2; block < Blocks * 2; block++)
        {
            var isOn = (block & 1) == 0;
            recorder.Options = recorder.Options with { Enabled = isOn };
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(at => Task.Run(() => SendAsync(receiver, at))));
            recorder.Flush();
            var took = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalMicroseconds / MessagesABlock;
            // The first pair warms up.
            if (block >= 0) (isOn ? with : without).Add(took);
        }
        var pairs = with.Zip(without, (on, off) => on - off).Order().ToList();
        Say($"CPU of a delivery without the trace: {Median(without):0.0} µs, with it: {Median(with):0.0} µs "
            + $"({Blocks} blocks of {MessagesABlock:N0} each, in turn)");
        Say($"the trace: {pairs[pairs.Count / 2]:0.0} µs (median of pairs; "
            + $"{pairs[pairs.Count / 4]:0.0} to {pairs[pairs.Count * 3 / 4]:0.0}), "
            + $"{pairs[pairs.Count / 2] / Median(without):P1} of a delivery inside the process, without SMTP");
        Say($"lost: {recorder.Lost?.Entries ?? 0}; "
            + $"a message on disk: {recorder.Octets / (double)(MessagesABlock * (Blocks + 1)):0} octets");
    }

    private static async Task SendAsync(MailReceiver receiver, int at)
    {
        var origin = new WireOrigin(ListenerKind.Smtp, new(IPAddress.Parse("192.0.2.7"), 1234), new(IPAddress.Loopback, 25));
        var client = new SmtpClientInfo("s", origin, "client.sender.test", "ESMTP", null, null);
        _ = MailAddress.TryParse("x@sender.test", out var sender);
        for (var i = at; i < MessagesABlock; i += AtOnce)
        {
            _ = MailAddress.TryParse($"user{i % 50}@bench.test", out var to);
            var transaction = new MailTransaction(client, new(sender), new(null, BodyType.SevenBit, false, null, null, null));
            var begun = (Begun.Open)await receiver.BeginAsync(transaction, default);
            if (await begun.Receiving.AddAsync(new(to, null, null), default) is { } no) throw new InvalidOperationException(no.ToString());
            var body = begun.Receiving.BeginBody();
            body.Write(Octets(i));
            var result = await begun.Receiving.FinishAsync(body, default);
            if (result.Recipients[0] is { } refused) throw new InvalidOperationException(refused.ToString());
        }
    }

    private static async Task MillionAsync(string data, int messages)
    {
        Directory.CreateDirectory(data);
        var options = new global::Aviso.Trace.TraceOptions();
        await using var recorder = TraceRecorder.Open(data, options, TimeProvider.System, NullLogger.Instance);
        var (watch, most, began) = (Stopwatch.StartNew(), 0L, TimeProvider.System.GetUtcNow());
        for (var i = 0; i < messages; i++)
        {
            Tell(recorder, i);
            if (i % 20_000 != 0) continue;
            recorder.Flush();
            most = Math.Max(most, Directory.GetFiles(Path.Combine(data, "trace")).Sum(f => new FileInfo(f).Length));
        }
        recorder.Flush();
        Say($"{messages:N0} messages told in {watch.Elapsed.TotalSeconds:0.0} s; at most {most / 1048576.0:0} MB on disk "
            + $"of {options.Size >> 20} MB; lost {recorder.Lost?.Entries ?? 0}; "
            + $"{Directory.GetFiles(Path.Combine(data, "trace")).Length} files");
        var finder = new TraceFinder(recorder);
        var at = messages - messages / 3;
        foreach (var (name, text) in new[]
        {
            ("Message-ID", $"m{at}@sender{at % 997}.test"), ("queue id", IdText.Format(at + 1L << 22)),
            ("address", $"person{at}@sender{at % 997}.test"),
            ("two words of a subject", $"invoice{at} yours"), ("IP address, 3,900 messages", $"192.0.2.{at % 256}"),
            ("a recipient of 20,000 messages", "user7@bench.test"), ("nothing like it", "nobody@nowhere.test"),
        })
        {
            var times = new List<double>();
            var found = 0;
            for (var run = 0; run < 5; run++)
            {
                var started = Stopwatch.GetTimestamp();
                found = finder.Find(TraceQuery.Parse(text, began), t => t, default).Count;
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
            Say($"found by {name}: {found} in {Median(times):0} ms (slowest of five {times.Max():0})");
        }
    }

    private static void Tell(TraceRecorder recorder, int i)
    {
        var entry = recorder.Begin(TimeProvider.System.GetUtcNow())!;
        var recipient = $"user{i % 50}@bench.test";
        entry.Event(TraceKind.Connected).With(TraceField.Id, IdText.Format(i + 1L << 22)).With(TraceField.Client, $"192.0.2.{i % 256}")
            .With(TraceField.Helo, $"mx.sender{i % 997}.test").With(TraceField.Protocol, "smtp").With(TraceField.Tls, "Tls13");
        entry.Event(TraceKind.Mail).With(TraceField.Sender, $"person{i}@sender{i % 997}.test");
        entry.Event(TraceKind.RecipientAccepted).With(TraceField.Recipient, recipient).With(TraceField.Account, IdText.Format(i % 50 + 1));
        entry.Event(TraceKind.Header).With(TraceField.MessageId, $"m{i}@sender{i % 997}.test").With(TraceField.Size, 4096L)
            .With(TraceField.Author, $"person{i}@sender{i % 997}.test").With(TraceField.Subject, $"invoice{i} is yours");
        foreach (var method in (string[])["spf", "dkim", "dmarc"])
            entry.Event(TraceKind.Authentication).With(TraceField.Method, method).With(TraceField.Result, "pass")
                .With(TraceField.Domain, "sender.test");
        entry.Event(TraceKind.Judged).With(TraceField.Action, "accept").With(TraceField.Score, -1.5).With(TraceField.Required, 6.0)
            .With(TraceField.Rule, "SPF_PASS -0.5").With(TraceField.Rule, "DKIM_PASS -1");
        entry.Event(TraceKind.Filed).With(TraceField.Account, IdText.Format(i % 50 + 1)).With(TraceField.Recipient, recipient)
            .With(TraceField.Folder, "INBOX").With(TraceField.Uid, (long)i).With(TraceField.Email, IdText.Format((i + 1L << 22) + 7));
        entry.Event(TraceKind.Accepted).With(TraceField.Took, 3L);
        recorder.Add(entry);
    }

    private static readonly string Filling =
        string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog and goes home\r\n", 60));

    private static byte[] Octets(int i) => Encoding.ASCII.GetBytes(
        $"From: Somebody <x@sender.test>\r\nTo: user@bench.test\r\nSubject: your invoice {i}\r\nMessage-ID: <m{i}@sender.test>\r\n"
        + $"Date: Sat, 21 Nov 2026 07:00:00 +0000\r\n\r\n{Filling}");

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Say(string text) => Console.WriteLine(text);

    /// <summary>A dozen findings, as a filter has them of an ordinary message.</summary>
    private sealed class Rules : ISpamCheck
    {
        public string Name => "rules";

        public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
        {
            for (var i = 0; i < 12; i++) context.Add($"RULE_NUMBER_{i}", i % 3 * 0.1 - 0.1, "because");
            return default;
        }
    }
}
