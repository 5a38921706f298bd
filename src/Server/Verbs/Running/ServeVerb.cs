using System.CommandLine;
using Aviso.Server;

namespace Aviso.Verbs;

internal static class ServeVerb
{
    public static Command Build()
    {
        var local = new Option<string?>("--local")
        {
            Description = "Try Aviso: loopback only, no root, example.test with alice and bob, data in DIR (default .local).",
            HelpName = "DIR",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var offset = new Option<int>("--port-offset") { Description = "With --local: add N to every port.", HelpName = "N" };
        offset.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 0 or > 50_000) r.AddError("--port-offset is a number from 0 to 50000");
        });
        var free = new Option<bool>("--free-ports") { Description = "With --local: let the system choose every port." };
        var print = new Option<string?>("--print-ports-to") { Description = "Write the bound ports to FILE once ready, as JSON: kind and port.", HelpName = "FILE" };
        var verb = new Command("serve", CommandTree.Help(
            "Run the server until SIGTERM or SIGINT; it then finishes what is in hand, at most 10 seconds. SIGHUP reads the settings again.",
            "aviso serve --local", "aviso serve --local /tmp/try --port-offset 1000", "aviso serve --config /etc/aviso/aviso.yaml"))
        { local, offset, free, print };
        verb.Validators.Add(r =>
        {
            var isLocal = r.GetResult(local) is not null;
            if (isLocal && r.GetResult(CommandTree.Config) is { Implicit: false }) r.AddError("--local has settings of its own; leave --config out");
            if (!isLocal && (r.GetResult(offset) is { Implicit: false } || r.GetResult(free) is { Implicit: false })) r.AddError("--port-offset and --free-ports go with --local");
        });
        verb.SetAction((parsed, cancel) =>
        {
            var mode = parsed.GetResult(local) is { Implicit: false }
                ? new LocalMode(parsed.GetValue(local) ?? ".local", parsed.GetValue(offset), parsed.GetValue(free)) : null;
            var request = new ServeRequest(CommandTree.ConfigPath(parsed), mode, parsed.GetValue(print));
            var io = parsed.InvocationConfiguration;
            DataFolder.MakeForOurselves();
            return new Serve(request, io.Output, io.Error, Console.OpenStandardOutput(), TimeProvider.System).RunAsync(cancel);
        });
        return verb;
    }
}
