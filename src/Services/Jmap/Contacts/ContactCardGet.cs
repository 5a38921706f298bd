namespace Aviso.Jmap;

/// <summary>ContactCard/get (RFC 9610 §3.1).</summary>
internal sealed class ContactCardGet(ContactStore contacts, JmapLimits limits) : IMethod
{
    public string Name => "ContactCard/get";

    public string Capability => Capabilities.Contacts;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        // A card may have properties of anybody's making, so that there is none that cannot be (RFC 9553 §1.8).
        var get = GetArguments.Read(reader, limits, static _ => true);
        reader.End();
        var now = await contacts.ReadAsync(call.Account, cancel);
        if (get.Ids is null) GetArguments.CheckAll(now.Cards.Count, limits);
        var missing = new List<string>();
        GetAnswer.Begin(call, now.CardLog.State);
        foreach (var id in get.Ids ?? now.InOrder.Select(static c => c.Id))
        {
            if (now.Cards.TryGetValue(id, out var row) && await contacts.CardAsync(call.Account, id, cancel) is { } octets)
                CardOctets.Write(call.Answer, row, octets, get);
            else missing.Add(id);
        }
        // Of all that there are none is missing, though one may go while they are read.
        GetAnswer.End(call, get.Ids is null ? [] : missing);
    }
}

/// <summary>ContactCard/changes (RFC 9610 §3.2).</summary>
internal sealed class ContactCardChanges(ContactStore contacts, JmapLimits limits) : IMethod
{
    public string Name => "ContactCard/changes";

    public string Capability => Capabilities.Contacts;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = ChangesArguments.Read(reader, limits);
        reader.End();
        (await contacts.ReadAsync(call.Account, cancel)).CardLog.Since(arguments).Write(call);
    }
}

/// <summary>ContactCard/copy (RFC 9610 §3.6). A user has one account, and a copy goes to another one.</summary>
internal sealed class ContactCardCopy(JmapLimits limits) : IMethod
{
    public string Name => "ContactCard/copy";

    public string Capability => Capabilities.Contacts;

    public Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        CopyArguments.Read(call, reader, limits);
        reader.End();
        throw new MethodFailure("fromAccountNotFound");
    }
}
