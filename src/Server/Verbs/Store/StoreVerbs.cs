using System.CommandLine;
using System.Text.Json.Nodes;

namespace Aviso.Verbs;

/// <summary>Verbs about the store of mail.</summary>
internal static class StoreVerbs
{
    public static Command Build() => new("store", CommandTree.Help("The store of mail.", "aviso store check", "aviso store check --bodies"))
    {
        AdminVerb.Of("store.check", "check", "The store's self-check; it changes nothing. Exit status 1 when it finds anything.", ["aviso store check --bodies --json"],
            new VerbAnswers(Sound, VerbAnswers.AnyRow),
            new Option<bool>("--bodies") { Description = "Also read every body and check its checksum." }),
        AdminVerb.Of("store.rebuild", "rebuild", "Make the database anew from the body segments, large files and the journal, beside the old one, which is kept. The server must not run. "
            + "Exit status 1 when something is lost, damaged, held or locked: each is named.", ["aviso store rebuild"],
            new VerbAnswers(Finds: StoreCalls.HasLosses)),
    };

    private static void Sound(TextWriter output, JsonNode? findings)
    {
        if (findings is JsonArray { Count: 0 }) output.WriteLine("the store is sound");
        else Output.Show(output, findings);
    }
}
