using Aviso.Base;

namespace Aviso.Sieve;

/// <summary>
/// Runs a script that requires vnd.dovecot.testsuite: prints each test's name with passed or failed and a closing count. Scripts it
/// compiles, and what it includes, are files beside it.
/// </summary>
public sealed class TestDriver
{
    private static readonly SpecTable Table = new([.. SpecTable.StandardSpecs, .. TestCommands.Specs], TestCommands.Extension);

    private readonly TextWriter _output;
    private string _name = "";
    private string? _failure;

    private TestDriver(string folder, BodySpool spool, TextWriter output)
    {
        _output = output;
        World = new(folder, spool);
        World.Refresh();
    }

    internal TestWorld World { get; }

    public int Passed { get; private set; }

    public int FailedCount { get; private set; }

    /// <summary>Reads and runs the file. A file that cannot be read throws <see cref="IOException"/>.</summary>
    public static async Task<(int Passed, int Failed)> RunFileAsync(string path, TextWriter output, CancellationToken cancel)
    {
        var driver = new TestDriver(Path.GetDirectoryName(Path.GetFullPath(path))!, new BodySpool(Path.GetTempPath(), 1L << 30), output);
        await driver.RunWholeAsync(await File.ReadAllTextAsync(path, cancel), Path.GetFileName(path), cancel);
        await output.WriteLineAsync($"{driver.Passed} passed, {driver.FailedCount} failed");
        driver.World.Message.Body.Dispose();
        return (driver.Passed, driver.FailedCount);
    }

    private async Task RunWholeAsync(string text, string name, CancellationToken cancel)
    {
        var compiled = SieveCompiler.Compile(text, new() { Name = name }, Table);
        foreach (var error in compiled.Errors) Say($"{name}:{error}");
        if (compiled.Script is not { } script)
        {
            FailedCount++;
            return;
        }
        var run = new SieveRun(World.Message, World, SieveLimits.Default with { Steps = 100_000_000 }, cancel) { Driver = this };
        await run.RunScriptAsync(script, include: null);
        if (run.TakeError() is not { } error2) return;
        Say($"failed: outside of a test: {error2}");
        FailedCount++;
    }

    internal void Say(string line) => _output.WriteLine(line);

    internal void Begin(string name) => (_name, _failure) = (name, null);

    internal void Failed(string why) => _failure ??= why;

    internal void End(Call call, string? error)
    {
        var why = _failure ?? error;
        if (why is null) Passed++;
        else FailedCount++;
        Say(why is null ? $"passed: {_name}" : $"failed: {_name}: {why}");
    }

    internal SieveScript? Compile(string name)
    {
        var path = Path.Combine(World.Folder, name);
        if (!File.Exists(path) && File.Exists(path + ".sieve")) path += ".sieve";
        if (!File.Exists(path)) World.Compiled = new(null, [new(1, 1, $"there is no file {name}")], []);
        else World.Compiled = SieveCompiler.Compile(File.ReadAllText(path), World.Options(Path.GetFileNameWithoutExtension(name)));
        // Collections count a closing line that says the whole failed.
        World.Errors = World.Compiled.Errors.Count == 0 ? [] : [.. World.Compiled.Errors.Select(e => e.Text), "the script cannot be used"];
        World.Outcome = null;
        return World.Compiled.Script;
    }

    /// <summary>${tst.path}: where the collection is.</summary>
    internal string Variable(string name) => name == "path" ? World.Folder : "";

    internal async Task<bool> RunAsync(IReadOnlyList<SieveScript> scripts, bool append, CancellationToken cancel)
    {
        var before = append && !World.IsOld ? World.Outcome : null;
        World.Outcome = await SieveRunner.RunAsync(scripts, World.Message, World, World.Limits, cancel);
        World.IsOld = false;
        if (before is not null)
        {
            World.Outcome = World.Outcome with
            {
                Actions = [.. before.Actions.Where(a => !a.IsImplicit), .. World.Outcome.Actions],
                Duplicates = [.. before.Duplicates, .. World.Outcome.Duplicates],
            };
        }
        World.Errors = World.Outcome.Error is { } error ? [error] : [];
        return World.Outcome.Error is null;
    }
}
