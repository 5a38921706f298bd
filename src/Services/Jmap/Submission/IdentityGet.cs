namespace Aviso.Jmap;

/// <summary>Identity/get (RFC 8621 §6.1).</summary>
internal sealed class IdentityGet(Identities identities, JmapLimits limits) : IMethod
{
    public string Name => "Identity/get";

    public string Capability => Capabilities.Submission;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, Identity.Properties.Contains);
        reader.End();
        var (state, all) = await identities.ReadAsync(call.User, cancel);
        GetAnswer.Write(call, get, limits, state, all, static i => i.Id, i => i.Write(call.Answer, get.Wants));
    }
}

/// <summary>Identity/changes (RFC 8621 §6.2).</summary>
internal sealed class IdentityChanges(Identities identities, JmapLimits limits) : IMethod
{
    public string Name => "Identity/changes";

    public string Capability => Capabilities.Submission;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = ChangesArguments.Read(reader, limits);
        reader.End();
        (await identities.LogAsync(call.User, cancel)).Since(arguments).Write(call);
    }
}
