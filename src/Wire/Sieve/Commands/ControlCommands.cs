namespace Aviso.Sieve;

/// <summary>RFC 5228 §3 to §5 what needs no extension, ihave (RFC 5463), and debug_log.</summary>
internal static class ControlCommands
{
    public static IEnumerable<Spec> Specs =>
    [
        new("stop") { Run = (_, _) => new(Flow.Stop) },
        new("discard") { Run = (run, call) => Discard(run, call) },
        new("true") { Test = (_, _) => new(true) },
        new("false") { Test = (_, _) => new(false) },
        new("not") { Inner = Inner.One, Test = async (run, call) => !await run.TestAsync(call.Tests[0]) && !run.Failed },
        new("allof") { Inner = Inner.Many, Test = AllOf },
        new("anyof") { Inner = Inner.Many, Test = AnyOf },
        new("ihave", "ihave") { Positional = [Wants.Strings], Check = IHave, Test = (_, call) => new(call.Constant == true) },
        new("error", "ihave") { Positional = [Wants.String], Run = Error },
        new("debug_log", "vnd.dovecot.debug") { Positional = [Wants.String], Run = DebugLog },
    ];

    private static ValueTask<Flow> Discard(SieveRun run, Call call)
    {
        run.CancelImplicitKeep();
        run.Add(call, new SieveAction.Discard());
        return new(Flow.Next);
    }

    private static async ValueTask<bool> AllOf(SieveRun run, Call call)
    {
        foreach (var test in call.Tests)
        {
            if (!await run.TestAsync(test)) return false;
        }
        return true;
    }

    private static async ValueTask<bool> AnyOf(SieveRun run, Call call)
    {
        foreach (var test in call.Tests)
        {
            if (await run.TestAsync(test)) return true;
            if (run.Failed) return false;
        }
        return false;
    }

    // RFC 5463 §4: what changes how a script is read cannot be asked for in the middle of it.
    private static bool ChangesGrammar(string name) => name is "encoded-character" or "variables";

    // RFC 5463 §4: decided now; what is there may be used from here on without `require`.
    private static void IHave(Checker checker, Call call)
    {
        var known = true;
        foreach (var name in call.Positional[0]!.Texts)
        {
            if (name.Constant is null) checker.Error(name.At, "names of extensions hold no variables");
            else known &= !ChangesGrammar(name.Constant) && checker.TryGrant(name.Constant);
        }
        (call.Constant, call.IsIhave) = (known, true);
    }

    private static ValueTask<Flow> Error(SieveRun run, Call call)
    {
        run.Fail(call, run.String(call.Positional[0]!));
        return new(Flow.Stop);
    }

    private static ValueTask<Flow> DebugLog(SieveRun run, Call call)
    {
        run.Note(call, run.String(call.Positional[0]!));
        return new(Flow.Next);
    }
}
