using System.Text.Json;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Settings;
using Aviso.Store;
using AccountChange = Aviso.Accounts.AccountChange;

namespace Aviso.Server;

/// <summary>What each verb does, in the running server or (where that is safe) on the data folder of a stopped one.</summary>
internal static class AdminCalls
{
    private const int QueueLimit = 10_000;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static void Add(AdminHandlers admin, MailParts mail)
    {
        var accounts = mail.Accounts;
        admin
            .Add("account.list", (_, _) => Rows(accounts.ListAccounts()))
            .Add("account.without_scram", (_, _) => Rows(mail.Book.WithoutScram()))
            .Add("account.add", (c, t) => Answer(accounts.AddAccountAsync(c.Text("address") ?? "", Change(c), t)), changes: true)
            .Add("account.set", (c, t) => Answer(accounts.SetAccountAsync(c.Text("address") ?? "", Change(c), t)), changes: true)
            .Add("account.remove", (c, t) => Answer(accounts.RemoveAccountAsync(c.Text("address") ?? "", c.Flag("purge"), t)), changes: true)
            .Add("account.release", (c, t) => ReleaseAsync(mail, c.Text("address") ?? "", t), changes: true)
            .Add("alias.list", (_, _) => Rows(accounts.ListAliases()))
            .Add("alias.add", (c, t) => Answer(accounts.AddAliasAsync(c.Text("address") ?? "", c.Texts("to"), t)), changes: true)
            .Add("alias.set", (c, t) => Answer(accounts.SetAliasAsync(c.Text("address") ?? "", c.Texts("to"), t)), changes: true)
            .Add("alias.remove", (c, t) => Answer(accounts.RemoveAliasAsync(c.Text("address") ?? "", t)), changes: true)
            .Add("domain.list", (_, _) => Rows(accounts.ListDomains()))
            .Add("domain.add", (c, t) => AddDomainAsync(mail, c, t), changes: true)
            .Add("domain.set", (c, t) => Answer(accounts.SetDomainAsync(c.Text("name") ?? "", c.Text("catch_all"), c.Text("alias_of"), t)), changes: true)
            .Add("domain.remove", (c, t) => RemoveDomainAsync(mail, c, t), changes: true);

        admin
            .Add("dkim.list", (_, _) => Rows(mail.Senders.Keys.List()))
            .Add("dkim.check", (_, t) => CheckKeysAsync(mail.Senders.Keys, t))
            .Add("dkim.rotate", async (c, t) => await mail.Senders.Keys.RotateAsync(c.Text("name") ?? "", t) is { } keys
                ? await Rows(keys) : AdminReply.No($"{c.Text("name")} has no keys of ours: its keys are declared in the settings, or it is no domain of ours"), changes: true)
            .Add("reports", (c, t) => ReportsAsync(mail, c, t));

        admin
            .Add("certificates.list", (_, _) => Rows(mail.Certificates.List()))
            .Add("certificates.tlsa", async (_, t) => await mail.Transport.TlsaRecordsAsync(mail.Certificates, t) is { } rows
                ? await Rows(rows) : AdminReply.No("there is no certificate: no listener speaks TLS"))
            .Add("certificates.mta-sts", async (_, t) => await mail.Transport.StsRecordsAsync(mail.Book.Table.Domains, mail.Certificates, t) is { } rows
                ? await Rows(rows) : AdminReply.No("no policy is published: set `mta_sts: { publish: testing }` first"))
            .Add("certificates.renew", (c, t) => RenewAsync(mail.Certificates, c.Text("name"), t), changes: true);

        var queue = mail.Queue;
        admin
            .Add("queue.list", async (c, t) => await Rows((await queue.ListAsync(Selection(c), QueueLimit, t)).SelectMany(Flat)))
            .Add("queue.show", async (c, t) => await queue.ShowAsync(c.Text("id") ?? "", t) is { } entry
                ? AdminReply.Done(JsonSerializer.SerializeToNode(entry, Json)) : AdminReply.No($"nothing in the queue has the id `{c.Text("id")}`"))
            .Add("queue.retry", (c, t) => Changed(c, "will be tried now", queue.RetryAsync, t), changes: true)
            .Add("queue.hold", (c, t) => Changed(c, "held", queue.HoldAsync, t), changes: true)
            .Add("queue.release", (c, t) => Changed(c, "released", queue.ReleaseAsync, t), changes: true)
            .Add("queue.drop", (c, t) => Changed(c, "dropped", queue.DropAsync, t), changes: true);

        SieveCalls.Add(admin, mail);
        admin.Add("settings.waiting", (_, _) => Rows(mail.Waiting()));
        StoreCalls.Add(admin, mail.Store);
    }

    private static async Task<AdminReply> ReleaseAsync(MailParts mail, string address, CancellationToken cancel)
    {
        if (mail.Book.Table.FindAccount(address) is not { } account) return AdminReply.No($"there is no account {address}");
        if (!await mail.Brake.ReleaseAsync(account, cancel)) return AdminReply.No($"mail of {address} is not held");
        await mail.Queue.ReleaseAccountAsync(account, cancel);
        return AdminReply.Done($"{address} may send again; what was held is tried now");
    }

