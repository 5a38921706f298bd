using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Aviso.Bench;

/// <summary>Both servers and how often to measure.</summary>
internal sealed record Course(AvisoTarget Aviso, PeerStack Peers, int Runs)
{
    /// <summary>Share of all cores that others used during each measurement (not while waiting for silence), 0 to 1.</summary>
    public List<double> Others { get; } = [];

    /// <summary>The scripts of the SMTP side say it of each run.</summary>
    public void Note(params List<JsonNode>[] runs) => Others.AddRange(runs.SelectMany(run => run).Select(run => (double)run["other_cpu"]!));

    public async Task<T> WatchAsync<T>(Func<Task<T>> measure)
    {
        var neighbours = await Neighbours.StartAsync(Aviso, Peers);
        var result = await measure();
        Others.Add(await neighbours.ShareAsync());
        return result;
    }
}

/// <summary>The whole-server benchmarks by name; "owes" from the goals of the project.</summary>
internal static partial class Cases
{
    public static readonly IReadOnlyDictionary<string, Func<Course, Task<Table>>> All = new Dictionary<string, Func<Course, Task<Table>>>
    {
        ["smtp"] = course => SmtpAsync(course, "smtp", 4096, 10_000, 20, 22, 15),
        ["smtp-large"] = course => SmtpAsync(course, "smtp-large", 65_536, 3_000, 20, 18, null),
        ["relay"] = RelayAsync,
        ["imap"] = ImapAsync,
        ["imap-login"] = ImapLoginAsync,
        ["idle"] = IdleAsync,
        ["fetch"] = course => FetchAsync(course, "fetch", "^fetch_(flags|envelope|1000)|status|select|sort|thread"),
        ["search"] = course => FetchAsync(course, "search", "^search"),
        ["select"] = SelectAsync,
        ["latency"] = LatencyAsync,
        ["filter"] = FilterCase.RunAsync,
        ["huge"] = HugeAsync,
        ["grow"] = GrowAsync,
        ["grow-store"] = GrowStoreAsync,
        ["grow-queue"] = GrowQueueAsync,
    };

