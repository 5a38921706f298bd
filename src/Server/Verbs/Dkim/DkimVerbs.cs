using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>Verbs about signing keys.</summary>
internal static class DkimVerbs
{
    public static Command Build() => new("dkim", CommandTree.Help(
        "Signing keys: one of RSA and one of Ed25519 for each domain that declares none. A key signs once its record is in the DNS.",
        "aviso dkim list", "aviso dkim check", "aviso dkim rotate example.org"))
    {
        AdminVerb.List("dkim", "List keys: whether each signs, what is wrong with its record, and the record to publish."),
        AdminVerb.Of("dkim.check", "check",
            "Look at the DNS now and verify a signed message against it. Exit status 1 when a key has a problem.", ["aviso dkim check"],
            new VerbAnswers(Finds: VerbAnswers.AnyRow)),
        AdminVerb.Of("dkim.rotate", "rotate", "Make new keys beside the old; the old sign until the new ones are published.",
            ["aviso dkim rotate example.org"],
            AdminVerb.Named("name", "The domain.")),
    };
}
