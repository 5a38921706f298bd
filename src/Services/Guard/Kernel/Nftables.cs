using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <param name="Table">An inet table that is ours alone.</param>
/// <param name="Drop">A chain of ours drops what comes from the sets to <paramref name="Ports"/>; else there are only the sets.</param>
public sealed record NftablesOptions(string Table, bool Drop, IReadOnlyList<int> Ports)
{
    public bool Equals(NftablesOptions? other) =>
        other is not null && other.Table == Table && other.Drop == Drop && other.Ports.SequenceEqual(Ports);

    public override int GetHashCode() => HashCode.Combine(Table, Drop, Ports.Count);
}

/// <summary>
/// Keeps what is banned in two sets of the kernel's packet filter, by running nft: once a second at most, in bounded batches, from scratch
/// at the start and whenever the kernel disagrees. Bans carry their time, so those of a server that is gone end by themselves. What
/// automation may not ban is not exported. A kernel that does not want is an event and a retry; bans hold at accept all the same.
/// </summary>
public sealed class NftablesExport : IAsyncDisposable
{
    /// <summary>Of one run of nft; the rest follows a second later.</summary>
    private const int Batch = 20_000;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Same = TimeSpan.FromSeconds(5);

    private readonly Gatekeeper _gate;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly Dictionary<string, DateTimeOffset> _there = new(StringComparer.Ordinal);
    private bool _built, _rebuilding;

    public NftablesExport(NftablesOptions options, Gatekeeper gate, TimeProvider clock, ILogger log)
    {
        (Options, _gate, _clock, _log) = (options, gate, clock, log);
        _running = Task.Run(RunAsync, CancellationToken.None);
    }

    public NftablesOptions Options { get; }

    /// <summary>Why the sets are not as they should be; null when they are.</summary>
    public string? Problem { get; private set; }

    public int Count { get; private set; }

    /// <summary>Stops; the table stays, and what is in it ends with its time.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>Takes the table out of the kernel. Null, or what went wrong. Call it when nothing exports any more.</summary>
    public static Task<string?> RemoveAsync(string table, CancellationToken cancel) =>
        // Adding first: deleting what is not there would be an error.
        NftAsync($"add table inet {table}\ndelete table inet {table}\n", cancel);

