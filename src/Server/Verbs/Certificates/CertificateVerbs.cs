using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>Verbs about certificates, and the DNS records that speak of them.</summary>
internal static class CertificateVerbs
{
    public static Command Build() => new("certificates", CommandTree.Help(
        "Certificates: those got by ACME with what is wrong where one does not come, then those of files and of our own authority.",
        "aviso certificates list", "aviso certificates renew mail.example.org", "aviso certificates tlsa", "aviso certificates mta-sts"))
    {
        AdminVerb.List("certificates", "List certificates, when each ends and is renewed, and why a renewal failed."),
        AdminVerb.Of("certificates.tlsa", "tlsa",
            "DNS records for DANE (RFC 7672): the key in use and the next certificate's, whether the DNS shows them, and what to do. "
            + "While the next key is not in the DNS and the present one is, renewals keep the present key.",
                ["aviso certificates tlsa", "aviso certificates tlsa --json"]),
        AdminVerb.Of("certificates.mta-sts", "mta-sts",
            "DNS records for MTA-STS (RFC 8461) and TLS reports of each domain, whether the DNS shows them, and what to do. "
            + "The policy itself is served on the https listener; `mta_sts` in the settings says what is in it.",
                ["aviso certificates mta-sts"]),
        AdminVerb.Of(
            "certificates.renew", "renew",
            "Get a new certificate now, whether due or not. Open connections stay. Authorities limit how often: use it to try out, not by a timer.",
            ["aviso certificates renew", "aviso certificates renew mail.example.org"],
            new Argument<string?>("name") { Description = "A name in it; all without.", Arity = ArgumentArity.ZeroOrOne, HelpName = "NAME" }),
    };
}
