namespace Aviso.Jmap;

/// <summary>RFC 8621 §4.3.</summary>
internal sealed class EmailChangesMethod(MailRoom room, JmapLimits limits) : IMethod
{
    public string Name => "Email/changes";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var (arguments, mail, since) = await MailChanges.AskedAsync(call, room, limits, cancel);
        ChangeLog.Answer(arguments, since.Emails(), mail.State).Write(call);
    }
}
