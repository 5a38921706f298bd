namespace Aviso.Sieve;

/// <summary>Commands and tests of the extension vnd.dovecot.testsuite: scripts that test scripts.</summary>
internal static class TestCommands
{
    public const string Extension = "vnd.dovecot.testsuite";

    public static IEnumerable<Spec> Specs =>
    [
        new("test", Extension) { Positional = [Wants.String], HasBlock = true, Run = Test },
        new("test_fail", Extension) { Positional = [Wants.String], Run = Fail },
        new("test_set", Extension) { Positional = [Wants.String, Wants.String], Run = Set },
        new("test_config_set", Extension) { Positional = [Wants.String, Wants.String], Run = (run, call) => Config(run, call) },
        new("test_config_unset", Extension) { Positional = [Wants.String], Run = (run, call) => Config(run, call) },
        new("test_config_reload", Extension) { Tags = [new("extension", Wants.String)], Run = (_, _) => new(Flow.Next) },
        new("test_result_reset", Extension) { Run = Reset },
        new("test_result_print", Extension) { Run = Print },
        new("test_dump", Extension) { Run = Print },
        new("test_binary_load", Extension) { Positional = [Wants.String], Run = Binary },
        new("test_binary_save", Extension) { Positional = [Wants.String], Run = Binary },
        new("test_mailbox_create", Extension) { Positional = [Wants.String], Run = Mailbox },
        new("test_mailbox_delete", Extension) { Positional = [Wants.String], Run = Mailbox },
        new("test_mailbox", Extension)
        {
            Positional = [Wants.String],
            Tags = [new("create", Group: "what"), new("delete", Group: "what")],
            Check = (checker, call) =>
            {
                if (call.Tags.Count == 0) checker.Error(call.At, "`test_mailbox` takes :create or :delete");
            },
            Run = Mailbox,
        },
        new("test_imap_metadata_set", Extension) { Positional = [Wants.String, Wants.String], Tags = [new("mailbox", Wants.String)], Run = Metadata },
        // Used as a command as well as a test: the message becomes the one tests look at.
        new("test_message", Extension)
        {
            Positional = [Wants.Number],
            Tags = [new("smtp", Group: "from"), new("folder", Wants.String, null, "from")],
            Test = (run, call) => new(Message(run, call)),
        },
        new("test_script_compile", Extension) { Positional = [Wants.String], Test = Compile },
        new("test_script_run", Extension) { Tags = [new("append_result")], Test = RunScript },
        new("test_multiscript", Extension) { Positional = [Wants.Strings], Test = Multiscript },
        new("test_result_execute", Extension) { Test = Execute },
        new("test_result_action", Extension) { Positional = [Wants.Strings], Matches = true, Tags = [new("index", Wants.Number)], Test = Action },
        new("test_error", Extension) { Positional = [Wants.Strings], Matches = true, Tags = [new("index", Wants.Number)], Test = Error },
    ];

    private static TestDriver Driver(SieveRun run) => (TestDriver)run.Driver!;

    private static async ValueTask<Flow> Test(SieveRun run, Call call)
    {
        var driver = Driver(run);
        driver.Begin(run.String(call.Positional[0]!));
        run.ClearActions();
        driver.World.IsOld = true;
        var flags = run.Flags;
        var flow = Flow.Next;
        try
        {
            flow = await run.BlockAsync(call.Block);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Our own fault ends this test, not the others.
            driver.Failed($"{call.Line}: {e.GetType().Name}: {e.Message}");
        }
        run.Flags = flags;
        driver.End(call, run.TakeError());
        return flow == Flow.Stop ? Flow.Next : flow;
    }

    private static ValueTask<Flow> Fail(SieveRun run, Call call)
    {
        Driver(run).Failed($"{call.Line}: {run.String(call.Positional[0]!)}");
        return new(Flow.Stop);
    }

    private static ValueTask<Flow> Set(SieveRun run, Call call)
    {
        var name = run.String(call.Positional[0]!);
        if (!Driver(run).World.TrySet(name, run.String(call.Positional[1]!))) run.Fail(call, $"there is nothing called `{name}` to set");
        run.Look(Driver(run).World.Message);
        return new(Flow.Next);
    }

    private static ValueTask<Flow> Config(SieveRun run, Call call)
    {
        var settings = Driver(run).World.Settings;
        var name = run.String(call.Positional[0]!);
        if (call.Positional.Length == 2) settings[name] = run.String(call.Positional[1]!);
        else settings.Remove(name);
        run.Limit(Driver(run).World.Limits);
        return new(Flow.Next);
    }

