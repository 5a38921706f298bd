using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>Verbs about relays.</summary>
internal static class RelayVerbs
{
    public static Command Build() => new("relay", CommandTree.Help("Relays, and whom they block.",
        "aviso relay suppressed", "aviso relay unblock carol@elsewhere.example"))
    {
        AdminVerb.Of("relay.suppressed", "suppressed",
            "List recipients that relays no longer serve, as their vendors' lists say: mail for them is taken and thrown away.",
            ["aviso relay suppressed", "aviso relay suppressed carol@elsewhere.example", "aviso relay suppressed --relay brevo --json"],
            new Argument<string?>("address") { Description = "Only these: an address or a part of one.", Arity = ArgumentArity.ZeroOrOne, HelpName = "ADDRESS" },
            new Option<string?>("--relay") { Description = "Only this relay's list.", HelpName = "NAME" }),
        AdminVerb.Of("relay.unblock", "unblock", "Take a recipient off the lists of all relays.",
            ["aviso relay unblock carol@elsewhere.example"], AdminVerb.Address("The recipient.")),
    };
}
