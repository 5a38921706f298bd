namespace Aviso.Jmap;

/// <summary>
/// ExpungedEmail/get: as RFC 8620 §5.1, youngest first. Without ids the youngest of the last <c>limit</c> (maxObjectsInGet where it is not
/// said); <c>hasMore</c> says that there are older ones.
/// </summary>
internal sealed class ExpungedEmailGet(MailRoom room, JmapLimits limits) : IMethod
{
    public string Name => "ExpungedEmail/get";

    public string Capability => Capabilities.Expunged;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, ExpungedObject.Properties.Contains);
        var limit = (int)Math.Min(reader.PositiveOrNull("limit") ?? limits.MaxObjectsInGet, limits.MaxObjectsInGet);
        reader.End();
        var state = JmapState.Of((await room.Mail.OfAsync(call, cancel)).State);
        var named = get.Ids is { } ids ? ExpungedObject.Emails(ids) : null;
        var all = await room.Store.ListExpungedAsync(call.Account, 0, named?.Count ?? limit + 1, cancel, emails: named);
        var missing = new HashSet<string>(get.Ids ?? [], StringComparer.Ordinal);
        GetAnswer.Begin(call, state);
        foreach (var email in named is null ? all.Take(limit) : all)
        {
            missing.Remove(email.Email.ToString());
            ExpungedObject.Write(email, call.Answer, get.Wants);
        }
        call.Answer.WriteEndArray();
        call.Answer.WriteTexts("notFound"u8, (get.Ids ?? []).Where(missing.Contains));
        call.Answer.WriteBoolean("hasMore"u8, get.Ids is null && all.Count > limit);
        call.Answer.WriteEndObject();
    }
}
