using System.Text.Json;
using Aviso.Accounts;

namespace Aviso.Jmap;

/// <summary>VacationResponse/set (RFC 8621 §8.2): the one object is there from the beginning and stays.</summary>
internal sealed class VacationResponseSet(VacationReplies replies, JmapLimits limits) : IMethod
{
    public string Name => "VacationResponse/set";

    public string Capability => Capabilities.VacationResponse;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, limits);
        reader.End();
        var answer = new SetAnswer(call);
        var (before, after) = await replies.ChangeAsync(call.Account, (state, now) =>
        {
            set.CheckState(state);
            return Change(set, now, answer);
        }, cancel);
        answer.Write(before, after);
    }

    private static VacationReply Change(SetArguments set, VacationReply now, SetAnswer answer)
    {
        // RFC 8620 §5.3: singleton.
        foreach (var (key, _) in set.Create) answer.NotCreated(key, SetError.Singleton);
        foreach (var (id, value) in set.Update)
        {
            try
            {
                now = id == VacationObject.Id ? Update(now, value) : throw new SetFailure(SetError.NotFound);
                answer.Updated(id);
            }
            catch (SetFailure failure)
            {
                answer.NotUpdated(id, failure.Error);
            }
        }
        foreach (var id in set.Destroy) answer.NotDestroyed(id, id == VacationObject.Id ? SetError.Singleton : SetError.NotFound);
        return now;
    }

    private static VacationReply Update(VacationReply now, JsonElement value)
    {
        if (!PatchObject.TryRead(value, out var patch, out var error)) throw new SetFailure(error);
        foreach (var entry in patch.Entries)
        {
            if (entry.Tokens.Length > 1) throw new SetFailure(SetError.InvalidPatch($"{entry.Pointer} points into a text"));
            now = VacationObject.With(now, entry.Tokens[0], entry.Value);
        }
        return now;
    }
}
