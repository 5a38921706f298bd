namespace Aviso.Jmap;

/// <summary>
/// RFC 8621 §4.6. What is created is composed first; then creates, updates and destroys are one transaction, so that a client sees all or
/// none of it in any state. Only where an update or destroy names what this same call creates are there two.
/// </summary>
internal sealed class EmailSetMethod(MailRoom services, JmapLimits limits) : IMethod
{
    public string Name => "Email/set";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = SetArguments.Read(reader, limits);
        reader.End();
        var mail = await services.Mail.OfAsync(call, cancel);
        arguments.CheckState(JmapState.Of(mail.State));
        long? state = arguments.IfInState is null ? null : mail.State;
        var run = new EmailSetRun(services, call, new(call));
        using var drafts = await run.ComposeAsync(arguments.Create, cancel);
        var own = arguments.Create.Select(static create => "#" + create.Key).ToHashSet(StringComparer.Ordinal);
        if (arguments.Update.Any(update => own.Contains(update.Key)) || arguments.Destroy.Any(own.Contains))
        {
            var (first, last) = (await run.SetAsync(mail, drafts, [], [], state, cancel), await services.Mail.OfAsync(call, cancel));
            var rest = await run.SetAsync(last, EmailDrafts.None, arguments.Update, arguments.Destroy, null, cancel);
            run.Answer.Write(JmapState.Of(first.OldState), JmapState.Of(rest.NewState));
            return;
        }
        var done = await run.SetAsync(mail, drafts, arguments.Update, arguments.Destroy, state, cancel);
        run.Answer.Write(JmapState.Of(done.OldState), JmapState.Of(done.NewState));
    }
}
