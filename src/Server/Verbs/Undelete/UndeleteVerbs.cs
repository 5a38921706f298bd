using System.CommandLine;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Verbs that bring expunged mail back.</summary>
internal static class UndeleteVerbs
{
    public static Command Build() => new("undelete", CommandTree.Help(
        "Mail that was expunged, and its way back; it is kept for `store.undelete`, 14 days without.",
        "aviso undelete list alice@example.org --since 2d", "aviso undelete restore alice@example.org --all --since 1h --mailbox INBOX"))
    {
        AdminVerb.Of("undelete.list", "list", "List what an account expunged, youngest first: at most 10,000 messages.",
            ["aviso undelete list alice@example.org", "aviso undelete list alice@example.org --since 2d --mailbox Bills"],
            new VerbAnswers(ShowList), AdminVerb.Address("The account."), Since(), Mailbox()),
        AdminVerb.Of("undelete.restore", "restore",
            "Put messages back where they were, with their flags, keywords and dates; a mailbox that is gone is made again. "
            + "Doing it twice makes no second copy.",
            ["aviso undelete restore alice@example.org ID", "aviso undelete restore alice@example.org --all --since 1h",
                "aviso undelete restore alice@example.org --all --mailbox Bills --into Saved"],
            AdminVerb.Address("The account."),
            new Argument<string[]>("id")
            {
                Description = "Ids of `aviso undelete list`.",
                Arity = ArgumentArity.ZeroOrMore,
                HelpName = "ID",
            },
            new Option<bool>("--all") { Description = "All that `list` with the same options shows." }, Since(), Mailbox(),
            new Option<string?>("--into") { Description = "A mailbox that is there, instead of where they were.", HelpName = "MAILBOX" }),
    };

    private static void ShowList(TextWriter output, JsonNode? rows)
    {
        Output.Show(output, rows);
        if (rows is JsonArray { Count: UndeleteCalls.MostRows })
            output.WriteLine($"these are the youngest {UndeleteCalls.MostRows}; there may be more: ask by --since and --mailbox");
    }

    private static Option<string?> Since() =>
        new("--since") { Description = "Only what was expunged in the last 2h, 3d …", HelpName = "TIME" };

    private static Option<string?> Mailbox() => new("--mailbox") { Description = "Only what was in this mailbox.", HelpName = "MAILBOX" };
}
