using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Guard;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Verbs;

/// <summary>What the verbs about expunged mail do in the running server.</summary>
internal sealed class UndeleteCalls(AccountBook book, IMailStore store, TimeProvider clock)
{
    private const int MostRows = 10_000;
    private const int MostAtOnce = 500;

    public void Add(AdminHandlers admin) => admin
        .Add("undelete.list", ListAsync)
        .Add("undelete.restore", RestoreAsync, changes: true);

    private async Task<AdminReply> ListAsync(AdminCall call, CancellationToken cancel)
    {
        if (Account(call, out var account) is { } no) return no;
        if (!TrySince(call, out var since)) return WrongSince(call);
        return Replies.Rows((await FindAsync(account, since, call, cancel)).Select(Row), AdminJson.Default.ExpungedRow);
    }

    private async Task<AdminReply> RestoreAsync(AdminCall call, CancellationToken cancel)
    {
        if (Account(call, out var account) is { } no) return no;
        if (!TrySince(call, out var since)) return WrongSince(call);
        var ids = call.Texts("id");
        if (ids.Count == 0 && !call.Flag("all")) return AdminReply.No("say which messages: ids of `aviso undelete list`, or --all");
        var there = await FindAsync(account, since, call, cancel);
        var wanted = ids.Count == 0 ? there : [.. there.Where(e => ids.Contains(e.Email.ToString(), StringComparer.Ordinal))];
        if (wanted.Count < ids.Distinct(StringComparer.Ordinal).Count())
        {
            var known = wanted.Select(e => e.Email.ToString()).ToHashSet(StringComparer.Ordinal);
            return AdminReply.No($"{string.Join(", ", ids.Where(id => !known.Contains(id)))} cannot be brought back; nothing was changed");
        }
        var back = new List<BroughtBack>();
        foreach (var some in wanted.Chunk(MostAtOnce))
        {
            var outcome = await store.BringBackAsync(account, [.. some.Select(e => e.Email)], call.Text("into"), cancel);
            if (outcome is not { Ok: true, Value: { } done }) return AdminReply.No(Why(outcome.Error, call, back.Count));
            back.AddRange(done);
        }
        return AdminReply.Done(back.Count == 0 ? "there is nothing to bring back"
            : $"brought back: {string.Join(", ", back.GroupBy(b => b.Mailbox).Select(g => $"{g.Count()} into {g.Key}"))}");
    }

    private static string Why(StoreError error, AdminCall call, int done) => error switch
    {
        StoreError.OverQuota => $"the account has no room for them: raise its quota, or bring back fewer ({done} came back)",
        StoreError.NoSuchMailbox => $"there is no mailbox {call.Text("into")}",
        _ => $"the store cannot do it now ({error}); {done} came back",
    };

    private AdminReply? Account(AdminCall call, out AccountId account)
    {
        var found = book.Table.FindAccount(call.Text("address") ?? "");
        account = found ?? default;
        return found is null ? AdminReply.No($"there is no account {call.Text("address")}") : null;
    }

    private async Task<IReadOnlyList<ExpungedEmail>> FindAsync(AccountId account, long since, AdminCall call, CancellationToken cancel) =>
        [.. (await store.ListExpungedAsync(account, since, MostRows, cancel))
            .Where(e => call.Text("mailbox") is not { } name || string.Equals(e.Mailbox, name, StringComparison.OrdinalIgnoreCase))];

    // "2d": in the last two days.
    private bool TrySince(AdminCall call, out long since)
    {
        since = 0;
        if (call.Text("since") is not { } text) return true;
        if (!GoDuration.TryParse(text, out var age) || age < TimeSpan.Zero) return false;
        since = (clock.GetUtcNow() - age).ToUnixTimeSeconds();
        return true;
    }

    private static AdminReply WrongSince(AdminCall call) => AdminReply.No($"`{call.Text("since")}` is no time such as 2h or 3d");

    private static ExpungedRow Row(ExpungedEmail email)
    {
        var from = EnvelopeReader.Addresses(email.Envelope, EnvelopeReader.From) is [var first, ..] ? $"{first.Mailbox}@{first.Host}" : "";
        return new(email.Email.ToString(), DateTimeOffset.FromUnixTimeSeconds(email.ExpungedAt), email.Mailbox, from,
            EnvelopeReader.Subject(email.Envelope), email.Size, email.By);
    }
}

/// <summary>An expunged message.</summary>
/// <param name="Size">Octets.</param>
/// <param name="By">The program that expunged it; empty for the server itself.</param>
internal sealed record ExpungedRow(string Id, DateTimeOffset Expunged, string Mailbox, string From, string Subject, long Size, string By);
