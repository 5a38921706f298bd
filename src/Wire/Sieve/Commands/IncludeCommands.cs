namespace Aviso.Sieve;

/// <summary>include (RFC 6609). Scripts are fetched when the command runs: they may be put in any order.</summary>
internal static class IncludeCommands
{
    public static IEnumerable<Spec> Specs =>
    [
        new("include", "include")
        {
            Positional = [Wants.String],
            Tags = [new("personal", Group: "location"), new("global", Group: "location"), new("once"), new("optional")],
            Check = CheckInclude,
            Run = Include,
        },
        new("return", "include") { Run = (_, _) => new(Flow.Return) },
        new("global", "include") { Positional = [Wants.Strings], Check = CheckGlobal, Run = Global },
    ];

    // RFC 6609 §3.2: the name is a constant; whether there is such a script is found out when the command runs.
    private static void CheckInclude(Checker checker, Call call)
    {
        var name = call.Positional[0]!.Texts[0];
        if (name.Constant is null) checker.Error(name.At, "the name of the script to include holds no variables");
        else if (!IsName(name.Constant)) checker.Error(name.At, "that can be no name of a script");
    }

    // RFC 6609 §3.2 with RFC 5804 §1.6: no controls, no line or paragraph separator.
    private static bool IsName(string name) =>
        name.Length is > 0 and <= 256 && !name.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029');

    // RFC 6609 §3.4.1: `global` needs variables as well.
    private static void CheckGlobal(Checker checker, Call call)
    {
        if (!checker.Has("variables")) checker.Error(call.At, "`global` needs require \"variables\"");
        foreach (var name in call.Positional[0]!.Texts)
        {
            if (name.Constant is null || !Template.IsIdentifier(name.Constant)) checker.Error(
                name.At, $"`{name.Constant}` is no name of a variable");
            else if (checker.WasSet(name.Constant.ToLowerInvariant()))
                checker.Error(name.At, $"`{name.Constant}` was set before: `global` comes first");
        }
    }

    private static ValueTask<Flow> Global(SieveRun run, Call call)
    {
        foreach (var name in run.Strings(call.Positional[0]))
        {
            run.DeclareGlobal(name.ToLowerInvariant());
        }
        return new(Flow.Next);
    }

    private static async ValueTask<Flow> Include(SieveRun run, Call call)
    {
        var name = run.String(call.Positional[0]!);
        var key = (call.Has("global") ? "global:" : "personal:") + name;
        if (call.Has("once") && run.Included.Contains(key)) return Flow.Next;
        if (!run.Spend(100)) return Flow.Stop;
        var found = !IsName(name) ? null : await run.Host.ScriptAsync(name, call.Has("global"), run.Cancel);
        if (found is null)
        {
            if (!call.Has("optional")) run.Fail(call, $"there is no script `{name}` to include");
            return Flow.Next;
        }
        if (found.Script is not { } script)
        {
            run.Fail(call, $"the script `{name}` has errors: {found.Errors[0]}");
            return Flow.Stop;
        }
        // RFC 6609 §3.1: a script that includes itself is an error, however many are between.
        for (var frame = run.Frame; frame is not null; frame = frame.Caller)
        {
            if (!ReferenceEquals(frame.Script, script)) continue;
            run.Fail(call, $"the script `{name}` includes itself");
            return Flow.Stop;
        }
        run.Included.Add(key);
        var flow = await run.RunScriptAsync(script, call);
        return flow == Flow.Stop ? Flow.Stop : Flow.Next;
    }
}
