using System.Diagnostics;
using Xunit;

namespace Aviso.Tests.System;

/// <summary>What a program answered.</summary>
public sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>Fails the test with all that the program said unless it ended with 0.</summary>
    public ToolResult MustSucceed()
    {
        Assert.True(ExitCode == 0, $"exit {ExitCode}\n{Output}\n{Error}");
        return this;
    }
}

/// <summary>Runs a real program, bounded in time.</summary>
public static class Tool
{
    /// <summary>Skips the test, naming the Debian package, when the program is not installed.</summary>
    public static string Find(string program, string package)
    {
        foreach (var folder in "/usr/bin /usr/sbin /bin /sbin /usr/local/bin /usr/lib/postfix/sbin".Split(' '))
            if (File.Exists(Path.Combine(folder, program))) return Path.Combine(folder, program);
        Assert.Skip($"{program} is not installed (Debian package {package})");
        return "";
    }

    public static async Task<ToolResult> RunAsync(
        string program, IEnumerable<string> args, string? input = null, string? folder = null, int seconds = 60,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, args)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return new(-1, await output, $"{program} did not end within {seconds} s\n{await error}");
        }
        return new(process.ExitCode, await output, await error);
    }
}