    private static async Task<AdminReply> AddDomainAsync(MailParts mail, AdminCall call, CancellationToken cancel)
    {
        var added = await mail.Accounts.AddDomainAsync(call.Text("name") ?? "", call.Text("catch_all"), call.Text("alias_of"), cancel);
        if (!added.Ok) return AdminReply.No(added.Text);
        await mail.TakeDomainsAsync(cancel);
        return AdminReply.Done(added.Text + "\nIts mail is signed once the DNS shows its keys: `aviso dkim list` has the records to publish.");
    }

    private static async Task<AdminReply> RemoveDomainAsync(MailParts mail, AdminCall call, CancellationToken cancel)
    {
        var removed = await mail.Accounts.RemoveDomainAsync(call.Text("name") ?? "", cancel);
        if (!removed.Ok) return AdminReply.No(removed.Text);
        await mail.TakeDomainsAsync(cancel);
        return AdminReply.Done(removed.Text);
    }

    private static async Task<AdminReply> CheckKeysAsync(SigningKeys keys, CancellationToken cancel)
    {
        foreach (var domain in keys.List().Select(k => k.Domain).Distinct().ToList()) await keys.CheckAsync(domain, cancel);
        return await Rows(keys.List().Where(k => k.Problem.Length > 0));
    }

    private static async Task<AdminReply> ReportsAsync(MailParts mail, AdminCall call, CancellationToken cancel)
    {
        if (!int.TryParse(call.Text("days") ?? "14", out var days) || days is < 1 or > 3650) return AdminReply.No("--days takes a number of days");
        var (dmarc, tls, complaints) = await mail.Senders.Reports.ListAsync(TimeProvider.System.GetUtcNow().AddDays(-days), cancel);
        return AdminReply.Done(JsonSerializer.SerializeToNode(ReportSummary.Of(dmarc, tls, complaints), Json));
    }

    private static async Task<AdminReply> RenewAsync(CertificateParts certificates, string? name, CancellationToken cancel)
    {
        if (certificates.Renewer is not { } renewer) return AdminReply.No("there is no `tls.acme` in the settings; certificates from files are read again by `aviso reload`");
        var lines = new List<string>();
        foreach (var one in name is null ? renewer.States().Select(s => s.Name) : [name])
        {
            if (await renewer.RenewAsync(one, cancel) is not { } state) return AdminReply.No($"no certificate for {one} is wanted by `tls.acme`; see `aviso certificates list`");
            if (state.Problem.Length > 0) return AdminReply.No(state.Problem);
            lines.Add($"{state.Name}: from {state.From}, valid until {state.NotAfter:u}");
        }
        return AdminReply.Done(string.Join('\n', lines));
    }

    private static AccountChange Change(AdminCall call) => new(
        Password: call.Text("password"),
        QuotaOctets: call.Text("quota") is { } quota ? Size(quota) : null,
        SendAs: call.Args.ContainsKey("send_as") ? call.Texts("send_as") : null,
        ForwardTo: call.Args.ContainsKey("forward_to") ? call.Texts("forward_to") : null,
        Suspended: call.Args.ContainsKey("suspended") ? call.Flag("suspended") : null);

    private static long Size(string text) =>
        Types.Size.Read(text) is > 0 and var size ? size : throw new FormatException($"`{text}` is no size such as 5GB");

    private static QueueSelection Selection(AdminCall call) => new(
        call.Text("id"), call.Text("recipient"), call.Text("destination") is "*" ? null : call.Text("destination"), call.Text("sender"));

    private static async Task<AdminReply> Changed(
        AdminCall call, string what, Func<QueueSelection, CancellationToken, Task<int>> change, CancellationToken cancel) =>
        await change(Selection(call), cancel) is var count and > 0
            ? AdminReply.Done(count == 1 ? $"1 recipient {what}" : $"{count} recipients {what}")
            : AdminReply.No("nothing in the queue fits");

    /// <summary>A row for each recipient: the reason and the remote reply stand beside the address they are about.</summary>
    private static IEnumerable<QueueRow> Flat(QueueEntry entry) => entry.Recipients.Select(r => new QueueRow(
        entry.Id, entry.Sender, r.Address, r.State, r.Reason, r.Attempts, r.NextAttempt, r.LastReply, r.Destination, entry.Arrived, entry.Size));

    private sealed record QueueRow(
        string Id, string Sender, string Recipient, string State, string Reason, int Attempts, DateTimeOffset NextAttempt, string LastReply,
        string Destination, DateTimeOffset Arrived, long Size);

    private static async Task<AdminReply> Answer(Task<VerbAnswer> doing) =>
        await doing is { Ok: true } done ? AdminReply.Done(done.Text) : AdminReply.No((await doing).Text);

    private static Task<AdminReply> Rows<T>(IEnumerable<T> rows) =>
        Task.FromResult(AdminReply.Done(JsonSerializer.SerializeToNode(rows.ToList(), Json)));
}
