using System.CommandLine;

namespace Aviso.Verbs;

internal static class ReloadVerb
{
    public static Command Build()
    {
        var force = new Option<bool>("--force")
        {
            Description = "Take settings that send mail by ways which the DNS records of the domains do not allow; the doctor goes on "
                + "saying so.",
        };
        var verb = new Command("reload", CommandTree.Help(
            "Make the running server read its settings again, as SIGHUP does. Settings that would send mail by a relay that the SPF "
                + "record of the "
            + "domain does not name, or with a key it does not publish, are refused.", "aviso reload", "aviso reload --force")) { force };
        verb.SetAction((parsed, cancel) =>
            AdminVerb.SendAsync(parsed, "reload", new() { ["force"] = parsed.GetValue(force) }, VerbAnswers.Plain, cancel));
        return verb;
    }
}
