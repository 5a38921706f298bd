using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Identity/set (RFC 8621 §6.3).</summary>
/// <param name="maySendAs">May the account use this address as author.</param>
internal sealed class IdentitySet(Identities identities, StateFeed feed, Func<JmapUser, string, bool> maySendAs, JmapLimits limits)
    : IMethod
{
    public string Name => "Identity/set";

    public string Capability => Capabilities.Submission;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, limits);
        reader.End();
        var answer = new SetAnswer(call);
        var (before, after) = await identities.ChangeAsync(call.User, now => new(Changes(call, set, now, answer)), cancel);
        answer.Write(before.State, after.State);
        if (after.State != before.State) feed.Changed(call.Account, identities.Type, after.State);
    }

    private List<RecordChange> Changes(Call call, SetArguments set, RecordSet now, SetAnswer answer)
    {
        set.CheckState(now.State);
        var all = now.Records.ToDictionary(r => r.Key, r => Identity.Read(r.Value), StringComparer.Ordinal);
        var changes = new List<RecordChange>();
        foreach (var (key, value) in set.Create)
            Try(() => Create(call, key, value, all, answer, changes), error => answer.NotCreated(key, error));
        foreach (var (key, value) in set.Update)
            Try(() => Update(call, key, value, all, answer, changes), error => answer.NotUpdated(key, error));
        foreach (var key in set.Destroy) Try(() => Destroy(call, key, all, answer, changes), error => answer.NotDestroyed(key, error));
        return changes;
    }

    private static void Try(Action one, Action<SetError> not)
    {
        try
        {
            one();
        }
        catch (SetFailure failure)
        {
            not(failure.Error);
        }
    }

    private void Create(
        Call call, string key, JsonElement value, Dictionary<string, Identity> all, SetAnswer answer, List<RecordChange> changes)
    {
        if (!value.TryGetProperty("email"u8, out var given) || given.ValueKind != JsonValueKind.String || given.GetString() is not { } email
            || !Identity.IsEmail(email)) throw new SetFailure(SetError.InvalidProperty("email", "missing, or no address"));
        if (value.EnumerateObject().FirstOrDefault(
            p => p.Name is "id" or "mayDelete") is { Value.ValueKind: not JsonValueKind.Undefined } own)
            throw new SetFailure(SetError.InvalidProperty(own.Name, "set by the server"));
        // RFC 8621 §6.3
        if (!maySendAs(call.User, email)) throw new SetFailure(new("forbiddenFrom", $"this account may not send as {email}"));
        if (all.Count >= Identities.Most) throw new SetFailure(new("overQuota", $"there are {Identities.Most} identities"));
        var made = new Identity(identities.NewId(), email);
        foreach (var property in value.EnumerateObject()) made = made.With(property.Name, property.Value);
        all[made.Id] = made;
        changes.Add(new(made.Id, RecordChangeKind.Created, made.Kept()));
        answer.Created(key, made.Id, writer =>
        {
            writer.WriteBoolean("mayDelete"u8, made.MayDelete);
            if (!value.TryGetProperty("name"u8, out _)) writer.WriteString("name"u8, "");
            if (!value.TryGetProperty("replyTo"u8, out _)) writer.WriteNull("replyTo"u8);
            if (!value.TryGetProperty("bcc"u8, out _)) writer.WriteNull("bcc"u8);
            if (!value.TryGetProperty("textSignature"u8, out _)) writer.WriteString("textSignature"u8, "");
            if (!value.TryGetProperty("htmlSignature"u8, out _)) writer.WriteString("htmlSignature"u8, "");
        });
    }

    private static void Update(
        Call call, string key, JsonElement value, Dictionary<string, Identity> all, SetAnswer answer, List<RecordChange> changes)
    {
        if (call.Created.Resolve(key) is not { } id || !all.TryGetValue(id, out var identity)) throw new SetFailure(SetError.NotFound);
        if (!PatchObject.TryRead(value, out var patch, out var error)) throw new SetFailure(error);
        foreach (var entry in patch.Entries)
        {
            // Lists are replaced as a whole, and no property is an object.
            if (entry.Tokens.Length > 1) throw new SetFailure(SetError.InvalidPatch($"{entry.Pointer} points into a list or a text"));
            identity = identity.With(entry.Tokens[0], entry.Value);
        }
        all[id] = identity;
        Put(changes, new(id, RecordChangeKind.Updated, identity.Kept()));
        answer.Updated(id);
    }

    private static void Destroy(Call call, string key, Dictionary<string, Identity> all, SetAnswer answer, List<RecordChange> changes)
    {
        if (call.Created.Resolve(key) is not { } id || !all.TryGetValue(id, out var identity)) throw new SetFailure(SetError.NotFound);
        if (!identity.MayDelete) throw new SetFailure(new("forbidden", "the identity of the account's own address stays"));
        all.Remove(id);
        Put(changes, new(id, RecordChangeKind.Destroyed, null));
        answer.Destroyed(id);
    }

    // One document is written once in a transaction: what came first of the same record is overtaken.
    private static void Put(List<RecordChange> changes, RecordChange change)
    {
        var at = changes.FindIndex(c => c.Id == change.Id);
        if (at < 0) changes.Add(change);
        else if (changes[at].Kind == RecordChangeKind.Created && change.Kind == RecordChangeKind.Updated)
            changes[at] = changes[at] with { Value = change.Value };
        else if (changes[at].Kind == RecordChangeKind.Created) changes.RemoveAt(at);
        else changes[at] = change;
    }
}
