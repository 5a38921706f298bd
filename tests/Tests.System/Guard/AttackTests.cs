using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Aviso.Tests.System.Durability;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>Many attackers at once: people are served, attackers are banned, memory is bounded. `./dev attack` runs it with 10,000
/// connections.</summary>
public sealed class AttackTests(ITestOutputHelper output)
{
    // Attempts that may still be answered: the threshold, and what is under way before the ban bites.
    private static readonly Dictionary<string, (int Threshold, int Most)> Thresholds = new()
    {
        ["early talkers"] = (1, 2),
        ["http on smtp"] = (1, 2),
        ["password guessing"] = (4, 6),
        ["address harvest"] = (6, 20),
        ["connection flood"] = (71, 100_000),
    };

    [Fact]
    [Trait("long", "attack")]
    public async Task People_are_served_attackers_are_banned_none_of_ours_is_and_memory_is_bounded()
    {
        var connections = CrashTests.Rounds(400);
        await using var server =
            await AvisoServer.StartAsync("log: { level: warning }\n", "smtp imap imaps metrics", proxies: $"{HaproxyServer.Source}/32",
            limits: "{ connections_at_once: 50 }", cleartext: "127.0.0.0/8, 198.0.0.0/8");
        var people = new Ordinary(server);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        // A server that has seen mail and a small attack before: in its first seconds its code is still being compiled.
        var small = new Attack(server, Math.Min(200, connections), wave: 0, stop.Token);
        await people.RunAsync(TimeSpan.FromSeconds(5), small.RunAsync());
        small.LetGo();
        var quiet = await people.RunAsync(TimeSpan.FromSeconds(5), null);
        var before = Memory(server);
        var attack = new Attack(server, connections, wave: 1, stop.Token);
        var began = Stopwatch.GetTimestamp();
        var attacking = Task.Run(attack.RunAsync, CancellationToken.None);
        var peak = WatchAsync(server, attacking);
        var under = await people.RunAsync(TimeSpan.FromSeconds(10), attacking);
        var most = await peak;
        var took = Stopwatch.GetElapsedTime(began);
        var held = attack.StillHeld;

        var banned = await BannedAsync(server);
        Report(connections, attack, held, took, before, most, quiet, under, banned);
        Assert.Equal((0, ""), (people.Failures, people.LastFailure));
        foreach (var (kind, addresses) in attack.ToBan)
        {
            Assert.Equal([], addresses.Except(banned).Take(3));
            Assert.All(attack.UntilBanned[kind], tries => Assert.InRange(tries, 1, Thresholds[kind].Most));
        }
        // Whoever is silent, and who is ours or a customer, is not.
        Assert.DoesNotContain(banned, a =>
            IPAddress.IsLoopback(IPAddress.Parse(a)) || a.StartsWith("198.51.100.", StringComparison.Ordinal));
        Assert.True(most - before < (150 << 20) + (connections * 64L * 1024), $"{before >> 20} MB became {most >> 20} MB");
        attack.LetGo();
        await WaitForAsync(async () => await server.MetricAsync("aviso_connections_open") < 20, "connections stayed open");
    }

    private void Report(
        int connections, Attack attack, int held, TimeSpan took, long before, long most, Dictionary<string, List<double>> quiet,
        Dictionary<string, List<double>> under, HashSet<string> banned)
    {
        var text = new StringBuilder("| what | quiet, p50 / p99 | under attack, p50 / p99 | owes |\n|---|---|---|---|\n");
        foreach (var (what, times) in under.OrderBy(u => u.Key, StringComparer.Ordinal))
        {
            var calm = quiet.GetValueOrDefault(what) ?? [];
            var p99 = Ordinary.Percentile(times, 0.99);
            text.Append(CultureInfo.InvariantCulture,
                $"| {what} | {Ordinary.Percentile(calm, 0.5):0.0} / {Ordinary.Percentile(calm, 0.99):0.0} ms | {Ordinary.Percentile(times, 0.5):0.0} / {p99:0.0} ms | 100 ms: {(p99 < 100 ? "met" : "**missed**")} |\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"| memory (RSS) | {before / 1048576.0:0} MB | {most / 1048576.0:0} MB | |\n");
        foreach (var (kind, addresses) in attack.ToBan.OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            var tries = attack.UntilBanned[kind];
            text.Append(CultureInfo.InvariantCulture,
                $"| {kind}: attempts answered before the ban bit, at most | | {tries.Max()} (the scenario's threshold is {Thresholds[kind].Threshold}); {addresses.Count(banned.Contains)} of {addresses.Count} addresses banned | all |\n");
        }
        var load = string.Create(CultureInfo.InvariantCulture,
            $"{attack.Begun:N0} hostile connections ({connections:N0} wanted) in {took.TotalSeconds:0} s: silent ones on SMTP and IMAP, half TLS handshakes, early talkers, HTTP, guesses, harvests, floods; {held:N0} silent ones were open at the end.");
        output.WriteLine($"{load}\n\n{text}");
        if (Environment.GetEnvironmentVariable("AVISO_WRITE") is { Length: > 0 }) Write($"## attack\n\n{load}\nThe attackers and the people run on the same machine; a wave of 200 connections came before. `./dev attack {connections}`, {DateTimeOffset.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores.\n\n{text}\n");
    }

    private static void Write(string section)
    {
        var path = Path.Combine(Checkout.Root, "docs", "bench.md");
        var page = File.ReadAllText(path);
        var parts = page.Split("\n## ");
        var others = parts.Skip(1).Select(p => "## " + p.TrimEnd() + "\n\n")
            .Where(p => !p.StartsWith("## attack\n", StringComparison.Ordinal)).Append(section);
        File.WriteAllText(path, parts[0].TrimEnd() + "\n\n" + string.Concat(others.OrderBy(p => p, StringComparer.Ordinal)));
    }

    private static async Task<HashSet<string>> BannedAsync(AvisoServer server)
    {
        var list = JsonDocument.Parse((await server.VerbAsync("decisions", "list", "--json")).MustSucceed().Output).RootElement;
        return [.. list.EnumerateArray().SelectMany(a => a.GetProperty("decisions").EnumerateArray()).Select(d =>
            d.GetProperty("value").GetString()!)];
    }

    private static async Task<long> WatchAsync(AvisoServer server, Task until)
    {
        var most = Memory(server);
        while (!until.IsCompleted)
        {
            await Task.WhenAny(until, Task.Delay(200));
            most = Math.Max(most, Memory(server));
        }
        return most;
    }

    // VmRSS in kB.
    private static long Memory(AvisoServer server) =>
        File.ReadLines($"/proc/{server.Pid}/status").Where(l => l.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(l => long.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).Single();

    private static async Task WaitForAsync(Func<Task<bool>> condition, string otherwise)
    {
        for (var tries = 0; !await condition(); tries++)
        {
            Assert.True(tries < 100, otherwise);
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }
}
