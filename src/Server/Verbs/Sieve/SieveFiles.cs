using System.Text;
using Aviso.Sieve;

namespace Aviso.Verbs;

/// <summary>Scripts in files: read, compiled, and what is wrong with them shown to a person.</summary>
internal static class SieveFiles
{
    private const int LongestLine = 120;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>A script's text; what is not UTF-8 in it is a problem of its own.</summary>
    /// <param name="Text">With replacement characters where octets are not UTF-8.</param>
    public sealed record Script(string Path, string Text, SieveCompilation Compiled)
    {
        /// <summary>The path as a person calls it.</summary>
        public string Title => Path == "-" ? "standard input" : Path;
    }

    /// <param name="path">"-" is standard input.</param>
    public static async Task<Script> ReadAsync(string path, CancellationToken cancel)
    {
        var octets = path == "-" ? await StandardInputAsync(cancel) : await File.ReadAllBytesAsync(path, cancel);
        var text = Encoding.UTF8.GetString(octets);
        var compiled = SieveCompiler.Compile(text, new() { Name = path == "-" ? "" : Path.GetFileNameWithoutExtension(path) });
        return new(path, text, NotUtf8(octets) is { } wrong ? new(null, [wrong, .. compiled.Errors], compiled.Warnings) : compiled);
    }

    private static async Task<byte[]> StandardInputAsync(CancellationToken cancel)
    {
        await using var input = Console.OpenStandardInput();
        using var octets = new MemoryStream();
        await input.CopyToAsync(octets, cancel);
        return octets.ToArray();
    }

    // RFC 5228 §2.1: a script is UTF-8.
    private static SieveProblem? NotUtf8(byte[] octets)
    {
        var line = 1;
        foreach (var range in octets.AsSpan().Split((byte)'\n'))
        {
            try
            {
                _ = Strict.GetCharCount(octets.AsSpan()[range]);
            }
            catch (DecoderFallbackException e)
            {
                return new(line, Math.Max(0, e.Index) + 1, "this is not UTF-8; save the script as UTF-8");
            }
            line++;
        }
        return null;
    }

    /// <summary>Every error and warning, each with its line and a mark below the place.</summary>
    public static async Task ShowAsync(Script script, TextWriter into)
    {
        var lines = script.Text.Split('\n');
        foreach (var error in script.Compiled.Errors) await OneAsync(script, lines, error, "", into);
        foreach (var warning in script.Compiled.Warnings) await OneAsync(script, lines, warning, "warning: ", into);
        if (script.Compiled.Errors.Count > 0)
            await into.WriteLineAsync(
                $"{script.Title} has {(script.Compiled.Errors.Count == 1 ? "one error" : $"{script.Compiled.Errors.Count} errors")} and cannot run");
    }

    private static async Task OneAsync(Script script, string[] lines, SieveProblem problem, string kind, TextWriter into)
    {
        await into.WriteLineAsync($"{script.Title}:{problem.Line}:{problem.Column}: {kind}{problem.Text}");
        if (problem.Line > lines.Length) return;
        var line = new string([.. lines[problem.Line - 1].TrimEnd('\r').Select(c => char.IsControl(c) ? ' ' : c)]);
        // Of a long line only what is around the place.
        var from = Math.Clamp(problem.Column - (LongestLine / 2), 0, Math.Max(0, line.Length - LongestLine));
        await into.WriteLineAsync("    " + line[from..Math.Min(line.Length, from + LongestLine)]);
        await into.WriteLineAsync("    " + new string(' ', Math.Max(0, problem.Column - 1 - from)) + "^");
    }
}
