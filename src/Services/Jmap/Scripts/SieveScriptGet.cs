using Aviso.Accounts;

namespace Aviso.Jmap;

/// <summary>SieveScript/get (RFC 9661 §2.3).</summary>
internal sealed class SieveScriptGet(SieveScripts scripts, JmapLimits limits) : IMethod
{
    public string Name => "SieveScript/get";

    public string Capability => Capabilities.Sieve;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, SieveScriptObject.Properties.Contains);
        reader.End();
        var kept = await scripts.ReadAsync(call.Account, cancel);
        GetAnswer.Write(call, get, limits, kept.Log.State, kept.All, static s => s.Id,
            s => SieveScriptObject.Write(s, call.Answer, get.Wants));
    }
}

/// <summary>SieveScript/changes (RFC 8620 §5.2). RFC 9661 does not ask for it; a client that was told a state may.</summary>
internal sealed class SieveScriptChanges(SieveScripts scripts, JmapLimits limits) : IMethod
{
    public string Name => "SieveScript/changes";

    public string Capability => Capabilities.Sieve;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = ChangesArguments.Read(reader, limits);
        reader.End();
        (await scripts.LogAsync(call.Account, cancel)).Since(arguments).Write(call);
    }
}
