namespace Aviso.Jmap;

/// <summary>RFC 8621 §2.1.</summary>
internal sealed class MailboxGetMethod(MailRoom services, JmapLimits limits) : IMethod
{
    public string Name => "Mailbox/get";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = GetArguments.Read(reader, limits, MailboxObject.IsProperty);
        reader.End();
        var mail = await services.Mail.OfAsync(call, cancel);
        var missing = new List<string>();
        GetAnswer.Begin(call, JmapState.Of(mail.State));
        if (arguments.Ids is null)
        {
            GetArguments.CheckAll(mail.Mailboxes.All.Count(), limits);
            foreach (var mailbox in mail.Mailboxes.All) MailboxObject.Write(call.Answer, mail, mailbox, arguments.Wants);
        }
        foreach (var id in arguments.Ids ?? [])
        {
            if (call.Created.Resolve(id) is { } real && MailboxObject.Find(mail, real) is { } mailbox)
                MailboxObject.Write(call.Answer, mail, mailbox, arguments.Wants);
            else missing.Add(id);
        }
        GetAnswer.End(call, missing);
    }
}
