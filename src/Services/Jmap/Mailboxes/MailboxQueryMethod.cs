namespace Aviso.Jmap;

/// <summary>RFC 8621 §2.3.</summary>
internal sealed class MailboxQueryMethod(MailRoom services, JmapLimits limits) : IMethod
{
    public string Name => "Mailbox/query";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var query = MailboxQueryArguments.Read(call, reader, limits);
        var window = QueryWindow.Read(reader);
        reader.End();
        var mail = await services.Mail.OfAsync(call, cancel);
        var ids = query.Run(mail).ConvertAll(static node => node.Mailbox.Id.ToString());
        var (start, count) = window.Within(ids.Count, ids.IndexOf, limits);
        new QueryAnswer(JmapState.Of(mail.State), CanCalculateChanges: true, start, ids.Skip(start).Take(count), ids.Count)
            .Write(call, window, limits);
    }
}
