using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Aviso.Sieve;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Compiled scripts by name and content, and the administrator's files, which are read again when they change.</summary>
internal sealed class SieveCompiled(SieveStepOptions options, ILogger log)
{
    private const int MostKept = 2000;
    private const long MostOctets = 64 * 1024 * 1024;

    private readonly ConcurrentDictionary<(string Name, string Hash), SieveCompilation> _byContent = new();
    private readonly ConcurrentDictionary<string, FileScript> _files = new(StringComparer.Ordinal);
    private long _octets;

    /// <summary>Never throws for what the octets hold.</summary>
    public SieveCompilation Of(string name, ReadOnlySpan<byte> octets)
    {
        var key = (name, Convert.ToHexString(SHA256.HashData(octets)));
        if (_byContent.TryGetValue(key, out var known)) return known;
        var compiled = SieveCompiler.Compile(Encoding.UTF8.GetString(octets), options.Compile with { Name = name });
        if (_byContent.Count >= MostKept || Interlocked.Add(ref _octets, octets.Length) > MostOctets)
        {
            _byContent.Clear();
            Interlocked.Exchange(ref _octets, octets.Length);
        }
        return _byContent[key] = compiled;
    }

    /// <summary>The administrator's scripts of these files that can run. One that cannot be read or compiled is left out, loudly; one that
    /// was good before goes on as it was.</summary>
    public List<SieveScript> OfFiles(IReadOnlyList<string> paths)
    {
        var scripts = new List<SieveScript>(paths.Count);
        foreach (var path in paths)
        {
            if (OfFile(path)?.Script is { } script) scripts.Add(script);
        }
        return scripts;
    }

    /// <summary>A script of the global folder, perhaps with errors; null when there is none of that name.</summary>
    public SieveCompilation? Global(string name)
    {
        // The name comes from an account's script: it stays in the folder.
        if (options.GlobalFolder is not { } folder || name.Length is 0 or > 128 || name[0] == '.') return null;
        foreach (var c in name)
        {
            if (char.IsControl(c) || c is '/' or '\\' or ':') return null;
        }
        var path = Path.Combine(folder, name + ".sieve");
        return File.Exists(path) ? OfFile(path) : null;
    }

    private SieveCompilation? OfFile(string path)
    {
        _files.TryGetValue(path, out var known);
        try
        {
            var file = new FileInfo(path);
            var stamp = (file.LastWriteTimeUtc, file.Exists ? file.Length : -1);
            if (known is not null && known.Stamp == stamp) return known.Compiled;
            if (stamp.Item2 < 0) return Failed(path, known, stamp, "the file is not there");
            if (stamp.Item2 > options.Compile.ScriptOctets) return Failed(path, known, stamp, "the file is too large");
            var compiled = Of(Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path));
            if (compiled.Errors is [var first, ..]) return Failed(path, known, stamp, first.ToString(), compiled);
            _files[path] = new(stamp, compiled);
            return compiled;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Failed(path, known, default, e.Message);
        }
    }

    // What was good before goes on; else who includes the file hears what is wrong with it.
    private SieveCompilation? Failed(string path, FileScript? known, (DateTime, long) stamp, string why, SieveCompilation? wrong = null)
    {
        var good = known?.Compiled is { Script: not null } before ? before : null;
        // Said once for each state of the file.
        if (known is null || known.Stamp != stamp) log.SieveFile(path, why, good is null ? "does not run" : "runs as it was before");
        SieveMeters.Failures.Add(1, new KeyValuePair<string, object?>("reason", "file"));
        _files[path] = new(stamp, good ?? wrong);
        return good ?? wrong;
    }

    private sealed record FileScript((DateTime, long) Stamp, SieveCompilation? Compiled);
}
