namespace Aviso.Jmap;

/// <summary>RFC 8621 §3.2.</summary>
internal sealed class ThreadChangesMethod(MailRoom room, JmapLimits limits) : IMethod
{
    public string Name => "Thread/changes";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var (arguments, mail, since) = await MailChanges.AskedAsync(call, room, limits, cancel);
        ChangeLog.Answer(arguments, since.Threads(), mail.State).Write(call);
    }
}
