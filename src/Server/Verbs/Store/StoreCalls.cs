using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Server;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Store.Rebuild;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Verbs;

/// <summary>What the verbs about the store do, in the running server or on the data folder of a stopped one.</summary>
internal static class StoreCalls
{
    public static void Add(AdminHandlers admin, SqliteMailStore store) => admin
        .Add("store.check", (c, t) => CheckAsync(store, c, t))
        .Add("store.rebuild", (_, _) => Task.FromResult(AdminReply.No("the server is running; stop it first, then `aviso store rebuild`")));

    /// <summary>The store's verbs without a running server; the store's lock keeps a server from starting meanwhile.</summary>
    public static async Task<AdminReply> OfflineAsync(ServerSettings settings, AdminCall call, TimeProvider clock, CancellationToken cancel)
    {
        if (call.Verb is not ("store.check" or "store.rebuild"))
            throw new IOException($"no server runs on {settings.Data}; start it with `aviso serve`");
        var options = MailParts.StoreOptions(settings, new MessageReader(), clock, NullLogger.Instance) with { Index = false };
        if (call.Verb == "store.rebuild") return Replies.One(await Task.Run(() => StoreRebuild.Run(options, cancel), cancel), AdminJson.Default.RebuildReport);
        if (!File.Exists(Path.Combine(settings.Data, "store.db"))) return AdminReply.No($"there is no store in {settings.Data}");
        await using var store = await SqliteMailStore.OpenAsync(options, cancel);
        return await CheckAsync(store, call, cancel);
    }

    private static async Task<AdminReply> CheckAsync(SqliteMailStore store, AdminCall call, CancellationToken cancel)
    {
        var findings = new List<StoreFinding>();
        await foreach (var finding in store.CheckAsync(call.Flag("bodies") ? StoreCheckDepth.Bodies : StoreCheckDepth.Rows, cancel))
            findings.Add(finding);
        return Replies.Rows(findings, AdminJson.Default.StoreFinding);
    }
}
