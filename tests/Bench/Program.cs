// Measures Aviso beside its peers (Postfix, LMTP and Dovecot from Debian) with the same load in the same run. Whole-server figures
// come from the peers' scripts, which stand outside this repository (../shared/peers, or AVISO_PEERS); what counts is CPU per
// operation and the ratio, since wall-clock rates move with the machine.
using System.Globalization;
using System.Runtime.InteropServices;
using Aviso.Bench;

var names = string.Join(' ', Cases.All.Keys.Append("micro").Append("quality").Append("trace"));
if (args.Length == 0 || args[0] is "-h" or "--help")
{
    Console.WriteLine($"usage: dev bench NAME... [--runs N] [--write]\nNAME: {names} all\n"
        + "--write puts each table into docs/bench.md; N is at least 3. Needs root (the peers run under their own users); ./dev bench installs\n"
        + "their Debian packages (tests/bench-packages.txt). A server that fails or delivers nothing ends the run with status 1.");
    return args.Length == 0 ? 2 : 0;
}
var wanted = args.TakeWhile(arg => !arg.StartsWith("--", StringComparison.Ordinal)).ToList();
if (wanted is ["micro"])
{
    Micro.Run(args[1..]);
    return 0;
}
if (wanted is ["quality"])
{
    await Quality.RunAsync(args[1..]);
    return 0;
}
if (wanted is ["trace", ..])
{
    await TraceCase.RunAsync(args[1..]);
    return 0;
}
if (wanted is ["all"]) wanted = [.. Cases.All.Keys];
if (wanted.Find(name => !Cases.All.ContainsKey(name)) is { } unknown)
{
    await Console.Error.WriteLineAsync($"no benchmark is called {unknown}; there are: {names}");
    return 2;
}
var at = Array.IndexOf(args, "--runs");
var runs = 3;
if (at >= 0 && !(at + 1 < args.Length && int.TryParse(args[at + 1], out runs) && runs is >= Figure.FewestRuns and <= 20))
{
    await Console.Error.WriteLineAsync($"--runs takes a number from {Figure.FewestRuns} to 20: fewer say nothing about the spread");
    return 2;
}
if (Scripts.Folder is null)
{
    await Console.Error.WriteLineAsync("the peers' scripts are not there: set AVISO_PEERS to their folder");
    return 3;
}
await using var bench = await Bench.StartAsync();
// Stopped half way, no server and no folder stays behind.
using var stop = PosixSignalRegistration.Create(PosixSignal.SIGTERM, bench.Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, bench.Stop);
foreach (var name in wanted)
{
    Console.WriteLine($"== {name}");
    try
    {
        var table = await bench.MeasureAsync(name, runs);
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{table}\n{table.Load} Others used {table.Others:P0} of the machine.\n"));
        if (args.Contains("--write")) Page.Write(table);
    }
    catch (Exception failed) when (failed is BenchFailedException or InvalidOperationException or IOException)
    {
        // A server that failed was not measured: no table, and no other benchmark beside it.
        await Console.Error.WriteLineAsync($"{name}: {failed.Message}");
        return 1;
    }
}
return 0;
