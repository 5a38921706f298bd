using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Doctor;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>`aviso doctor`.</summary>
internal static class DoctorVerbs
{
    private static readonly Option<string?> Only = new("--only")
    {
        Description = "Look only at what this code is about; `aviso doctor codes` lists them.",
        HelpName = "CODE",
    };

    public static Command Build()
    {
        var doctor = new Command("doctor", CommandTree.Help(
            "Look whether DNS, relays, certificates, addresses, listeners, disk, clock and queue still agree with one another: what is "
                + "wrong, since when, "
            + "what was seen and what to do. Exit status 1 when something of warning or worse stands that nobody has acknowledged.",
            "aviso doctor", "aviso doctor --only relay-not-in-spf", "aviso doctor --json", "aviso doctor acknowledge ptr-missing",
                "aviso doctor codes"))
        { CommandTree.Json, Only };
        doctor.SetAction(LookAsync);
        doctor.Add(AdminVerb.Of("doctor.acknowledge", "acknowledge",
            "Say that you know: nothing more is told of it, and it counts no more, until it clears.",
            ["aviso doctor acknowledge ptr-missing", "aviso doctor acknowledge relay-quota-nearly-used brevo"],
            AdminVerb.Named("code", "The code, as `aviso doctor` prints it."),
            new Argument<string?>("subject")
            {
                Description = "What it is about, as printed behind the code; without: all of the code.",
                HelpName = "SUBJECT",
                Arity = ArgumentArity.ZeroOrOne,
            }));
        doctor.Add(Codes());
        return doctor;
    }

    private static Command Codes()
    {
        var codes = new Command("codes", CommandTree.Help("Everything that the doctor can find, with its severity and what it means.",
            "aviso doctor codes", "aviso doctor codes --json")) { CommandTree.Json };
        codes.SetAction(parsed =>
        {
            var rows = Output.Rows(FindingCode.All.Select(c => new JsonObject
            {
                ["code"] = c.Word,
                ["severity"] = c.Severity.ToString().ToLowerInvariant(),
                ["means"] = c.Means,
            }));
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(CommandTree.Json)) Output.Json(output, rows);
            else Output.Show(output, rows);
            return ExitStatus.Ok;
        });
        return codes;
    }

    private static async Task<int> LookAsync(ParseResult parsed, CancellationToken cancel)
    {
        var io = parsed.InvocationConfiguration;
        var load = SettingsFile.Load(CommandTree.ConfigPath(parsed));
        var args = new JsonObject();
        if (parsed.GetValue(Only) is { } only) args["only"] = only;
        var reply = load.Data is { } data ? await AdminClient.TryCallAsync(data, new("doctor.look", args), cancel) : null;
        if (reply is null)
        {
            await io.Error.WriteLineAsync("aviso: the doctor looks at a running server, and none runs on this data folder: start it with "
                + "`aviso serve`");
            return ExitStatus.CouldNotRun;
        }
        if (!reply.Ok)
        {
            await io.Error.WriteLineAsync($"aviso: {reply.Error}");
            return ExitStatus.Usage;
        }
        if (parsed.GetValue(CommandTree.Json)) Output.Json(io.Output, reply.Result);
        else DoctorPage.Show(io.Output, reply.Result);
        return DoctorPage.Findings(reply.Result).Any(f => f["counts"]?.GetValue<bool>() == true) ? ExitStatus.FoundProblems : ExitStatus.Ok;
    }
}
