using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Secrets;
using Aviso.Server;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What the verbs about settings and secrets ask of the running server.</summary>
/// <param name="started">The settings it was started with.</param>
internal sealed class SettingsCalls(Reload reload, ServerSettings started, SecretSource secrets, TimeProvider clock)
{
    public void Add(AdminHandlers admin) => admin
        .Add("settings.waiting", (_, _) => Task.FromResult(Replies.Rows(
            SettingsTables.Waiting(started, reload.Settings), AdminJson.Default.WaitingKey)))
        .Add("secrets.list", (_, _) => Task.FromResult(Secrets()))
        .Add("reload", async (call, _) => await reload.NowAsync("verb", call.Flag("force")) switch
        {
            (true, var notes) => AdminReply.Done(string.Join('\n', notes.Prepend("settings read again"))),
            (_, var problems) => AdminReply.No(string.Join('\n', problems.Prepend("the new settings are wrong, the old ones stay:"))),
        }, changes: true);

    /// <summary>For `check --secrets`: what this server uses.</summary>
    private AdminReply Secrets() => AdminReply.Done(new JsonArray([.. secrets.InUse.Select(s => (JsonNode)new JsonObject
    {
        ["path"] = s.Path,
        ["version"] = s.Version,
        ["age_seconds"] = (long)Math.Max(0, (clock.GetUtcNow() - s.ReadAt).TotalSeconds),
    })]));
}
