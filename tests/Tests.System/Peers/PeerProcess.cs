using System.Diagnostics;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>A program that runs until the test ends it by its pid: SIGTERM, and SIGKILL when that does not help.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private readonly List<string> _output = [];
    private readonly Process _process;

    private PeerProcess(Process process) => _process = process;

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output
    {
        get
        {
            lock (_output) return string.Join('\n', _output);
        }
    }

    public static PeerProcess Start(
        string program, IEnumerable<string> args, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, args)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var peer = new PeerProcess(Process.Start(start)!);
        peer._process.StandardInput.Close();
        peer._process.OutputDataReceived += (_, line) => peer.Keep(line.Data);
        peer._process.ErrorDataReceived += (_, line) => peer.Keep(line.Data);
        peer._process.BeginOutputReadLine();
        peer._process.BeginErrorReadLine();
        return peer;
    }

    /// <summary>Waits until the peer serves; fails with what it said when it ends before.</summary>
    public Task ReadyAsync(Func<bool> ready, string what, Func<string>? log = null) =>
        Patience.UntilAsync(() =>
        {
            Assert.False(HasExited, $"{what} ended at once:\n{Output}\n{log?.Invoke()}");
            return ready();
        }, $"{what} is ready", 30, () => Output + "\n" + log?.Invoke());

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Tool.RunAsync("kill", ["-TERM", $"{Pid}"]);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output) _output.Add(line);
    }
}

/// <summary>A temporary folder that the users a peer runs as may pass through.</summary>
internal sealed class PeerFolder : IDisposable
{
    private const UnixFileMode Open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public PeerFolder(string name)
    {
        Root = Directory.CreateTempSubdirectory($"aviso-{name}-").FullName;
        File.SetUnixFileMode(Root, Open);
    }

    public string Root { get; }

    public string Path(string name) => global::System.IO.Path.Combine(Root, name);

    /// <summary>A folder below that anybody may write to.</summary>
    public string Shared(string name)
    {
        var path = Directory.CreateDirectory(Path(name)).FullName;
        File.SetUnixFileMode(path, Open | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
        return path;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A child of a peer that is just ending may still write there; the system's cleaning takes the rest.
        }
    }
}
