using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Store;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Who has a mailbox, what is in it, who may send as whom, and when somebody last came to read.</summary>
/// <param name="lastLogin">The last login that is known of.</param>
internal sealed class DescribeAccounts(
    AccountService accounts, AccountBook book, IMailboxes mailboxes, SendingBrake brake,
    Func<AccountId, DateTimeOffset?> lastLogin) : IDescribed
{
    private const int MostRows = 500;

    public string Title => "Accounts";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var all = accounts.ListAccounts();
        var suspended = all.Count(a => a.State == "suspended");
        part.Say($"{Count(all.Count, "account")}{(suspended > 0 ? $", {suspended} of them suspended" : "")}.");
        foreach (var hold in brake.Holds) part.Say($"Mail of {hold.Address} is held: {hold.Reason}.");
        if (all.Count > MostRows) part.Say($"Here are the first {MostRows}; `aviso account list` has all.");
        var rows = new List<JsonObject>();
        foreach (var account in all.Take(MostRows)) rows.Add(await RowAsync(account, cancel));
        part.Table("accounts", rows);
    }

    private async Task<JsonObject> RowAsync(AccountInfo account, CancellationToken cancel)
    {
        var (id, used) = (book.Table.FindAccount(account.Address), default(QuotaUse));
        if (id is { } known) used = await mailboxes.GetQuotaAsync(known, cancel);
        return Row(("account", account.Address), ("state", account.State),
            ("messages", used is null ? "" : $"{used.Messages}"), ("uses", used is null ? "" : Octets(used.Octets)),
            ("quota", account.QuotaOctets > 0 ? Octets(account.QuotaOctets) : "none"),
            ("last login", id is { } owner && lastLogin(owner) is { } at ? Time(at) : "not known"),
            ("sends as", string.Join(", ", account.SendAs)), ("forwards to", string.Join(", ", account.ForwardTo)));
    }
}