    private async Task RunAsync()
    {
        var (seen, looked) = (-1L, 0L);
        using var timer = new PeriodicTimer(Beat, _clock);
        do
        {
            try
            {
                var changes = _gate.Book.Changes;
                var due = _clock.GetElapsedTime(looked) >= LookAgain;
                // After a failure only now and then: a kernel that says no does so a while.
                if (Problem is not null ? !due : changes == seen && !due) continue;
                looked = _clock.GetTimestamp();
                var whole = await SyncAsync(_stop.Token);
                seen = whole ? changes : -1;
            }
            catch (Exception e) when (!_stop.IsCancellationRequested)
            {
                Failed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(_stop.Token));
    }

    /// <summary>False when there is more than one batch to do.</summary>
    private async Task<bool> SyncAsync(CancellationToken cancel)
    {
        if (!_built)
        {
            if (await NftAsync(Build(Options), cancel) is { } problem)
            {
                Failed(problem);
                return true;
            }
            _there.Clear();
            _built = true;
        }
        var now = _clock.GetUtcNow();
        var wanted = Wanted(now);
        var (text, changes, whole) = Changes(wanted, now);
        if (changes.Count > 0 && await NftAsync(text, cancel) is { } refused)
        {
            // The kernel has something else than we think: from scratch with the next beat, and only then is it a failure.
            if (_rebuilding) Failed(refused);
            _rebuilding = !_rebuilding;
            _built = false;
            return false;
        }
        _rebuilding = false;
        foreach (var (value, until) in changes)
        {
            if (until is { } end) _there[value] = end;
            else _there.Remove(value);
        }
        GuardMeters.Nft("ok");
        if (Problem is not null) _log.KernelInStep(Options.Table);
        Problem = null;
        Count = _there.Count;
        GuardMeters.NftElements(Count);
        return whole;
    }

    private void Failed(string problem)
    {
        GuardMeters.Nft("failed");
        _log.KernelBehind(problem);
        (Problem, _built) = (problem, false);
    }

    /// <summary>Bans that must hold, none inside of another: the kernel takes no overlapping ones.</summary>
    private Dictionary<string, DateTimeOffset> Wanted(DateTimeOffset now)
    {
        var latest = new Dictionary<string, (System.Net.IPNetwork Network, DateTimeOffset Until)>(StringComparer.Ordinal);
        foreach (var decision in _gate.Book.List())
        {
            if (decision.Type != Decision.Ban || decision.Until <= now + Same || _gate.Spares(decision)) continue;
            if (!latest.TryGetValue(decision.Value, out var other) || other.Until < decision.Until) latest[decision.Value] =
                (decision.Network, decision.Until);
        }
        var outer = new DecisionTable();
        var wanted = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        // Wide ones first: what one of them covers follows when it has ended.
        foreach (var (value, (network, until)) in latest.OrderBy(l => DecisionTable.KeyOf(l.Value.Network).Length))
        {
            if (outer.Contains(network.BaseAddress, 0)) continue;
            outer.Set(network, 1);
            wanted[value] = until;
        }
        return wanted;
    }

    private (string Text, List<(string Value, DateTimeOffset? Until)> Changes, bool Whole) Changes(
        Dictionary<string, DateTimeOffset> wanted, DateTimeOffset now)
    {
        var (gone, come) = (new List<string>(), new List<string>());
        var changes = new List<(string, DateTimeOffset?)>();
        foreach (var (value, until) in _there)
        {
            if (wanted.TryGetValue(value, out var end) && (end - until).Duration() < Same) continue;
            // What is about to end by itself may be gone already when the kernel hears of it.
            if (until > now + Same) gone.Add(value);
            else if (until > now) continue;
            changes.Add((value, null));
            if (changes.Count >= Batch) break;
        }
        var left = changes.Select(c => c.Item1).ToHashSet(StringComparer.Ordinal);
        foreach (var (value, until) in wanted)
        {
            if (changes.Count >= Batch) break;
            if (_there.ContainsKey(value) && !left.Contains(value)) continue;
            come.Add($"{value} timeout {(long)Math.Ceiling((until - now).TotalSeconds)}s");
            changes.Add((value, until));
        }
        var text = new StringBuilder();
        Command(text, "delete", gone);
        Command(text, "add", come);
        return (text.ToString(), changes, changes.Count < Batch);
    }

    private void Command(StringBuilder text, string verb, List<string> elements)
    {
        foreach (var (set, members) in new[] { ("banned4", elements.Where(e => !e.Contains(':', StringComparison.Ordinal))), ("banned6", elements.Where(e => e.Contains(':', StringComparison.Ordinal))) })
        {
            foreach (var some in members.Chunk(500)) text.Append(
                CultureInfo.InvariantCulture, $"{verb} element inet {Options.Table} {set} {{ {string.Join(", ", some)} }}\n");
        }
    }

    private static string Build(NftablesOptions options)
    {
        var t = options.Table;
        var text = new StringBuilder($"add table inet {t}\n");
        foreach (var (set, type) in new[] { ("banned4", "ipv4_addr"), ("banned6", "ipv6_addr") })
            text.Append(CultureInfo.InvariantCulture,
                $"add set inet {t} {set} {{ type {type}; flags interval, timeout; }}\nflush set inet {t} {set}\n");
        text.Append(CultureInfo.InvariantCulture,
            $"add chain inet {t} aviso_input {{ type filter hook input priority -10; policy accept; }}\nflush chain inet {t} aviso_input\n");
        if (!options.Drop || options.Ports.Count == 0) return text.Append(
            CultureInfo.InvariantCulture, $"delete chain inet {t} aviso_input\n").ToString();
        var ports = string.Join(", ", options.Ports);
        foreach (var (family, set) in new[] { ("ip", "banned4"), ("ip6", "banned6") })
            text.Append(CultureInfo.InvariantCulture,
                $"add rule inet {t} aviso_input tcp dport {{ {ports} }} {family} saddr @{set} counter drop\n");
        return text.ToString();
    }

    /// <summary>Null, or what nft said.</summary>
    private static async Task<string?> NftAsync(string text, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        var start = new ProcessStartInfo("nft", ["-f", "-"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var nft = Process.Start(start) ?? throw new IOException("nft does not start");
            try
            {
                var said = nft.StandardError.ReadToEndAsync(patience.Token);
                var output = nft.StandardOutput.ReadToEndAsync(patience.Token);
                await nft.StandardInput.WriteAsync(text.AsMemory(), patience.Token);
                nft.StandardInput.Close();
                await nft.WaitForExitAsync(patience.Token);
                await output;
                return nft.ExitCode == 0 ? null : First(await said);
            }
            finally
            {
                if (!nft.HasExited) nft.Kill();
            }
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            return $"nft cannot be run (Debian package nftables): {e.Message}";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"nft did not end within {Patience.TotalSeconds:0} s";
        }
    }

    private static string First(string said)
    {
        var line = said.Split('\n').FirstOrDefault(l => l.Trim().Length > 0) ?? "nft failed";
        return line.Length > 300 ? line[..300] : line;
    }
}
