using Aviso.Admin;
using Aviso.Doctor;
using Aviso.Net;
using Aviso.Server;

namespace Aviso.Verbs;

/// <summary>What the verbs about certificates do in the running server.</summary>
internal sealed class CertificateCalls(CertificatesPart certificates, DnsPlanner planner)
{
    public void Add(AdminHandlers admin) => admin
        .Add("certificates.list", (_, _) => Task.FromResult(Replies.Rows(List(), AdminJson.Default.CertificateRow)))
        .Add("certificates.tlsa", async (_, t) => await planner.TlsaAsync(t) is { } line
            ? Replies.Rows([DnsRow.Of(line)], AdminJson.Default.DnsRow) : AdminReply.No("there is no certificate: no listener speaks TLS"))
        .Add("certificates.mta-sts", async (_, t) => (await planner.InputAsync(t)).Sts is null
            ? AdminReply.No("no policy is published: set `mta_sts: { publish: testing }` first")
            : Replies.Rows((await planner.PlanAsync(null, t)).Lines
                .Where(l => l.Purpose is DnsPurpose.MtaSts or DnsPurpose.TlsReports
                    || (l.Purpose == DnsPurpose.Mx && l.Action != PlanAction.Fine))
                .Select(DnsRow.Of), AdminJson.Default.DnsRow))
        .Add("certificates.renew", (c, t) => RenewAsync(c.Text("name"), t), changes: true);

    /// <summary>All certificates: those wanted by ACME whether there or not, then the others in use.</summary>
    private List<CertificateRow> List()
    {
        var states = certificates.Renewer?.States() ?? [];
        var rows = states.Select(s => new CertificateRow(
            string.Join(' ', s.Names), s.From.Length > 0 ? s.From : "not yet", s.NotAfter, s.RenewAt, s.NextTry, s.Problem)).ToList();
        var byAcme = states.Select(s => s.NotAfter).ToHashSet();
        foreach (var shown in certificates.Shown?.All ?? [])
        {
            var until = new DateTimeOffset(shown.NotAfter).ToUniversalTime();
            if (!byAcme.Contains(until)) rows.Add(new(string.Join(' ', TlsCertificates.NamesOf(shown)), shown.Issuer, until, null, null, ""));
        }
        return rows;
    }

    private async Task<AdminReply> RenewAsync(string? name, CancellationToken cancel)
    {
        if (certificates.Renewer is not { } renewer)
            return AdminReply.No("there is no `tls.acme` in the settings; certificates from files are read again by `aviso reload`");
        var lines = new List<string>();
        foreach (var one in name is null ? renewer.States().Select(s => s.Name) : [name])
        {
            if (await renewer.RenewAsync(one, cancel) is not { } state)
                return AdminReply.No($"no certificate for {one} is wanted by `tls.acme`; see `aviso certificates list`");
            if (state.Problem.Length > 0) return AdminReply.No(state.Problem);
            lines.Add($"{state.Name}: from {state.From}, valid until {state.NotAfter:u}");
        }
        return AdminReply.Done(string.Join('\n', lines));
    }
}

/// <summary>One certificate for the list of the verb.</summary>
internal sealed record CertificateRow(string Names, string From, DateTimeOffset? NotAfter, DateTimeOffset? RenewAt, DateTimeOffset? NextTry, string Problem);
