using Aviso.Admin;
using Aviso.Delivery;

namespace Aviso.Verbs;

/// <summary>What the verbs about signing keys do in the running server.</summary>
internal sealed class DkimCalls(SigningKeys keys)
{
    public void Add(AdminHandlers admin) => admin
        .Add("dkim.list", (_, _) => Task.FromResult(Replies.Rows(keys.List(), AdminJson.Default.SigningKeyInfo)))
        .Add("dkim.check", (_, t) => CheckAsync(t))
        .Add("dkim.rotate", async (c, t) => await keys.RotateAsync(c.Text("name") ?? "", t) is { } made
            ? Replies.Rows(made, AdminJson.Default.SigningKeyInfo)
            : AdminReply.No($"{c.Text("name")} has no keys of ours: its keys are declared in the settings, or it is no domain of ours"),
            changes: true);

    private async Task<AdminReply> CheckAsync(CancellationToken cancel)
    {
        foreach (var domain in keys.List().Select(k => k.Domain).Distinct().ToList()) await keys.CheckAsync(domain, cancel);
        return Replies.Rows(keys.List().Where(k => k.Problem.Length > 0), AdminJson.Default.SigningKeyInfo);
    }
}
