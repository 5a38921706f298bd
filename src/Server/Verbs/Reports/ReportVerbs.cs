using System.CommandLine;

namespace Aviso.Verbs;

/// <summary>`aviso reports`.</summary>
internal static class ReportVerbs
{
    public static Command Build() => AdminVerb.Of("reports", "reports",
        "What others report about mail in our name and about TLS to us: by domain, with the sources that failed.",
        ["aviso reports", "aviso reports --days 30 --json"], new VerbAnswers(ReportPage.Show),
        new Option<string?>("--days") { Description = "How far back; 14 without.", HelpName = "N" });
}
