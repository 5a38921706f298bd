using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// RFC 8621 §2.4. Filter and sort look at nothing that a mailbox counts, so only those whose place in the tree, name, role, order or
/// subscription changed can have come, gone or moved; and, where ancestors decide, those below them.
/// </summary>
internal sealed class MailboxQueryChangesMethod(MailRoom services, JmapLimits limits) : IMethod
{
    public string Name => "Mailbox/queryChanges";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var query = MailboxQueryArguments.Read(call, reader, limits);
        var arguments = QueryChangesArguments.Read(reader);
        reader.End();
        var mail = await services.Mail.OfAsync(call, cancel);
        var since = await MailChanges.SinceAsync(mail, ChangePoint.At(JmapState.Since(arguments.SinceQueryState)), services.Store, cancel);
        var (changed, destroyed) = since.Tree();
        var result = query.Run(mail);
        var touched = mail.Mailboxes.All.Where(mailbox => IsTouched(mail, mailbox, changed))
            .Select(static mailbox => mailbox.Id).ToHashSet();
        // What is new in the tree was in no old result, but nobody is harmed by hearing that it left (RFC 8620 §5.6).
        var removed = touched.Concat(destroyed).Select(static id => id.ToString()).ToList();
        var added = new List<AddedItem>();
        for (var i = 0; i < result.Count; i++)
            if (touched.Contains(result[i].Mailbox.Id)) added.Add(new(result[i].Mailbox.Id.ToString(), i));
        new QueryChangesAnswer(JmapState.Of(mail.State), removed, added, result.Count).Write(call, arguments);
    }

    private static bool IsTouched(AccountMail mail, IndexedMailbox mailbox, HashSet<MailboxId> changed)
    {
        for (var at = mailbox; at is not null; at = MailboxObject.ParentOf(mail, at))
            if (changed.Contains(at.Id)) return true;
        return false;
    }
}
