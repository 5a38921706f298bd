using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>Verbs about relays.</summary>
internal static class RelayVerbs
{
    public static Command Build() =>
        new("relay", CommandTree.Help("Relays: what is left of them, whom they block, and changing from one to another.",
        "aviso relay list", "aviso relay suppressed", "aviso relay unblock carol@elsewhere.example", "aviso relay switch brevo ses"))
    {
        AdminVerb.List("relay",
            "List relays: how many routes lead to each, what is left of its quota, and whether mail was switched to it."),
        AdminVerb.Of("relay.switch", "switch",
            "Send mail of one relay by another: looks at the DNS, sends a signed message to ourselves, then flips. Goes back by itself "
            + "when the first messages fail. Without --yes it only says what it would do.",
            ["aviso relay switch brevo ses", "aviso relay switch brevo ses --yes"],
            AdminVerb.Named("from", "The relay that `routes` name."), AdminVerb.Named("to", "The relay that takes its mail."),
            new Option<bool>("--yes") { Description = "Do it." },
            new Option<bool>("--untested") { Description = "Without the message to ourselves." }),
        AdminVerb.Of("relay.suppressed", "suppressed",
            "List recipients that relays no longer serve, as their vendors' lists say: mail for them is taken and thrown away.",
            ["aviso relay suppressed", "aviso relay suppressed carol@elsewhere.example", "aviso relay suppressed --relay brevo --json"],
            new Argument<string?>("address") { Description = "Only these: an address or a part of one.", Arity = ArgumentArity.ZeroOrOne,
                HelpName = "ADDRESS" },
            new Option<string?>("--relay") { Description = "Only this relay's list.", HelpName = "NAME" }),
        AdminVerb.Of("relay.unblock", "unblock", "Take a recipient off the lists of all relays.",
            ["aviso relay unblock carol@elsewhere.example"], AdminVerb.Address("The recipient.")),
    };
}
