namespace Aviso.Sieve;

/// <summary>Runs compiled scripts over one message.</summary>
public static class SieveRunner
{
    /// <summary>
    /// Scripts in order: administrator's before, the account's, administrator's after. Each runs only when the one before kept the
    /// message in the inbox, explicitly or implicitly. Never throws: what goes wrong is in <see cref="SieveOutcome.Error"/> and the
    /// message is kept.
    /// </summary>
    /// <remarks>
    /// RFC 5228 §2.10.6 asks for the implicit keep when a script fails and leaves open what becomes of actions taken before. Here a
    /// script is all or nothing: nothing has been done yet when it fails, so its actions, edits and marks are dropped, the message is
    /// kept as though the script were absent, and the scripts after it still run.
    /// </remarks>
    public static async Task<SieveOutcome> RunAsync(
        IReadOnlyList<SieveScript> inOrder, SieveMessage message, ISieveHost host, SieveLimits? limits, CancellationToken cancel)
    {
        var run = new SieveRun(message, host, limits ?? SieveLimits.Default, cancel);
        string? error = null;
        var keep = true;
        IReadOnlyList<string> flags = [];
        for (var i = 0; i < inOrder.Count && keep; i++)
        {
            var saved = run.Save();
            run.BeginScript();
            await RunOneAsync(run, inOrder[i]);
            if (run.Failed)
            {
                error ??= run.Error;
                run.Restore(saved);
                if (run.Cancel.IsCancellationRequested) break;
                continue;
            }
            keep = run.EndScript(isLast: i == inOrder.Count - 1);
            if (keep) flags = run.Flags;
        }
        run.View.Made.End();
        return new(run.Finish(keep, flags), error, run.Whole.Edit(), run.Trace) { Duplicates = run.Duplicates, Spent = run.Spent };
    }

    private static async Task RunOneAsync(SieveRun run, SieveScript script)
    {
        try
        {
            await run.RunScriptAsync(script, include: null);
        }
        catch (SieveSpentException e)
        {
            run.Fail(e.Message);
        }
        catch (OperationCanceledException)
        {
            run.Fail("it ran out of time");
        }
        catch (Exception e)
        {
            // The host's fault or ours; either way the mail is kept.
            run.Fail($"the server could not go on: {e.GetType().Name}: {e.Message}".ReplaceLineEndings(" "));
        }
    }
}
