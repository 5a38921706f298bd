namespace Aviso.Jmap;

/// <summary>RFC 8621 §2.2.</summary>
internal sealed class MailboxChangesMethod(MailRoom room, JmapLimits limits) : IMethod
{
    public string Name => "Mailbox/changes";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var (arguments, mail, since) = await MailChanges.AskedAsync(call, room, limits, cancel);
        var changes = since.Mailboxes(out var onlyCounts);
        ChangeLog.Answer(arguments, changes, mail.State).Write(call, writer =>
        {
            if (onlyCounts) writer.WriteTexts("updatedProperties"u8, MailboxObject.Counts);
            else writer.WriteNull("updatedProperties"u8);
        });
    }
}
