using System.Text.Json.Nodes;

namespace Aviso.Bench;

/// <summary>
/// The spam filter: alone (/checkv2 of both, over messages of the suite `spam` that were not learned) and in the way of arriving mail. Both
/// have learned the same 1,000 ham and 1,000 spam; both ask a DNS server that knows of nothing but the sender's domain.
/// </summary>
internal static class FilterCase
{
    private const int Learned = 1000;
    private const int Judged = 1000;
    private const int Mailed = 2000;

    // Nothing is refused and nothing goes to Junk, or what is delivered could not be counted.
    private const string Settings = """
        spam: { enabled: true, add_header: 90, reject: 99 }
        dns: { resolvers: ["127.0.0.1:12053"] }

        """;

    public static async Task<Table> RunAsync(Course course)
    {
        var corpus = await SpamCorpus.LoadAsync();
        var folder = Directory.CreateTempSubdirectory("aviso-filter-");
        await course.Peers.FilterAsync();
        try
        {
            await course.Aviso.StopAsync();
            await course.Aviso.ConfigureAsync("spam: { enabled: false }\n", Settings, "  - { kind: http, address: \"127.0.0.1:0\" }\n");
            await course.Aviso.RunAsync();
            await LearnAsync(course, corpus);
            var suite = folder.CreateSubdirectory("suite");
            foreach (var message in Unlearned(corpus)) await File.WriteAllBytesAsync(
                Path.Combine(suite.FullName, message.Id + ".eml"), message.Octets);
            var made = folder.CreateSubdirectory("made");
            await Scripts.RunAsync("mkcorpus.py", [made.FullName, "200"]);
            return new("filter",
                $"Both with what 1,000 ham and 1,000 spam taught them. Alone: {Judged:N0} other messages of the suite by 8 connections to "
                + $"/checkv2. SMTP: {Mailed:N0} messages on 20 connections to Aviso, 600 to the peers; `made` are the 200 of mkcorpus.py.",
            [
                .. await AloneAsync(course, suite.FullName),
                .. await ArrivingAsync(course, "4 KiB of text", 30, ("LEN", "4096")),
                .. await ArrivingAsync(course, "made", 28, ("EMLDIR", made.FullName)),
            ])
            { Peer = "Postfix + Dovecot + Rspamd" };
        }
        finally
        {
            folder.Delete(recursive: true);
            await course.Peers.NoFilterAsync();
        }
    }

    private static IEnumerable<CorpusMessage> Unlearned(IReadOnlyList<CorpusMessage> corpus)
    {
        var others = corpus.Where(m => !m.IsForTuning).ToArray();
        new Random(7).Shuffle(others);
        return others.Take(Judged);
    }

    // As rspamc does it: one message a request.
    private static async Task LearnAsync(Course course, IReadOnlyList<CorpusMessage> corpus)
    {
        var from = corpus.Where(m => m.IsForTuning).ToArray();
        new Random(8).Shuffle(from);
        using var ours = new HttpClient { BaseAddress = new($"http://127.0.0.1:{course.Aviso.Http}") };
        using var rspamd = new RspamdClient();
        CorpusMessage[] lessons = [.. from.Where(m => m.IsSpam).Take(Learned), .. from.Where(m => !m.IsSpam).Take(Learned)];
        foreach (var message in lessons)
        {
            using var mine = await ours.PostAsync(message.IsSpam ? "/learnspam" : "/learnham", new ByteArrayContent(message.Octets));
            mine.EnsureSuccessStatusCode();
        }
        await rspamd.LearnAsync(lessons);
        for (var i = 0; (int)JsonNode.Parse(await ours.GetStringAsync("/stat"))!["learned"]! < 2 * Learned; i++)
        {
            if (i > 300) throw new InvalidOperationException("Aviso did not train within five minutes");
            await Task.Delay(1000);
        }
    }

    private static async Task<Row[]> AloneAsync(Course course, string messages)
    {
        var (aviso, peers) = (new List<JsonNode>(), new List<JsonNode>());
        await ScanAsync("Aviso", course.Aviso.Http, course.Aviso.Pids, messages);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await ScanAsync("Aviso", course.Aviso.Http, course.Aviso.Pids, messages));
            peers.Add(await ScanAsync("Rspamd", PeerStack.Scanner, course.Peers.FilterPids, messages));
        }
        course.Note(aviso, peers);
        return
        [
            new("filter alone: CPU a message", "ms", Median(aviso, "cpu_ms_per_msg"), Median(peers, "cpu_ms_per_msg"), Owed.Times(18)),
            new("filter alone: judged a second", "msg/s", Median(aviso, "per_s"), Median(peers, "per_s"), HigherIsBetter: true),
            new("filter alone: p50", "ms", Median(aviso, "p50_ms"), Median(peers, "p50_ms")),
            new("memory of the scanner (Aviso: whole server, PSS)", "MB", Median(aviso, "pss_mb"), Median(peers, "pss_mb")),
        ];
    }

    private static async Task<JsonNode> ScanAsync(string name, int port, string pids, string messages)
    {
        var output = await Scripts.RunAsync("scan_rate.py", ["127.0.0.1", $"{port}", messages],
            ("STACK_PIDS", pids), ("CONC", "8"), ("TOTAL", $"{Judged}"), ("RUNS", "1"));
        Console.WriteLine($"  {name}: {output.Split('\n')[0]}");
        return Proof.Scan(name, JsonNode.Parse(output.Split('\n')[0])!, Judged);
    }

    private static async Task<Row[]> ArrivingAsync(Course course, string what, double owes, (string, string) kind)
    {
        var (aviso, peers) = (new List<JsonNode>(), new List<JsonNode>());
        await Cases.LoadAsync(course.Aviso, 4096, Mailed, 20, kind);
        for (var run = 0; run < course.Runs; run++)
        {
            aviso.Add(await Cases.LoadAsync(course.Aviso, 4096, Mailed, 20, kind));
            peers.Add(await Cases.LoadAsync(course.Peers, 4096, 600, 20, kind, ("XCLIENT", "192.0.2.10"), ("TIMEOUT", "120")));
        }
        course.Note(aviso, peers);
        return
        [
            new($"SMTP in with the filter, {what}: CPU a message", "ms", Median(aviso, "cpu_ms_per_msg"), Median(peers, "cpu_ms_per_msg"),
                Owed.Times(owes)),
            new($"SMTP in with the filter, {what}: in the mailbox a second", "msg/s", Median(aviso, "e2e_per_s"),
                Median(peers, "e2e_per_s"), HigherIsBetter: true),
            new($"SMTP in with the filter, {what}: memory (PSS)", "MB", Figure.Of(aviso.Select(Cases.Pss)),
                Figure.Of(peers.Select(Cases.Pss)), Owed.AtMost(130)),
        ];
    }

    private static Figure Median(List<JsonNode> runs, string key) => Figure.Of(runs.Select(run => (double)run[key]!));
}
