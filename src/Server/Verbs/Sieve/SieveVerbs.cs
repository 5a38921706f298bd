using System.CommandLine;
using System.Text.Json.Nodes;
using Aviso.Sieve;

namespace Aviso.Verbs;

/// <summary>`aviso sieve`: scripts that filter mail, looked at without a server.</summary>
internal static class SieveVerbs
{
    public static IEnumerable<Command> Build() => [Check(), Testsuite()];

    private static Argument<string> FileArgument(string text) => new("FILE") { Description = text };

    private static Command Check()
    {
        var file = FileArgument("The script; - is standard input.");
        var verb = new Command("check", CommandTree.Help(
            "Say everything that is wrong with a script, each with line and column, without running it. Exit status 1 when it has errors.",
            "aviso sieve check vacation.sieve", "aviso sieve check --json - < vacation.sieve")) { file, CommandTree.Json };
        verb.SetAction(async (parsed, cancel) =>
        {
            var io = parsed.InvocationConfiguration;
            var read = await SieveFiles.ReadAsync(parsed.GetValue(file)!, cancel);
            var compiled = read.Compiled;
            if (parsed.GetValue(CommandTree.Json))
                Output.Json(io.Output, Output.Rows(Rows(compiled.Errors, "error").Concat(Rows(compiled.Warnings, "warning"))));
            else
            {
                await SieveFiles.ShowAsync(read, io.Error);
                if (compiled.Script is { } script)
                    await io.Output.WriteLineAsync(
                        $"{read.Title} is good{(script.Extensions.Count > 0 ? "; it uses " + string.Join(", ", script.Extensions) : "")}");
            }
            return compiled.Script is null ? ExitStatus.FoundProblems : ExitStatus.Ok;
        });
        return verb;
    }

    private static IEnumerable<JsonObject> Rows(IEnumerable<SieveProblem> problems, string kind) => problems.Select(p =>
        new JsonObject { ["kind"] = kind, ["line"] = p.Line, ["column"] = p.Column, ["text"] = p.Text });

    private static Command Testsuite()
    {
        var file = FileArgument("A script that requires vnd.dovecot.testsuite.");
        var verb = new Command("testsuite", CommandTree.Help(
            "Run a script that tests scripts: every test with passed or failed, then how many. Exit status 1 when one failed. Nothing is sent or stored.",
            "aviso sieve testsuite filters.svtest")) { file };
        verb.SetAction(async (parsed, cancel) =>
        {
            var (_, failed) = await TestDriver.RunFileAsync(parsed.GetValue(file)!, parsed.InvocationConfiguration.Output, cancel);
            return failed > 0 ? ExitStatus.FoundProblems : ExitStatus.Ok;
        });
        return verb;
    }
}
