using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Settings;
using Spectre.Console;

namespace Aviso.Verbs;

/// <summary>`aviso top`.</summary>
internal static class TopVerb
{
    // Without a terminal a line may be as long as it is.
    private const int Wide = 160;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1), KeyPause = TimeSpan.FromMilliseconds(100);

    private static AdminCall Look => new("top.look", []);

    public static Command Build()
    {
        var once = new Option<bool>("--once") { Description = "Print one picture and end; so it is too when the output is no terminal." };
        var verb = new Command("top", CommandTree.Help(
            "Watch the running server: sessions, queue, mail in and out by second and minute, verdicts, processor, memory, disk, and what "
                + "stands wrong. Drawn anew each second; q ends it.",
            "aviso top", "aviso top --once", "aviso top --json")) { CommandTree.Json, once };
        verb.SetAction((parsed, cancel) => RunAsync(parsed, parsed.GetValue(once), cancel));
        return verb;
    }

    private static async Task<int> RunAsync(ParseResult parsed, bool once, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        var data = SettingsFile.Load(CommandTree.ConfigPath(parsed)).Data;
        if (data is null || await AdminClient.TryCallAsync(data, Look, cancel) is not { } reply)
        {
            await io.Error.WriteLineAsync("aviso: no server runs on this data folder: start it with `aviso serve`");
            return ExitStatus.CouldNotRun;
        }
        if (reply is not { Ok: true, Result: { } first })
        {
            await io.Error.WriteLineAsync($"aviso: {reply.Error}");
            return ExitStatus.FoundProblems;
        }
        if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, first);
        else if (once || !Output.IsTerminal(io.Output)) Print(io.Output, first);
        else return await WatchAsync(data, first, io.Error, cancel);
        return ExitStatus.Ok;
    }

    /// <summary>One picture, without colours.</summary>
    internal static void Print(TextWriter output, JsonNode look)
    {
        var console = AnsiConsole.Create(new()
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = Wide;
        console.Write(TopPicture.Draw(look, null));
    }

    private static async Task<int> WatchAsync(string data, JsonNode first, TextWriter errors, CancellationToken cancel)
    {
        var isGone = false;
        await AnsiConsole.Live(TopPicture.Draw(first, null)).AutoClear(true).StartAsync(async live =>
        {
            for (var before = first; !isGone && !await QuitsAsync(cancel);)
            {
                if (await AdminClient.TryCallAsync(data, Look, CancellationToken.None) is { Ok: true, Result: { } now })
                {
                    live.UpdateTarget(TopPicture.Draw(now, before));
                    before = now;
                }
                else isGone = true;
            }
        });
        if (!isGone) return ExitStatus.Ok;
        await errors.WriteLineAsync("aviso: the server has stopped");
        return ExitStatus.CouldNotRun;
    }

    /// <summary>Waits for the next look; true when somebody has pressed q.</summary>
    private static async Task<bool> QuitsAsync(CancellationToken cancel)
    {
        for (var waited = TimeSpan.Zero; waited < Every; waited += KeyPause)
        {
            while (!Console.IsInputRedirected && Console.KeyAvailable)
                if (Console.ReadKey(intercept: true).KeyChar is 'q' or 'Q') return true;
            await Task.Delay(KeyPause, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancel.IsCancellationRequested) return true;
        }
        return false;
    }
}
