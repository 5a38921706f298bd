using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// ExpungedEmail/restore: puts emails back where they were, or all into <c>mailboxId</c>, all of them or none but those in
/// <c>notRestored</c>; a mailbox that is gone is made again. The answer has <c>restored</c>: id to { mailboxId }.
/// </summary>
internal sealed class ExpungedEmailRestore(MailRoom room, JmapLimits limits) : IMethod
{
    public string Name => "ExpungedEmail/restore";

    public string Capability => Capabilities.Expunged;

    public bool Changes => true;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var ids = reader.TextsOrNull("ids") ?? throw MethodFailure.InvalidArgument("ids", "missing");
        var into = reader.TextOrNull("mailboxId");
        reader.End();
        if (ids.Count > limits.MaxObjectsInSet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInSet} ids");
        var name = into is null ? null : await NameAsync(call.Account, into, cancel);
        var outcome = await room.Store.BringBackAsync(call.Account, ExpungedObject.Emails(ids), name, cancel);
        if (outcome.Error == StoreError.OverQuota)
            throw new MethodFailure("overQuota", "there is no room for all of them; nothing came back");
        var back = StoreAnswers.Value(outcome).ToDictionary(b => b.Email.ToString(), b => b.Mailbox, StringComparer.Ordinal);
        var mailboxes = (await room.Store.ListMailboxesAsync(call.Account, cancel))
            .ToDictionary(m => m.Name, m => m.Id.ToString(), StringComparer.Ordinal);
        Write(call, ids, back, mailboxes);
    }

    private async Task<string> NameAsync(AccountId account, string id, CancellationToken cancel) =>
        (await room.Store.ListMailboxesAsync(account, cancel)).FirstOrDefault(m => m.Id.ToString() == id)?.Name
        ?? throw MethodFailure.InvalidArgument("mailboxId", "there is no such mailbox");

    private static void Write(
        Call call, IReadOnlyList<string> ids, Dictionary<string, string> back, Dictionary<string, string> mailboxes)
    {
        var writer = call.Answer;
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteStartObject("restored"u8);
        foreach (var (id, mailbox) in back)
        {
            writer.WriteStartObject(id);
            writer.WriteString("mailboxId"u8, mailboxes.GetValueOrDefault(mailbox));
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteStartObject("notRestored"u8);
        foreach (var id in ids.Where(id => !back.ContainsKey(id)))
        {
            writer.WritePropertyName(id);
            SetError.NotFound.Write(writer);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
