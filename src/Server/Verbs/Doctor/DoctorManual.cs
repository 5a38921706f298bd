using System.Text;
using Aviso.Doctor;

namespace Aviso.Verbs;

/// <summary>The page docs/doctor.md, from the catalogue of findings.</summary>
internal static class DoctorManual
{
    private const string Head = """
        # The doctor

        This page is generated from the program (`./dev docs`).

        The server keeps looking whether DNS, relays, certificates, addresses, listeners, proxies, bans, disk, clock, queue and its own
        parts still agree with one another. What does not is a *finding*: a code that never changes, a severity, one sentence that says
        what is wrong, since when, what was seen, and what to do, with the record, command or setting that mends it where one does.

        ```
        aviso doctor                                  # looks now; exit status 1 when something of warning or worse stands
        aviso doctor --only relay-not-in-spf --json
        aviso doctor acknowledge ptr-missing          # I know: nothing more is told of it until it clears
        aviso doctor codes
        ```

        It looks by itself a minute and a half after the start, when settings have changed, every five minutes at what costs nobody
        anything, and every hour at the rest. A check that fails or does not end is a finding too. Findings survive a restart; log,
        metrics and events say when one comes up and when it clears, not in between. What could not be asked (the DNS did not answer)
        stays as it was.

        Mail leaves by relays that the DNS must know of. A reload that would send mail of a domain by a relay whose `spf` or
        `dkim_selectors` the domain does not publish, or directly from an address its SPF record does not allow, is refused, and says
        which record is missing; `aviso reload --force` takes it all the same. A domain that is new and has no SPF record yet is taken.
        When the DNS cannot be asked the settings are taken and a finding says so.

        "We refused one of ours": the first refused relaying, failed login or other permanent refusal of a machine in
        `networks.internal`, or of a program's app password, is a finding within seconds, with client, HELO, sender, recipient and
        reply. It stands until it has not happened for a day.

        Metrics: `aviso_doctor_finding{code,severity}` (how many stand, 0 for every other code),
        `aviso_doctor_check_age_seconds{check}`.

        ## Who is told

        Nobody, unless the settings name somebody:

        ```yaml
        events:
          from: warning                     # information, warning or error
          quiet: "22:00-07:00"              # only errors at night
          mail: { to: [you@elsewhere.example], relay: backup }
          webhooks: [ { url: "https://hooks.example/aviso", secret: env:HOOK_SECRET } ]
          ntfy: { topic: "https://ntfy.example/mail", token: env:NTFY_TOKEN }
          gotify: { url: "https://gotify.example", token: env:GOTIFY_TOKEN }
          alertmanager: { url: "http://127.0.0.1:9093" }
        ```

        An event is written down with its finding and delivered at least once to each of them: what comes at once goes together, of one
        code at most once a minute, with growing pauses for three days. Mail takes another relay, or goes directly, when the doctor has
        found that the usual relay takes nothing. A webhook gets `{"host": ..., "events": [{"id", "state": "raised" or "cleared",
        "code", "severity", "subject", "says", "evidence", "fix", "act", "since", "at"}]}`; the same `id` twice is the same event. With
        a secret, `X-Aviso-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of `X-Aviso-Timestamp`, a dot and the body.
        Alertmanager is told every five minutes what stands.

        Those whom `mail` names also get a letter every week, in sentences: [docs/monitoring.md](monitoring.md#the-weekly-letter).

        ## Codes

        `doctor.ignore` in the settings silences a code for good.

        """;

    public static string Page()
    {
        var text = new StringBuilder(Head);
        foreach (var code in FindingCode.All)
            text.Append($"### {code.Word}\n\n{code.Severity}. {code.Means} To do: {code.ToDo}\n\n");
        return text.ToString().TrimEnd('\n') + "\n";
    }
}