    private static async Task<Table> SmtpAsync(
        Course course, string name, int octets, int messages, int connections, double cpu, double? rate)
    {
        var (aviso, peers) = (new List<JsonNode>(), new List<JsonNode>());
        // One run to warm up: a server that has just started is not what is measured.
        await LoadAsync(course.Aviso, octets, messages, connections);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await LoadAsync(course.Aviso, octets, messages, connections));
            peers.Add(await LoadAsync(course.Peers, octets, Math.Min(messages, 3_000), connections));
        }
        course.Note(aviso, peers);
        return new(
            name, $"Messages of {octets / 1024} KiB on {connections} connections, one a connection, {messages:N0} to Aviso and {Math.Min(messages, 3_000):N0} to the peers.",
            Smtp(aviso, peers, cpu, rate));
    }

    private static List<Row> Smtp(List<JsonNode> aviso, List<JsonNode> peers, double cpu, double? rate) =>
    [
        new("CPU a message", "ms", Median(aviso, "cpu_ms_per_msg"), Median(peers, "cpu_ms_per_msg"), Owed.Times(cpu)),
        new("in the mailbox a second", "msg/s", Median(aviso, "e2e_per_s"), Median(peers, "e2e_per_s"), rate is { } times
            ? Owed.Times(times) : null, HigherIsBetter: true),
        new("from connecting to 250, p50", "ms", Latency(aviso, "p50"), Latency(peers, "p50")),
        new("memory under load (PSS)", "MB", Figure.Of(aviso.Select(Pss)), Figure.Of(peers.Select(Pss))),
    ];

    internal static double Pss(JsonNode run) => Math.Max((double)run["peak_pss_mb"]!, (double)run["idle_pss_mb"]!);

    private static Figure Latency(List<JsonNode> runs, string at) => Figure.Of(runs.Select(run => (double)run["lat_ms"]![at]!));

    internal static async Task<JsonNode> LoadAsync(
        ITarget target, int octets, int messages, int connections, params (string, string)[] more)
    {
        var output = await Scripts.RunAsync("smtp_rate.py", ["127.0.0.1", $"{target.Smtp}"],
            [("STACK_PIDS", target.Pids), ("COUNT", target.Count), ("PRE_CMD", target.Wipe), ("MSGS", $"{messages}"),
            ("SESS", $"{connections}"), ("LEN", $"{octets}"), ("RUNS", "1"), ("PASS", "benchpass"), .. more]);
        Console.WriteLine($"  {target.Name}: {output.Split('\n')[0]}");
        return Proof.Mail(target.Name, JsonNode.Parse(output.Split('\n')[0])!, messages);
    }

    private static async Task<Table> RelayAsync(Course course)
    {
        var (aviso, peers) = (new List<JsonNode>(), new List<JsonNode>());
        await RelayOnceAsync(course.Aviso, "sink-%03d@bench.test", 10_000);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await RelayOnceAsync(course.Aviso, "sink-%03d@bench.test", 10_000));
            peers.Add(await RelayOnceAsync(course.Peers, "user%03d@sink.test", 3_000));
        }
        course.Note(aviso, peers);
        return new("relay",
            "Messages of 4 KiB on 20 connections to smtp-sink: Postfix relays for its own networks; Aviso, which relays for nobody, forwards by an alias.",
        [
            new("CPU a message, in, queued, out", "ms", Median(aviso, "cpu_ms_per_msg"), Median(peers, "cpu_ms_per_msg"), Owed.Times(8)),
            new("out a second", "msg/s", Median(aviso, "e2e_per_s"), Median(peers, "e2e_per_s"), Owed.Times(5), HigherIsBetter: true),
        ]);
    }

    // Postfix relays for its own networks; Aviso never does: there an alias leads to the sink, the way of a forward.
    private static async Task<JsonNode> RelayOnceAsync(ITarget target, string users, int messages)
    {
        var output = await Scripts.RunAsync("relay_rate.sh", ["127.0.0.1", $"{target.Smtp}"],
            ("STACK_PIDS", target.Pids), ("USERPAT", users), ("MSGS", $"{messages}"), ("RUNS", "1"), ("SESS", "20"));
        Console.WriteLine($"  {target.Name}: {output.Split('\n')[0]}");
        return Proof.Mail(target.Name, JsonNode.Parse(output.Split('\n')[0])!, messages);
    }

    /// <summary>Delivery cost as the store fills; AVISO_ROUNDS messages in all (100,000).</summary>
    private static async Task<Table> GrowAsync(Course course)
    {
        const int Block = 10_000;
        var total = int.TryParse(Environment.GetEnvironmentVariable("AVISO_ROUNDS"), out var given) ? given : 100_000;
        await LoadAsync(course.Aviso, 4096, Block, 20);
        var blocks = new List<JsonNode>();
        for (var stored = Block; stored < total; stored += Block) blocks.Add(await LoadAsync(course.Aviso, 4096, Block, 20));
        course.Note(blocks);
        // The first and the last three blocks: one alone says more about the machine than about the store.
        var first = Median(blocks.Take(3).ToList(), "cpu_ms_per_msg");
        var last = Median(blocks.TakeLast(3).ToList(), "cpu_ms_per_msg");
        return new("grow", $"Messages of 4 KiB on 20 connections until {total:N0} are stored.",
        [
            new($"CPU a message at {2 * Block:N0} stored", "ms", first, Figure.None),
            new($"CPU a message at {total:N0} stored (within 10 %)", "ms", last, Figure.None, Owed.AtMost(1.1 * first.Median)),
            new($"start to ready with {total:N0} stored", "ms", await RestartsAsync(course), Figure.None, Owed.AtMost(1_200)),
        ]);
    }

    private static async Task<Figure> RestartsAsync(Course course)
    {
        var took = new List<double>();
        for (var run = 0; run < course.Runs; run++) took.Add((await course.Aviso.RestartAsync()).TotalMilliseconds);
        return Figure.Of(took);
    }

    private static long[] Stages(long most) =>
        long.TryParse(Environment.GetEnvironmentVariable("AVISO_ROUNDS"), out var given) ? [10_000, given] : [10_000, 100_000, most];

    /// <summary>As GrowAsync for stores too large to fill over the wire.</summary>
    private static async Task<Table> GrowStoreAsync(Course course)
    {
        var rows = new List<Row>();
        double? first = null;
        var filled = 0L;
        foreach (var stage in Stages(1_000_000))
        {
            await course.Aviso.StopAsync();
            await Fill.StoreAsync(course.Aviso.Data, filled, stage);
            filled = stage;
            await course.Aviso.RunAsync();
            var ready = await RestartsAsync(course);
            var blocks = new List<JsonNode>();
            await LoadAsync(course.Aviso, 4096, 6_000, 20);
            for (var run = 0; run < course.Runs; run++) blocks.Add(await LoadAsync(course.Aviso, 4096, 6_000, 20));
            course.Note(blocks);
            var cpu = Median(blocks, "cpu_ms_per_msg");
            rows.Add(new(
                $"CPU a message at {stage:N0} stored", "ms", cpu, Figure.None, first is { } least ? Owed.AtMost(1.1 * least) : null));
            rows.Add(new($"start to ready with {stage:N0} stored", "ms", ready, Figure.None, Owed.AtMost(1_200)));
            first ??= cpu.Median;
        }
        return new("grow-store",
            "The store filled without a network between measurements (short messages), then messages of 4 KiB on 20 connections.", rows);
    }

    /// <summary>Mail for a hop that takes it while very many messages for others wait.</summary>
    private static async Task<Table> GrowQueueAsync(Course course)
    {
        var rows = new List<Row>();
        double? first = null, firstRate = null;
        var filled = 0L;
        foreach (var stage in Stages(1_000_000))
        {
            await course.Aviso.StopAsync();
            await Fill.QueueAsync(course.Aviso.Data, filled, stage);
            filled = stage;
            await course.Aviso.RunAsync();
            var ready = await RestartsAsync(course);
            var blocks = new List<JsonNode>();
            await RelayOnceAsync(course.Aviso, "sink-%03d@bench.test", 6_000);
            for (var run = 0; run < course.Runs; run++) blocks.Add(await RelayOnceAsync(course.Aviso, "sink-%03d@bench.test", 6_000));
            course.Note(blocks);
            var (cpu, rate) = (Median(blocks, "cpu_ms_per_msg"), Median(blocks, "e2e_per_s"));
            rows.Add(new(
                $"CPU a relayed message, {stage:N0} queued", "ms", cpu, Figure.None, first is { } least ? Owed.AtMost(1.1 * least) : null));
            rows.Add(new($"relayed a second, {stage:N0} queued", "msg/s", rate, Figure.None, firstRate is { } most
                ? Owed.AtLeast(most / 1.1) : null, HigherIsBetter: true));
            rows.Add(new($"start to ready, {stage:N0} queued", "ms", ready, Figure.None, Owed.AtMost(1_200)));
            (first, firstRate) = (first ?? cpu.Median, firstRate ?? rate.Median);
        }
        return new("grow-queue", "Messages for ten thousand other domains wait in the queue while messages of 4 KiB go through a relay.",
            rows);
    }

    private static async Task<Table> ImapAsync(Course course)
    {
        var (aviso, peers) = (new List<ImapFigures>(), new List<ImapFigures>());
        foreach (var target in new ITarget[] { course.Aviso, course.Peers }) await ImapLoad.FillAsync(target, users: 100, messages: 484);
        await ImapLoad.MixedAsync(course.Aviso, connections: 50, seconds: 5);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await course.WatchAsync(() => ImapLoad.MixedAsync(course.Aviso, connections: 50, seconds: 8)));
            peers.Add(await course.WatchAsync(() => ImapLoad.MixedAsync(course.Peers, connections: 50, seconds: 8)));
        }
        return new("imap", "50 connections, 100 users with 484 messages each, the mixed commands of ImapLoad.MixedAsync.",
            Imap(aviso, peers, 7, 6));
    }

    private static async Task<Table> ImapLoginAsync(Course course)
    {
        var (aviso, peers) = (new List<ImapFigures>(), new List<ImapFigures>());
        foreach (var target in new ITarget[] { course.Aviso, course.Peers }) await ImapLoad.FillAsync(target, users: 100, messages: 20);
        await ImapLoad.LoginsAsync(course.Aviso, connections: 20, seconds: 4);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await course.WatchAsync(() => ImapLoad.LoginsAsync(course.Aviso, connections: 20, seconds: 6)));
            peers.Add(await course.WatchAsync(() => ImapLoad.LoginsAsync(course.Peers, connections: 20, seconds: 6)));
        }
        return new("imap-login", "20 connections; each round connects, LOGIN, SELECT, FETCH, LOGOUT; 20 messages in each mailbox.",
            Imap(aviso, peers, 60, null));
    }

    private static List<Row> Imap(List<ImapFigures> aviso, List<ImapFigures> peers, double cpu, double? rate) =>
    [
        new("CPU a command", "ms", Figure.Of(aviso.Select(f => f.CpuPerCommand)), Figure.Of(peers.Select(f => f.CpuPerCommand)),
            Owed.Times(cpu)),
        new("commands a second", "/s", Figure.Of(aviso.Select(f => f.PerSecond)), Figure.Of(peers.Select(f => f.PerSecond)),
            rate is { } times ? Owed.Times(times) : null, HigherIsBetter: true),
        // At or below Dovecot's, which shares its indexes between processes.
        new("memory (PSS)", "MB", Figure.Of(aviso.Select(f => f.Pss)), Figure.Of(peers.Select(f => f.Pss)), Owed.Times(1)),
    ];

    private static async Task<Table> IdleAsync(Course course)
    {
        var rows = new List<Row>();
        foreach (var (name, tls) in new[] { ("in the clear", "0"), ("over TLS", "1") })
        {
            var (aviso, peers) = (new List<double>(), new List<double>());
            for (var run = 0; run < course.Runs; run++)
            {
                aviso.Add(await course.WatchAsync(() => IdleOnceAsync(course.Aviso, tls)));
                peers.Add(await course.WatchAsync(() => IdleOnceAsync(course.Peers, tls)));
            }
            rows.Add(new(
                $"PSS of one idle connection {name}", "KiB", Figure.Of(aviso), Figure.Of(peers), tls == "1" ? Owed.AtMost(32) : null));
        }
        return new("idle", "500 connections, logged in, INBOX selected, in IDLE.", rows);
    }

    private static async Task<double> IdleOnceAsync(ITarget target, string tls)
    {
        var output = await Scripts.RunAsync(
            "imap_idle.py", ["127.0.0.1", $"{(tls == "1" ? target.Imaps : target.Imap)}", "500"],
            ("STACK_PIDS", target.Pids), ("TLS", tls), ("SETTLE", "15"));
        Console.WriteLine($"  {target.Name}: {output.Trim()}");
        return (double)Proof.Idle(target.Name, JsonNode.Parse(output.Split('\n')[0])!, 500)["kb_pss_per_conn"]!;
    }

    private static async Task<Table> FetchAsync(Course course, string name, string only)
    {
        await Scripts.RunAsync("imap_fill.py", ["10000", "append", "127.0.0.1", $"{course.Aviso.Imap}", "big10k@bench.test", "benchpass"]);
        if (!Directory.Exists(PeerStack.BigMailbox("big10k")))
            await Scripts.RunAsync(
                "imap_fill.py", ["10000", "append", "127.0.0.1", $"{course.Peers.Imap}", "big10k@bench.test", "benchpass"]);
        // The first search over text asks for the index; it is built in the background and waited for here.
        await ImapLoad.IndexAsync(course.Aviso, "big10k@bench.test", "zyzzyva");
        var aviso = await course.WatchAsync(() => FetchOnceAsync(course.Aviso, only, course.Runs));
        var peers = await course.WatchAsync(() => FetchOnceAsync(course.Peers, only, course.Runs));
        if (aviso.Keys.Except(peers.Keys).FirstOrDefault() is { } missing) throw new BenchFailedException(
            $"{course.Peers.Name} did not answer {missing}");
        return new(name, "One session, one command at a time after a second of silence, so figures below 1 ms are mostly waking up.",
        [
            .. aviso.Select(figure => new Row($"{figure.Key}, 10,000 messages, warm", "ms", figure.Value, peers[figure.Key],
                FetchOwes.TryGetValue(figure.Key, out var times) ? Owed.Times(times) : null)),
        ]);
    }

    private static readonly Dictionary<string, double> FetchOwes = new(StringComparer.Ordinal)
    {
        ["fetch_flags"] = 4,
        ["fetch_envelope"] = 3,
        ["fetch_1000_bodies"] = 2,
        ["sort_date"] = 3,
        ["thread_refs"] = 3,
        ["status"] = 2,
        ["select"] = 1.5,
        ["search_body_rare"] = 25,
        ["search_body_common"] = 5,
    };

    private static async Task<Dictionary<string, Figure>> FetchOnceAsync(ITarget target, string only, int runs)
    {
        var output = await Scripts.RunAsync("imap_fetch.py", ["127.0.0.1", $"{target.Imap}", "big10k@bench.test", "benchpass"],
            ("STACK_PIDS", target.Pids), ("ONLY", only), ("RUNS", $"{runs}"), ("LABEL", target.Name), ("QUIET_WAIT", "2"));
        Console.WriteLine(output);
        return WarmMedian().Matches(output).ToDictionary(
            match => match.Groups[1].Value, match => new Figure(Number(match, 2), Number(match, 3), Number(match, 4), runs));

        // Tenths of a millisecond: what is printed as none took at most half of one.
        static double Number(Match match, int group) =>
            Math.Max(0.05, double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture));
    }

    private static async Task<Table> SelectAsync(Course course)
    {
        const string Box = "big100k";
        await Scripts.RunAsync("imap_fill.py", ["100000", "append", "127.0.0.1", $"{course.Aviso.Imap}", Box + "@bench.test", "benchpass"]);
        // IMAP is a slow way into a Maildir: the files are written instead, Dovecot indexes them at the first SELECT.
        if (!Directory.Exists(PeerStack.BigMailbox(Box)))
            await Scripts.RunAsync("imap_fill.py", ["100000", "maildir", PeerStack.BigMailbox(Box), await PeerStack.OwnerAsync()]);
        (string Name, Func<ITarget, Task> Before, double? Owes)[] states =
        [
            ("nothing new", _ => Task.CompletedTask, null),
            ("after a message came", target => Task.Run(() => ImapLoad.Append(target, Box + "@bench.test")), 114),
            ("cold", target => target.CoolAsync(), 1),
        ];
        var rows = new List<Row>();
        foreach (var (name, before, owes) in states)
        {
            var (aviso, peers) = (new List<double>(), new List<double>());
            foreach (var target in new ITarget[] { course.Aviso, course.Peers }) ImapLoad.Select(target, Box + "@bench.test");
            for (var run = 0; run < course.Runs; run++)
            {
                foreach (var (target, figures) in new (ITarget, List<double>)[] { (course.Aviso, aviso), (course.Peers, peers) })
                {
                    await before(target);
                    figures.Add(await course.WatchAsync(() => Task.FromResult(ImapLoad.Select(target, Box + "@bench.test"))));
                }
            }
            rows.Add(new($"SELECT of 100,000 messages, {name}", "ms", Figure.Of(aviso), Figure.Of(peers), owes is { } times
                ? Owed.Times(times) : null));
        }
        return new("select",
            "The first SELECT of a new session. Cold: after a restart of Aviso (Dovecot has a process a session), page cache dropped, Dovecot's index kept.", rows);
    }

    // Idle server, one connection that stays: from MAIL to 250.
    private static async Task<Table> LatencyAsync(Course course)
    {
        (string, string)[] keep = [("KEEP", "1")];
        await LoadAsync(course.Aviso, 4096, 2_000, 1, keep);
        var (aviso, peers, syncs) = (new List<JsonNode>(), new List<JsonNode>(), new List<double>());
        for (var run = 0; run < course.Runs; run++)
        {
            syncs.Add(Disk.SyncMilliseconds());
            aviso.Add(await LoadAsync(course.Aviso, 4096, 1_000, 1, keep));
            peers.Add(await LoadAsync(course.Peers, 4096, 1_000, 1, keep));
        }
        course.Note(aviso, peers);
        var sync = Figure.Of(syncs);
        return new("latency",
            "One connection, 1,000 messages of 4 KiB one after another; the peers' 250 means their queue, the mailbox comes later.",
        [
            new("from MAIL to 250, p50 (two syncs + 0.5 ms)", "ms", Latency(aviso, "p50"), Latency(peers, "p50"),
                Owed.AtMost((2 * sync.Median) + 0.5)),
            new("from MAIL to 250, p99", "ms", Latency(aviso, "p99"), Latency(peers, "p99")),
            new("one sync of 4 KiB on this disk, p50", "ms", sync, Figure.None),
        ]);
    }

    private static async Task<Table> HugeAsync(Course course)
    {
        var folder = Directory.CreateTempSubdirectory("aviso-bench-huge-");
        await File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "huge.eml"),
            "From: a@sender.test\r\nSubject: huge\r\n\r\n" + string.Concat(
                Enumerable.Repeat("the quick brown fox jumps over the lazy dog and goes home again\r\n", (200 << 20) / 65)));
        await LoadAsync(course.Aviso, 4096, 6_000, 4);
        var (added, p99, alone) = (new List<double>(), new List<double>(), new List<double>());
        (string, string)[] atOnce = [("COUNT", "none"), ("QUIET_WAIT", "0"), ("TIMEOUT", "120")];
        for (var run = 0; run < course.Runs; run++)
        {
            var quiet = Task.Run(() => LoadAsync(course.Aviso, 4096, 6_000, 4, atOnce));
            var usual = await PeakWhileAsync(course.Aviso, quiet);
            alone.Add((double)(await quiet)["lat_ms"]!["p99"]!);
            // Both scripts wait two seconds for silence before they start; the small mail must still flow when the large is in.
            var large = Task.Run(() => LoadAsync(course.Aviso, 4096, 4, 1, [.. atOnce, ("EMLDIR", folder.FullName)]));
            var small = Task.Run(() => LoadAsync(course.Aviso, 4096, 25_000, 4, atOnce));
            added.Add(await course.WatchAsync(() => PeakWhileAsync(course.Aviso, large)) - usual);
            if (small.IsCompleted || (int)(await large)["sent"]! != 4) throw new InvalidOperationException(
                "the large messages were not taken meanwhile");
            p99.Add((double)(await small)["lat_ms"]!["p99"]!);
        }
        folder.Delete(recursive: true);
        return new("huge", "Four messages of 200 MiB one after another while 4 connections send messages of 4 KiB.",
        [
            new("memory on top of that of small mail, most of any run (PSS)", "MB", Figure.Of(added.Select(more => Math.Max(more, 0.1))),
                Figure.None, Owed.AtMost(30)),
            new("small mail meanwhile, p99", "ms", Figure.Of(p99), Figure.None, Owed.AtMost(50)),
            new("small mail alone, p99", "ms", Figure.Of(alone), Figure.None),
        ]);
    }

    private static async Task<double> PeakWhileAsync(ITarget target, Task work)
    {
        var peak = 0.0;
        while (!work.IsCompleted)
        {
            var line = File.ReadLines($"/proc/{target.Pids}/smaps_rollup").First(one => one.StartsWith("Pss:", StringComparison.Ordinal));
            peak = Math.Max(
                peak, double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024);
            await Task.WhenAny(work, Task.Delay(100));
        }
        await work;
        return peak;
    }

    private static Figure Median(List<JsonNode> runs, string key) => Figure.Of(runs.Select(run => (double)run[key]!));

    [GeneratedRegex(@"^warm (\S+)\s+median\s+([\d.]+) ms\s+min\s+([\d.]+)\s+max\s+([\d.]+)", RegexOptions.Multiline)]
    private static partial Regex WarmMedian();
}
