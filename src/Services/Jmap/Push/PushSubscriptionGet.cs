namespace Aviso.Jmap;

/// <summary>PushSubscription/get (RFC 8620 §7.2.1): no account, no state.</summary>
internal sealed class PushSubscriptionGet(PushSubscriptions subscriptions, JmapLimits limits) : IMethod
{
    public string Name => "PushSubscription/get";

    public string Capability => Capabilities.Core;

    public bool HasAccount => false;

    public Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, p => p is "url" or "keys" || PushSubscription.Properties.Contains(p));
        reader.End();
        if (get.Properties?.FirstOrDefault(p => p is "url" or "keys") is { } secret)
            throw new MethodFailure("forbidden", $"{secret} is not shown");
        var all = subscriptions.Of(call.User);
        var shown = get.Ids is null ? all : [.. all.Where(s => get.Ids.Contains(s.Id))];
        call.Answer.WriteStartObject();
        call.Answer.WriteStartArray("list"u8);
        foreach (var subscription in shown) subscription.Write(call.Answer, get.Wants);
        call.Answer.WriteEndArray();
        call.Answer.WriteTexts("notFound"u8, (get.Ids ?? []).Except(shown.Select(s => s.Id)));
        call.Answer.WriteEndObject();
        return Task.CompletedTask;
    }
}
