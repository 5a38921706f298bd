using System.Diagnostics;
using Aviso.Tests;

namespace Aviso.Bench;

/// <summary>Runs the peers' scripts and reads their answers.</summary>
internal static class Scripts
{
    public static string? Folder { get; } = new[]
    {
        Environment.GetEnvironmentVariable("AVISO_PEERS"), Path.Combine(Checkout.Root, "..", "shared", "peers"),
    }.FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, "peers.sh")));

    /// <summary>Stdout of a script; throws with stderr when it fails.</summary>
    public static async Task<string> RunAsync(string script, IEnumerable<string> args, params (string Name, string Value)[] environment)
    {
        var path = Path.Combine(Path.GetFullPath(Folder!), script);
        var start = script.EndsWith(".py", StringComparison.Ordinal)
            ? new ProcessStartInfo("python3", [path, .. args]) : new ProcessStartInfo("bash", [path, .. args]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["QUIET_WAIT"] = "10";
        start.Environment["EXTRA_TRIES"] = "0";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{script}: {await output}{await error}");
    }

    /// <summary>CPU seconds (children included) and PSS in MB of process trees.</summary>
    public static async Task<(double Cpu, double Pss)> StatAsync(string pids)
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(
            await RunAsync("stackstat.py", pids.Split(' ', StringSplitOptions.RemoveEmptyEntries)))!;
        return ((double)json["cpu_s"]!, (double)json["pss_mb"]!);
    }
}
