using System.Text.Json.Nodes;
using Aviso.Accounts;
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
    private static readonly string[] Losses = ["lost", "marked", "locked", "held"];

    public static void Add(AdminHandlers admin, SqliteMailStore store) => admin
        .Add("store.check", (c, t) => CheckAsync(store, c, t))
        .Add("store.rebuild", (_, _) => Task.FromResult(AdminReply.No("the server is running; stop it first, then `aviso store rebuild`")));

    /// <summary>The store's verbs without a running server; the store's lock keeps a server from starting meanwhile.</summary>
    public static async Task<AdminReply> OfflineAsync(ServerSettings settings, AdminCall call, TimeProvider clock, CancellationToken cancel)
    {
        if (call.Verb is not ("store.check" or "store.rebuild"))
            throw new IOException($"no server runs on {settings.Data}; start it with `aviso serve`");
        DataFolder.MakeForOurselves();
        return await Task.Run(() => call.Verb == "store.rebuild" ? Rebuild(settings, clock, cancel) : Check(settings, call, cancel), cancel);
    }

    /// <summary>Did a rebuild name anything an administrator must see to?</summary>
    public static bool HasLosses(JsonNode? report) =>
        report is JsonObject fields && Losses.Any(name => fields[name] is JsonArray { Count: > 0 });

    private static async Task<AdminReply> CheckAsync(SqliteMailStore store, AdminCall call, CancellationToken cancel)
    {
        var findings = new List<StoreFinding>();
        await foreach (var finding in store.CheckAsync(Depth(call), cancel)) findings.Add(finding);
        return Replies.Rows(findings, AdminJson.Default.StoreFinding);
    }

    private static AdminReply Check(ServerSettings settings, AdminCall call, CancellationToken cancel)
    {
        var findings = SqliteMailStore.CheckOffline(settings.Data, Depth(call), cancel);
        return findings.Count == 0 && !File.Exists(Path.Combine(settings.Data, "store.db"))
            ? AdminReply.No($"there is no store in {settings.Data}") : Replies.Rows(findings, AdminJson.Default.StoreFinding);
    }

    private static AdminReply Rebuild(ServerSettings settings, TimeProvider clock, CancellationToken cancel)
    {
        if (!Directory.Exists(settings.Data)) return AdminReply.No($"there is no store in {settings.Data}");
        var options = StoreMapping.Store(settings, new MessageReader(), clock, NullLogger.Instance);
        var now = clock.GetUtcNow();
        var report = StoreRebuild.Run(options, new(Addresses(settings), account => SecondFactors.Unknown(account, now)), cancel);
        return Replies.One(report, AdminJson.Default.RebuildReport);
    }

    private static List<string> Addresses(ServerSettings settings)
    {
        var listed = settings.AccountsFrom is { } from && AccountList.ParseJson(from.Reveal(), "accounts_from").Items is { } list ? list.Select(one => one.Address) : [];
        return [.. settings.Accounts.Select(account => account.Address).Concat(listed)
            .Select(address => AddressKey.TryParse(address, out var key) ? key.ToString() : "").Where(key => key.Length > 0).Distinct()];
    }

    private static StoreCheckDepth Depth(AdminCall call) => call.Flag("bodies") ? StoreCheckDepth.Bodies : StoreCheckDepth.Rows;
}
