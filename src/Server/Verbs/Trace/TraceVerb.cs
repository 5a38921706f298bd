using System.CommandLine;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>`aviso trace`.</summary>
internal static class TraceVerb
{
    public static Command Build()
    {
        var verb = AdminVerb.Of("trace.find", "trace",
            "The whole life of a message: who brought it, every check, where it lies and who moved it, or what other servers said. Finds "
            + "by Message-ID, queue id, the id of a reply, address, domain, IP address, words of the subject or time; all that is given "
            + "must hold. Ends with 1 when nothing is found.",
            [
                "aviso trace 06dqx4r9w0hj8", "aviso trace alice@example.org invoice", "aviso trace 192.0.2.7 --since 2h",
                "aviso trace 14:05 --user bob@example.org", "aviso trace --share 06dqx4r9w0hj8 --expires 7d",
            ],
            new VerbAnswers(TracePage.Show, static answer => answer is JsonArray { Count: 0 }),
            new Argument<string[]>("query")
            {
                Description = "What to look for.",
                HelpName = "QUERY",
                Arity = ArgumentArity.ZeroOrMore,
            },
            new Option<string?>("--since")
            {
                Description = "Only what happened after this: 2h (ago), a date, or a date and time.",
                HelpName = "TIME",
            },
            new Option<string?>("--until") { Description = "Only what happened before this.", HelpName = "TIME" },
            new Option<string?>("--user") { Description = "Only messages from or to this account.", HelpName = "ADDRESS" },
            new Option<string?>("--limit") { Description = "So many, the newest first: 1 to 500. Default: 50.", HelpName = "NUMBER" },
            new Option<string?>("--share")
            {
                Description = "Print a link to the lines of this trace that name nobody, for somebody without an account.",
                HelpName = "ID",
            },
            new Option<string?>("--expires") { Description = "How long the link holds, at most 90d. Default: 7d.", HelpName = "TIME" });
        verb.Validators.Add(static result =>
        {
            if (!result.Children.Any(c => c is not System.CommandLine.Parsing.OptionResult { Implicit: true } && c.Tokens.Count > 0))
                result.AddError("say what to look for: an id, an address, words of the subject, a time, --since or --user");
        });
        return verb;
    }
}
