using System.Globalization;
using System.Runtime.InteropServices;

namespace Aviso.Bench;

/// <summary>The running servers; stops both, also when it is interrupted.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly PeerStack _peers;
    private readonly Lazy<Task> _stopping;
    private AvisoTarget? _aviso;

    private Bench(PeerStack peers) => (_peers, _stopping) = (peers, new(StopAllAsync));

    public static async Task<Bench> StartAsync() => new(await PeerStack.StartAsync());

    /// <summary>One benchmark on a fresh Aviso.</summary>
    public async Task<Table> MeasureAsync(string name, int runs)
    {
        var aviso = _aviso = new AvisoTarget();
        try
        {
            await aviso.StartAsync();
            var course = new Course(aviso, _peers, runs);
            return await Cases.All[name](course) with { Runs = runs, Others = course.Others.DefaultIfEmpty().Average() };
        }
        finally
        {
            await aviso.DisposeAsync();
            _aviso = null;
        }
    }

    public void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _ = Task.Run(async () =>
        {
            await DisposeAsync();
            Environment.Exit(130);
        });
    }

    public async ValueTask DisposeAsync() => await _stopping.Value;

    private async Task StopAllAsync()
    {
        if (_aviso is { } aviso) await aviso.DisposeAsync();
        await _peers.DisposeAsync();
    }
}

/// <summary>
/// CPU that others used while something was measured. Ours is this process, its children (scripts, load, reaped or not yet) and both
/// servers; the sink of `relay` outlives its script and counts as another.
/// </summary>
internal sealed class Neighbours
{
    private readonly ITarget[] _ours;
    private (double All, double Busy, double Mine) _before;

    private Neighbours(ITarget[] ours) => _ours = ours;

    public static async Task<Neighbours> StartAsync(params ITarget[] ours)
    {
        var neighbours = new Neighbours(ours);
        neighbours._before = await neighbours.NowAsync();
        return neighbours;
    }

    /// <summary>Since the start, 0 to 1 of all cores.</summary>
    public async Task<double> ShareAsync()
    {
        var now = await NowAsync();
        return Math.Max(0, (now.Busy - _before.Busy - (now.Mine - _before.Mine)) / Math.Max(1, now.All - _before.All));
    }

    // Clock ticks: 100 a second on Linux.
    private async Task<(double All, double Busy, double Mine)> NowAsync()
    {
        var mine = Self();
        foreach (var target in _ours) mine += 100 * (await Scripts.StatAsync(target.Pids)).Cpu;
        // proc(5): user nice system idle iowait irq softirq steal.
        var host = Numbers((await File.ReadAllLinesAsync("/proc/stat"))[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]);
        return (host.Sum(), host.Sum() - host[3] - host[4], mine);
    }

    // utime stime cutime cstime, counted from behind the name.
    private static double Self()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        return Numbers(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[11..15]).Sum();
    }

    private static double[] Numbers(string[] words) => Array.ConvertAll(words, word => double.Parse(word, CultureInfo.InvariantCulture));
}
