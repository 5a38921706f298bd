using Aviso.Server;
using Aviso.Verbs;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>A server of this process on a settings file in a folder of its own, for verbs that ask a running one.</summary>
internal sealed class ServedFolder : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StringWriter _errors = new();
    private readonly string _folder;
    private Task<int> _running = Task.FromResult(0);

    private ServedFolder(string folder) => _folder = folder;

    public string Config => Path.Combine(_folder, "aviso.yaml");

    /// <param name="settings">All but `data`.</param>
    public static async Task<ServedFolder> StartAsync(string settings)
    {
        var served = new ServedFolder(Directory.CreateTempSubdirectory("aviso-served-").FullName);
        await File.WriteAllTextAsync(served.Config, settings + $"\ndata: {served._folder}/data\n");
        var ports = Path.Combine(served._folder, "ports.json");
        served._running = new Serve(new(served.Config, null, ports), TextWriter.Null, TextWriter.Synchronized(served._errors), Stream.Null,
            TimeProvider.System).RunAsync(served._stop.Token);
        await Patience.UntilAsync(() => File.Exists(ports) || served._running.IsCompleted, "the server listens", 60,
            served._errors.ToString, 20);
        Assert.True(File.Exists(ports), served._errors.ToString());
        return served;
    }

    /// <summary>Runs a verb that must succeed.</summary>
    public async Task<string> VerbAsync(params string[] args)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var status = await CommandTree.RunAsync([.. args, "--config", Config], output, errors, TestContext.Current.CancellationToken);
        Assert.True(status == 0, $"{status}: {errors}\n{output}");
        return output.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromMinutes(1));
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
