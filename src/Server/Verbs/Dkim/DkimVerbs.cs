using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>Verbs about signing keys.</summary>
internal static class DkimVerbs
{
    public static Command Build() => new("dkim", CommandTree.Help(
        "Signing keys: one of RSA and one of Ed25519 for each domain that declares none. A key signs once its record is in the DNS.",
        "aviso dkim list", "aviso dkim status", "aviso dkim check", "aviso dkim rotate example.org"))
    {
        AdminVerb.List("dkim", "List keys: whether each signs, what is wrong with its record, and the record to publish."),
        AdminVerb.Of("dkim.check", "check",
            "Look at the DNS now and verify a signed message against it. Exit status 1 when a key has a problem.", ["aviso dkim check"],
            new VerbAnswers(Finds: VerbAnswers.AnyRow)),
        AdminVerb.Of("dkim.status", "status", "Show how far each key is and what comes next: published, signing, retired, gone.",
            ["aviso dkim status"]),
        AdminVerb.Of("dkim.rotate", "rotate",
            "Make new keys beside the old and publish them where `dns.zones` allows it; the old sign until every server of the zone shows "
                + "the new.",
            ["aviso dkim rotate example.org"],
            AdminVerb.Named("name", "The domain.")),
    };
}
