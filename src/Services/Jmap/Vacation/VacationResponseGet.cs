using Aviso.Accounts;

namespace Aviso.Jmap;

/// <summary>VacationResponse/get (RFC 8621 §8.1).</summary>
internal sealed class VacationResponseGet(VacationReplies replies, JmapLimits limits) : IMethod
{
    public string Name => "VacationResponse/get";

    public string Capability => Capabilities.VacationResponse;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, VacationObject.Properties.Contains);
        reader.End();
        var (state, reply) = await replies.ReadAsync(call.Account, cancel);
        GetAnswer.Write(call, get, limits, state, [reply], static _ => VacationObject.Id,
            r => VacationObject.Write(r, call.Answer, get.Wants));
    }
}
