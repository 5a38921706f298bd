using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Verbs;

/// <summary>What the verbs about expunged mail do in the running server.</summary>
/// <param name="mostRows">Of a list, and of what is asked of the store in one go.</param>
internal sealed class UndeleteCalls(AccountBook book, IMailStore store, TimeProvider clock, int mostRows = UndeleteCalls.MostRows)
{
    public const int MostRows = 10_000;

    private const int MostAtOnce = 500;

    public void Add(AdminHandlers admin) => admin
        .Add("undelete.list", ListAsync)
        .Add("undelete.restore", RestoreAsync, changes: true);

    private async Task<AdminReply> ListAsync(AdminCall call, CancellationToken cancel)
    {
        if (Account(call, out var account) is { } no) return no;
        if (!TrySince(call, out var since)) return WrongSince(call);
        var rows = await store.ListExpungedAsync(account, since, mostRows, cancel, call.Text("mailbox"));
        return Replies.Rows(rows.Select(Row), AdminJson.Default.ExpungedRow);
    }

    private async Task<AdminReply> RestoreAsync(AdminCall call, CancellationToken cancel)
    {
        if (Account(call, out var account) is { } no) return no;
        if (!TrySince(call, out var since)) return WrongSince(call);
        var ids = call.Texts("id");
        if (ids.Count == 0 && !call.Flag("all")) return AdminReply.No("say which messages: ids of `aviso undelete list`, or --all");
        if (ids.Count > mostRows) return AdminReply.No($"at most {mostRows} ids at once; nothing was changed");
        var emails = ids.Select(id => IdText.TryParse(id, out var value) ? new EmailId(value) : (EmailId?)null).OfType<EmailId>().ToList();
        var back = new Dictionary<string, int>(StringComparer.Ordinal);
        while (true)
        {
            var some = ids.Count == 0 ? null : emails;
            var wanted = await store.ListExpungedAsync(account, since, mostRows, cancel, call.Text("mailbox"), some);
            var known = wanted.Select(e => e.Email.ToString()).ToHashSet(StringComparer.Ordinal);
            if (ids.Where(id => !known.Contains(id)).Distinct(StringComparer.Ordinal).ToList() is { Count: > 0 } unknown)
                return AdminReply.No($"{string.Join(", ", unknown)} cannot be brought back; nothing was changed");
            var before = back.Values.Sum();
            foreach (var chunk in wanted.Chunk(MostAtOnce))
            {
                var outcome = await store.BringBackAsync(account, [.. chunk.Select(e => e.Email)], call.Text("into"), cancel);
                if (outcome is not { Ok: true, Value: { } done }) return AdminReply.No(Why(outcome.Error, call, back.Values.Sum()));
                foreach (var one in done) back[one.Mailbox] = back.GetValueOrDefault(one.Mailbox) + 1;
            }
            // With --all as long as there was more than one look gives, and something came of it.
            if (ids.Count > 0 || wanted.Count < mostRows || back.Values.Sum() == before) break;
        }
        return AdminReply.Done(back.Count == 0 ? "there is nothing to bring back"
            : $"brought back: {string.Join(", ", back.Select(b => $"{b.Value} into {b.Key}"))}");
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
