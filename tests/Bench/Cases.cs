using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Aviso.Bench;

/// <summary>Both servers and how often to measure.</summary>
internal sealed record Course(AvisoTarget Aviso, PeerStack Peers, int Runs);

/// <summary>The whole-server benchmarks by name; "owes" from the goals of the project.</summary>
internal static partial class Cases
{
    public static readonly IReadOnlyDictionary<string, Func<Course, Task<Table>>> All = new Dictionary<string, Func<Course, Task<Table>>>
    {
        ["smtp"] = course => SmtpAsync(course, "smtp", 4096, 10_000, 20, 0.35),
        ["smtp-large"] = course => SmtpAsync(course, "smtp-large", 65_536, 3_000, 20, 0.7),
        ["relay"] = RelayAsync,
        ["imap"] = ImapAsync,
        ["imap-login"] = ImapLoginAsync,
        ["idle"] = IdleAsync,
        ["fetch"] = course => FetchAsync(course, "fetch", "^fetch_(flags|envelope|1000)|status|select|sort|thread"),
        ["grow"] = GrowAsync,
        ["search"] = course => FetchAsync(course, "search", "^search"),
    };

    private static async Task<Table> SmtpAsync(Course course, string name, int octets, int messages, int connections, double owes)
    {
        var (aviso, peers) = (new List<JsonNode>(), new List<JsonNode>());
        // One run to warm up: a server that has just started is not what is measured.
        await LoadAsync(course.Aviso, octets, messages, connections);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await LoadAsync(course.Aviso, octets, messages, connections));
            peers.Add(await LoadAsync(course.Peers, octets, Math.Min(messages, 3_000), connections));
        }
        return new(name, Smtp(aviso, peers, owes, timesTheRate: octets == 4096 ? 10 : null));
    }

    private static List<Row> Smtp(List<JsonNode> aviso, List<JsonNode> peers, double owes, int? timesTheRate) =>
    [
        new("CPU a message", "ms", Median(aviso, "cpu_ms_per_msg"), Median(peers, "cpu_ms_per_msg"), owes),
        new("in the mailbox a second", "msg/s", Median(aviso, "e2e_per_s"), Median(peers, "e2e_per_s"), timesTheRate * Median(peers, "e2e_per_s"), HigherIsBetter: true),
        new("250 after DATA, p50", "ms", aviso.Select(p => (double)p["lat_ms"]!["p50"]!).Order().ElementAt(aviso.Count / 2),
            peers.Select(p => (double)p["lat_ms"]!["p50"]!).Order().ElementAt(peers.Count / 2)),
        new("memory under load (PSS)", "MB", aviso.Max(Pss), peers.Max(Pss)),
    ];

    private static double Pss(JsonNode run) => Math.Max((double)run["peak_pss_mb"]!, (double)run["idle_pss_mb"]!);

    private static async Task<JsonNode> LoadAsync(ITarget target, int octets, int messages, int connections)
    {
        var output = await Scripts.RunAsync("smtp_rate.py", ["127.0.0.1", $"{target.Smtp}"],
            ("STACK_PIDS", target.Pids), ("COUNT", target.Count), ("PRE_CMD", target.Wipe), ("MSGS", $"{messages}"),
            ("SESS", $"{connections}"), ("LEN", $"{octets}"), ("RUNS", "1"), ("PASS", "benchpass"));
        Console.WriteLine($"  {target.Name}: {output.Split('\n')[0]}");
        return JsonNode.Parse(output.Split('\n')[0])!;
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
        return new("relay",
        [
            new("CPU a message, in, queued, out", "ms", Median(aviso, "cpu_ms_per_msg"), Median(peers, "cpu_ms_per_msg"), 0.5),
            new("out a second", "msg/s", Median(aviso, "e2e_per_s"), Median(peers, "e2e_per_s"), HigherIsBetter: true),
        ]);
    }

    // Postfix relays for its own networks; Aviso never does: there an alias leads to the sink, the way of a forward.
    private static async Task<JsonNode> RelayOnceAsync(ITarget target, string users, int messages)
    {
        var output = await Scripts.RunAsync("relay_rate.sh", ["127.0.0.1", $"{target.Smtp}"],
            ("STACK_PIDS", target.Pids), ("USERPAT", users), ("MSGS", $"{messages}"), ("RUNS", "1"), ("SESS", "20"));
        Console.WriteLine($"  {target.Name}: {output.Split('\n')[0]}");
        return JsonNode.Parse(output.Split('\n')[0])!;
    }

    /// <summary>Delivery cost as the store fills; AVISO_ROUNDS messages in all (100,000).</summary>
    private static async Task<Table> GrowAsync(Course course)
    {
        const int Block = 10_000;
        var total = int.TryParse(Environment.GetEnvironmentVariable("AVISO_ROUNDS"), out var given) ? given : 100_000;
        await LoadAsync(course.Aviso, 4096, Block, 20);
        var blocks = new List<JsonNode>();
        for (var stored = Block; stored < total; stored += Block) blocks.Add(await LoadAsync(course.Aviso, 4096, Block, 20));
        // The first and the last three blocks: one alone says more about the machine than about the store.
        var first = Median(blocks.Take(3).ToList(), "cpu_ms_per_msg");
        var last = Median(blocks.TakeLast(3).ToList(), "cpu_ms_per_msg");
        return new("grow",
        [
            new($"CPU a message at {2 * Block:N0} stored", "ms", first, double.NaN),
            new($"CPU a message at {total:N0} stored (within 20 %)", "ms", last, double.NaN, 1.2 * first),
        ]);
    }

    private static async Task<Table> ImapAsync(Course course)
    {
        var (aviso, peers) = (new List<ImapFigures>(), new List<ImapFigures>());
        foreach (var target in new ITarget[] { course.Aviso, course.Peers }) await ImapLoad.FillAsync(target, users: 100, messages: 484);
        await ImapLoad.MixedAsync(course.Aviso, connections: 50, seconds: 5);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await ImapLoad.MixedAsync(course.Aviso, connections: 50, seconds: 8));
            peers.Add(await ImapLoad.MixedAsync(course.Peers, connections: 50, seconds: 8));
        }
        return new("imap", Imap(aviso, peers, 0.08));
    }

    private static async Task<Table> ImapLoginAsync(Course course)
    {
        var (aviso, peers) = (new List<ImapFigures>(), new List<ImapFigures>());
        foreach (var target in new ITarget[] { course.Aviso, course.Peers }) await ImapLoad.FillAsync(target, users: 100, messages: 20);
        await ImapLoad.LoginsAsync(course.Aviso, connections: 20, seconds: 4);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await ImapLoad.LoginsAsync(course.Aviso, connections: 20, seconds: 6));
            peers.Add(await ImapLoad.LoginsAsync(course.Peers, connections: 20, seconds: 6));
        }
        return new("imap-login", Imap(aviso, peers, 0.25));
    }

    private static List<Row> Imap(List<ImapFigures> aviso, List<ImapFigures> peers, double owes) =>
    [
        new("CPU a command", "ms", Median(aviso.Select(f => f.CpuPerCommand)), Median(peers.Select(f => f.CpuPerCommand)), owes),
        new("commands a second", "/s", Median(aviso.Select(f => f.PerSecond)), Median(peers.Select(f => f.PerSecond)), HigherIsBetter: true),
        new("memory (PSS)", "MB", aviso.Max(f => f.Pss), peers.Max(f => f.Pss)),
    ];

    private static async Task<Table> IdleAsync(Course course)
    {
        var rows = new List<Row>();
        foreach (var (name, tls) in new[] { ("in the clear", "0"), ("over TLS", "1") })
        {
            var aviso = await IdleOnceAsync(course.Aviso, tls);
            var peers = await IdleOnceAsync(course.Peers, tls);
            rows.Add(new($"PSS of one idle connection {name}", "KiB", aviso, peers, tls == "1" ? 48 : null));
        }
        return new("idle", rows);
    }

    private static async Task<double> IdleOnceAsync(ITarget target, string tls)
    {
        var output = await Scripts.RunAsync("imap_idle.py", ["127.0.0.1", $"{(tls == "1" ? target.Imaps : target.Imap)}", "500"],
            ("STACK_PIDS", target.Pids), ("TLS", tls), ("SETTLE", "15"));
        Console.WriteLine($"  {target.Name}: {output.Trim()}");
        return double.Parse(KibPerConnection().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static async Task<Table> FetchAsync(Course course, string name, string only)
    {
        await Scripts.RunAsync("imap_fill.py", ["10000", "append", "127.0.0.1", $"{course.Aviso.Imap}", "big10k@bench.test", "benchpass"]);
        if (!Directory.Exists(PeerStack.BigMailbox("big10k")))
            await Scripts.RunAsync("imap_fill.py", ["10000", "append", "127.0.0.1", $"{course.Peers.Imap}", "big10k@bench.test", "benchpass"]);
        // The first search over text asks for the index; it is built in the background and waited for here.
        await ImapLoad.IndexAsync(course.Aviso, "big10k@bench.test", "zyzzyva");
        var aviso = await FetchOnceAsync(course.Aviso, only, course.Runs);
        var peers = await FetchOnceAsync(course.Peers, only, course.Runs);
        var owes = new Dictionary<string, double> { ["fetch_envelope"] = 33, ["search_body_rare"] = 40 };
        return new(name,
        [
            .. aviso.Where(figure => peers.ContainsKey(figure.Key)).Select(figure =>
                new Row($"{figure.Key}, 10,000 messages, warm", "ms", figure.Value, peers[figure.Key], owes.TryGetValue(figure.Key, out var o) ? o : null)),
        ]);
    }

    private static async Task<Dictionary<string, double>> FetchOnceAsync(ITarget target, string only, int runs)
    {
        var output = await Scripts.RunAsync("imap_fetch.py", ["127.0.0.1", $"{target.Imap}", "big10k@bench.test", "benchpass"],
            ("STACK_PIDS", target.Pids), ("ONLY", only), ("RUNS", $"{runs}"), ("LABEL", target.Name), ("QUIET_WAIT", "2"));
        Console.WriteLine(output);
        return WarmMedian().Matches(output).ToDictionary(
            match => match.Groups[1].Value, match => double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    private static double Median(List<JsonNode> runs, string key) => Median(runs.Select(run => (double)run[key]!));

    private static double Median(IEnumerable<double> figures) => figures.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

    [GeneratedRegex(@"^warm (\S+)\s+median\s+([\d.]+) ms", RegexOptions.Multiline)]
    private static partial Regex WarmMedian();

    [GeneratedRegex("\"kb_pss_per_conn\": ([\\d.]+)")]
    private static partial Regex KibPerConnection();
}
