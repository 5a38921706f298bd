using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>`aviso spam lists` and `aviso spam allow|block list|add|remove`.</summary>
internal static class SpamListVerbs
{
    public static IEnumerable<Command> Build() =>
    [
        Lists(),
        new Command("allow",
            CommandTree.Help(
            "Senders whose mail is never junk, of everybody or of one account. Nobody gets in under their name: they must be proven by SPF or DKIM.",
            "aviso spam allow add partner.example", "aviso spam allow add newsletter@shop.example --account alice@example.org"))
        {
            List("allow"),
            Add("allow", new Option<bool>("--unproven") { Description = "Also when nothing proves that it is them. Anybody can then write in this name." }),
            Remove("allow"),
        },
        new Command("block", CommandTree.Help("Senders whose mail is refused (of everybody) or filed in Junk (of one account).",
            "aviso spam block add nuisance.example", "aviso spam block add 203.0.113.0/24"))
        {
            List("block"), Add("block"), Remove("block"),
        },
    ];

    private static Command Lists() => AdminVerb.Of("spam.lists", "lists",
        "Lists of others that are asked by DNS: believed, refused (it does not want our questions), silent, broken (fails its self-test), or not tested yet.",
        ["aviso spam lists", "aviso spam lists --test"], new Option<bool>("--test") { Description = "Test each list now." });

    private static Command List(string noun) =>
        Call(noun, "list", "List the entries, those of the settings file too.", [$"aviso spam {noun} list --json"]);

    private static Command Add(string noun, params Symbol[] more) => Call(noun, "add",
        "Add an entry: an address, a domain (with all below it), @domain (only it), an IP address or a network.",
        [$"aviso spam {noun} add someone@shop.example", $"aviso spam {noun} add @shop.example --account alice@example.org"],
            [Entry(), .. more]);

    private static Command Remove(string noun) =>
        Call(noun, "remove", "Remove an entry that was added by a verb.", [$"aviso spam {noun} remove shop.example"], Entry());

    private static Argument<string?> Entry() => new("entry") { Description = "Address, domain, @domain or network.", HelpName = "ENTRY" };

    private static Command Call(string noun, string name, string text, string[] examples, params Symbol[] more) => AdminVerb.Of(
        $"spam.{noun}.{name}", name, text, examples,
        [.. more, new Option<string?>("--account") { Description = "The list of this account. Default: that of everybody.", HelpName = "ADDRESS" }]);
}
