using Aviso.Admin;
using Aviso.Server;

namespace Aviso.Verbs;

/// <summary>What the verbs about certificates do in the running server.</summary>
/// <param name="domains">Those that we receive mail for now.</param>
internal sealed class CertificateCalls(CertificateParts certificates, TransportParts transport, Func<IReadOnlyList<string>> domains)
{
    public void Add(AdminHandlers admin) => admin
        .Add("certificates.list", (_, _) => Task.FromResult(Replies.Rows(certificates.List(), AdminJson.Default.CertificateRow)))
        .Add("certificates.tlsa", async (_, t) => await transport.TlsaRecordsAsync(certificates, t) is { } rows
            ? Replies.Rows(rows, AdminJson.Default.WantedRecord) : AdminReply.No("there is no certificate: no listener speaks TLS"))
        .Add("certificates.mta-sts", async (_, t) => await transport.StsRecordsAsync(domains(), certificates, t) is { } rows
            ? Replies.Rows(rows, AdminJson.Default.WantedRecord) : AdminReply.No("no policy is published: set `mta_sts: { publish: testing }` first"))
        .Add("certificates.renew", (c, t) => RenewAsync(c.Text("name"), t), changes: true);

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
