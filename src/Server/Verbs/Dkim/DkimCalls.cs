using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What the verbs about signing keys do in the running server.</summary>
internal sealed class DkimCalls(SigningKeys keys, DkimRotation rotation)
{
    public void Add(AdminHandlers admin) => admin
        .Add("dkim.list", (_, _) => Task.FromResult(Replies.Rows(keys.List(), AdminJson.Default.SigningKeyInfo)))
        .Add("dkim.check", (_, t) => CheckAsync(t))
        .Add("dkim.status", (_, _) => Task.FromResult(Replies.Rows(rotation.Status(), AdminJson.Default.RotationRow)))
        .Add("dkim.rotate", RotateAsync, changes: true);

    private async Task<AdminReply> RotateAsync(AdminCall call, CancellationToken cancel)
    {
        var domain = DnsMapping.Ascii(call.Text("name") ?? "");
        if (await keys.RotateAsync(domain, cancel) is null)
            return AdminReply.No(
                $"{call.Text("name")} has no keys of ours: its keys are declared in the settings, or it is no domain of ours");
        await rotation.StepAsync(domain, cancel);
        return Replies.Rows(keys.List().Where(k => k.Domain == domain), AdminJson.Default.SigningKeyInfo);
    }

    private async Task<AdminReply> CheckAsync(CancellationToken cancel)
    {
        foreach (var domain in keys.List().Select(k => k.Domain).Distinct().ToList()) await keys.CheckAsync(domain, cancel);
        return Replies.Rows(keys.List().Where(k => k.Problem.Length > 0), AdminJson.Default.SigningKeyInfo);
    }
}