    private static ValueTask<Flow> Reset(SieveRun run, Call call)
    {
        var world = Driver(run).World;
        world.Outcome = null;
        world.Outgoing.Clear();
        run.ClearActions();
        run.Flags = [];
        return new(Flow.Next);
    }

    private static ValueTask<Flow> Print(SieveRun run, Call call)
    {
        foreach (var action in Outcome(run).Actions) Driver(run).Say("    " + action.Describe());
        return new(Flow.Next);
    }

    private static ValueTask<Flow> Mailbox(SieveRun run, Call call)
    {
        var (mailboxes, name) = (Driver(run).World.Mailboxes, run.String(call.Positional[0]!));
        if (call.Spec.Name == "test_mailbox_create" || call.Has("create")) mailboxes.TryAdd(TestWorld.Canonical(name), []);
        else mailboxes.Remove(TestWorld.Canonical(name));
        return new(Flow.Next);
    }

    private static ValueTask<Flow> Metadata(SieveRun run, Call call)
    {
        Driver(run).World.Annotations[(run.String(call, "mailbox"), run.String(call.Positional[0]!).ToLowerInvariant())] =
            run.String(call.Positional[1]!);
        return new(Flow.Next);
    }

    private static ValueTask<Flow> Binary(SieveRun run, Call call)
    {
        var (world, name) = (Driver(run).World, run.String(call.Positional[0]!));
        if (call.Spec.Name == "test_binary_save") world.Binaries[name] = world.Compiled;
        else if (world.Binaries.TryGetValue(name, out var saved)) world.Compiled = saved;
        else run.Fail(call, $"there is no binary `{name}`");
        return new(Flow.Next);
    }

    // A message that was sent comes with the envelope it was sent with.
    private static bool Message(SieveRun run, Call call)
    {
        var world = Driver(run).World;
        var at = call.Positional[0]!.Number;
        if (run.String(call, "folder") is { } folder)
        {
            var list = world.Mailboxes.GetValueOrDefault(TestWorld.Canonical(folder), []);
            if (at >= list.Count) return false;
            world.SetMessage(list[(int)at]);
        }
        else
        {
            if (at >= world.Outgoing.Count) return false;
            world.SetMessage(world.Outgoing[(int)at]);
        }
        run.Look(world.Message);
        return true;
    }

    private static ValueTask<bool> Compile(SieveRun run, Call call) =>
        new(Driver(run).Compile(run.String(call.Positional[0]!)) is not null);

    private static async ValueTask<bool> RunScript(SieveRun run, Call call)
    {
        var driver = Driver(run);
        if (driver.World.Compiled?.Script is not { } script) return false;
        return await driver.RunAsync([script], call.Has("append_result"), run.Cancel);
    }

    private static async ValueTask<bool> Multiscript(SieveRun run, Call call)
    {
        var scripts = new List<SieveScript>();
        foreach (var name in run.Strings(call.Positional[0]))
        {
            if (Driver(run).Compile(name) is not { } script) return false;
            scripts.Add(script);
        }
        return await Driver(run).RunAsync(scripts, append: false, run.Cancel);
    }

    private static ValueTask<bool> Execute(SieveRun run, Call call) => new(Driver(run).World.Execute(Outcome(run)));

    /// <summary>Of the script that was run in this test, else of the test's own actions, else of the script that was run before.</summary>
    private static SieveOutcome Outcome(SieveRun run)
    {
        var world = Driver(run).World;
        return world.Outcome is { } outcome && (!world.IsOld || (run.Actions.Count == 0 && run.ImplicitKeep)) ? outcome : run.Peek();
    }

    private static async ValueTask<bool> Action(SieveRun run, Call call) =>
        await Listed(run, call, [.. Outcome(run).Actions.Where(a => !a.IsImplicit).Select(Name)]);

    private static async ValueTask<bool> Error(SieveRun run, Call call) => await Listed(run, call, Driver(run).World.Errors);

    // :index counts from 1.
    private static async ValueTask<bool> Listed(SieveRun run, Call call, IReadOnlyList<string> values)
    {
        if (call.Tag("index") is { Number: var at }) values = at >= 1 && at <= values.Count ? [values[(int)at - 1]] : [];
        return await run.Matcher(call, call.Positional[0]!).AnyAsync(values);
    }

    private static string Name(SieveAction action) => action switch
    {
        SieveAction.Keep => "keep",
        SieveAction.FileInto => "store",
        SieveAction.Redirect => "redirect",
        SieveAction.Reject => "reject",
        SieveAction.Discard => "discard",
        SieveAction.Vacation => "vacation",
        SieveAction.Notify => "notify",
        _ => "",
    };
}
