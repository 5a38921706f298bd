using System.CommandLine;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Verbs about the way out: an account's mail as other programs read it.</summary>
internal static class ExportVerbs
{
    private static readonly string[] Formats = ["maildir", "mbox", "eml"];

    public static Command Build()
    {
        var format = new Argument<string?>("format")
        {
            Description = "maildir (for Dovecot, with UIDs), mbox (a file a mailbox) or eml (one zip).",
            HelpName = "FORMAT",
        };
        format.AcceptOnlyFromAmong(Formats);
        var account = new Option<string?>("--account") { Description = "Whose mail.", HelpName = "ADDRESS", Required = true };
        var to = new Option<string?>("--to")
        {
            Description = "A folder (of eml a file) that is not there yet, as the server's user sees it.",
            HelpName = "PATH",
            Required = true,
        };
        var dovecot = new Option<bool>("--dovecot")
        {
            Description = "With maildir, where it is what happens anyway: dovecot-uidlist, dovecot-keywords, subscriptions.",
        };
        var verb = new Command("export", CommandTree.Help(
            "Write an account's mail where other programs read it; `aviso import` takes it in again octet for octet. "
            + "As a Maildir Dovecot shows the same UIDVALIDITY, UIDs, flags, keywords and dates: the way back.",
            "aviso export maildir --dovecot --account alice@example.org --to /srv/old/alice",
                "aviso export eml --account alice@example.org --to alice.zip"))
        { format, account, to, dovecot, CommandTree.Json };
        verb.SetAction((parsed, cancel) => AdminVerb.SendAsync(parsed, "export.run", new JsonObject
        {
            ["format"] = parsed.GetValue(format),
            ["account"] = parsed.GetValue(account),
            ["to"] = Path.GetFullPath(parsed.GetValue(to)!),
        }, new(Show, HasLosses), cancel));
        return verb;
    }

    private static bool HasLosses(JsonNode? answer) => answer?["notes"] is JsonArray { Count: > 0 };

    private static void Show(TextWriter output, JsonNode? answer)
    {
        output.WriteLine($"{Output.Cell(answer?["account"])}: {Output.Cell(answer?["messages"])} messages of "
            + $"{Output.Cell(answer?["mailboxes"])} mailboxes are in {Output.Cell(answer?["path"])}");
        foreach (var note in answer?["notes"] as JsonArray ?? []) output.WriteLine(
            $"  {Output.Cell(note?["place"])}: {Output.Cell(note?["text"])}");
    }
}
