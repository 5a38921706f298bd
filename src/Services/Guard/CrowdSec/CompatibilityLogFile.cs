using System.Text;
using System.Threading.Channels;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>
/// Where the lines of guard.compatibility_log go: standard output among the events, or a file that is begun anew at 64 MB (the last one stays
/// as FILE.1). In the background; what cannot be written is counted and mail goes on.
/// </summary>
public sealed class CompatibilityLogFile : IAsyncDisposable
{
    public const string StandardOutput = "stdout";

    private const long Longest = 64 << 20;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(8192) { SingleReader = true });
    private readonly Gatekeeper _gate;
    private readonly CompatibilityLog _words;
    private readonly ILogger _raw, _log;
    private readonly Task _writing;
    private bool _failed;

    /// <param name="raw">Writes a line as it is, for <see cref="StandardOutput"/>.</param>
    public CompatibilityLogFile(string path, string host, Gatekeeper gate, TimeProvider clock, ILogger raw, ILogger log)
    {
        (Path, Host, _gate, _words) = (path, host, gate, new(gate, host, clock));
        (_raw, _log) = (raw, log);
        _writing = Task.Run(WriteAsync);
        gate.Heard += Hear;
    }

    public string Path { get; }

    public string Host { get; }

    public async ValueTask DisposeAsync()
    {
        _gate.Heard -= Hear;
        _lines.Writer.TryComplete();
        await _writing;
    }

    private void Hear(Evidence evidence, string? user)
    {
        if (_words.Line(evidence, user) is { } line && !_lines.Writer.TryWrite(line)) Count("dropped");
    }

    private async Task WriteAsync()
    {
        while (await _lines.Reader.WaitToReadAsync())
        {
            var text = new StringBuilder();
            var count = 0;
            while (count < 1_000 && _lines.Reader.TryRead(out var line))
            {
                count++;
                if (Path == StandardOutput) _raw.CompatibilityLine(line);
                else text.Append(line).Append('\n');
            }
            Count(text.Length == 0 || Append(text.ToString()) ? "written" : "dropped", count);
        }
    }

    // Opened for each batch: whoever rotates it needs to tell nobody.
    private bool Append(string text)
    {
        try
        {
            if (new FileInfo(Path) is { Exists: true, Length: > Longest }) File.Move(Path, Path + ".1", overwrite: true);
            var isNew = !File.Exists(Path);
            File.AppendAllText(Path, text);
            // For an engine that runs as another user; the rest of what we write is for ourselves.
            if (isNew && !OperatingSystem.IsWindows()) File.SetUnixFileMode(Path, Mode);
            _failed = false;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_failed) _log.CompatibilityLogFails(e.Message);
            _failed = true;
            return false;
        }
    }

    private static void Count(string result, int count = 1) => GuardMeters.CompatibilityLines(result, count);
}
