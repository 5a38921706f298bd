using Aviso.MailAuth;

namespace Aviso.Spam;

/// <summary>What SPF, DKIM, DMARC and ARC found, as symbols.</summary>
public sealed class AuthCheck : ISpamCheck
{
    public string Name => "auth";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        if (context.Input.Auth is not { } auth) return default;
        var trusted = auth.Arc is { Result: ArcResult.Pass, TrustedResults.Length: > 0 };
        if (trusted) context.Add("ARC_TRUSTED", -0.5, $"a trusted sealer vouches for it ({auth.Arc.Sealers[^1]})");
        Spf(context, auth.Spf, trusted);
        if (auth.Dkim.Any(d => d.Result == DkimResult.Pass && !d.Testing)) context.Add("DKIM_VALID", -0.1, "a signature holds");
        else if (auth.Dkim.Any(d => d.Result == DkimResult.Fail)) context.Add("DKIM_BROKEN", trusted ? 0 : 0.3, "no signature holds");
        Dmarc(context, auth.Dmarc, trusted);
        if (auth.Iprev.Result == IprevResult.Fail && !context.Input.IsInternal) context.Add(
            "CLIENT_NO_NAME", 0.6, "the client's address has no name that leads back to it");
        return default;
    }

    private static void Spf(SpamContext context, SpfVerdict spf, bool trusted)
    {
        if (spf.Result == SpfResult.Pass) context.Add("SPF_PASS", 0, spf.Domain);
        else if (spf.Result == SpfResult.Fail) context.Add(
            "SPF_FAIL", trusted ? 0 : 1.5, $"{spf.Domain} says this client may not send its mail");
        else if (spf.Result == SpfResult.SoftFail) context.Add(
            "SPF_SOFTFAIL", trusted ? 0 : 0.5, $"{spf.Domain} doubts that this client may send its mail");
    }

    private static void Dmarc(SpamContext context, DmarcVerdict dmarc, bool trusted)
    {
        if (dmarc.Result == DmarcResult.Pass) context.Add("DMARC_PASS", -0.2, dmarc.Domain);
        else if (dmarc.Result == DmarcResult.Fail)
        {
            var (name, score) = dmarc.Policy switch
            {
                DmarcPolicy.Reject => ("DMARC_REJECT", 5.0),
                DmarcPolicy.Quarantine => ("DMARC_QUARANTINE", 3.0),
                _ => ("DMARC_FAIL", 0.3),
            };
            context.Add(name, trusted ? 0 : score, $"{dmarc.Domain} does not stand behind this message");
        }
    }
}
