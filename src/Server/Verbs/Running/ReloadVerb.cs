using System.CommandLine;

namespace Aviso.Verbs;

internal static class ReloadVerb
{
    public static Command Build()
    {
        var verb = new Command(
            "reload", CommandTree.Help("Make the running server read its settings again, as SIGHUP does.", "aviso reload"));
        verb.SetAction((parsed, cancel) => AdminVerb.CallAsync(parsed, "reload", cancel));
        return verb;
    }
}
