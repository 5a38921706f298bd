using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The arguments of /set (RFC 8620 §5.3).</summary>
/// <param name="Update">By id, or by #creation-id of what this request has created.</param>
/// <param name="Destroy">Ids, each once, or #creation-ids.</param>
internal sealed record SetArguments(
    string? IfInState, IReadOnlyList<KeyValuePair<string, JsonElement>> Create, IReadOnlyList<KeyValuePair<string, JsonElement>> Update,
    IReadOnlyList<string> Destroy)
{
    public static SetArguments Read(ArgumentReader reader, JmapLimits limits)
    {
        var read = new SetArguments(
            reader.TextOrNull("ifInState"), Objects(reader, "create"), Objects(reader, "update"), reader.TextsOrNull("destroy") ?? []);
        var count = (long)read.Create.Count + read.Update.Count + read.Destroy.Count;
        return count <= limits.MaxObjectsInSet ? read
            : throw MethodFailure.RequestTooLarge($"{count} objects, more than {limits.MaxObjectsInSet}");
    }

    /// <summary>RFC 8620 §5.3: nothing is done where the client knows another state.</summary>
    public void CheckState(string state)
    {
        if (IfInState is not null && IfInState != state) throw MethodFailure.StateMismatch();
    }

    /// <summary>A map of objects; none where it is null.</summary>
    public static IReadOnlyList<KeyValuePair<string, JsonElement>> Objects(ArgumentReader reader, string name)
    {
        if (reader.ObjectOrNull(name) is not { } map) return [];
        var all = new List<KeyValuePair<string, JsonElement>>(map.GetPropertyCount());
        foreach (var one in map.EnumerateObject())
        {
            if (one.Value.ValueKind != JsonValueKind.Object) throw MethodFailure.InvalidArgument(name, $"{one.Name} is no object");
            all.Add(new(one.Name, one.Value));
        }
        return all;
    }
}

/// <summary>What became of each create, update and destroy; written at the end.</summary>
internal sealed class SetAnswer(Call call)
{
    private readonly List<(string Key, Action<Utf8JsonWriter>? Write)> _created = [], _updated = [];
    private readonly List<string> _destroyed = [];
    private readonly List<(string Key, SetError Error)> _notCreated = [], _notUpdated = [], _notDestroyed = [];

    /// <param name="more">Writes the members beside id that the client did not send: set by the server, or by default.</param>
    public void Created(string creationId, string id, Action<Utf8JsonWriter>? more = null)
    {
        call.Created.Add(creationId, id);
        _created.Add((creationId, Write));

        void Write(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, id);
            more?.Invoke(writer);
            writer.WriteEndObject();
        }
    }

    /// <param name="more">Writes the members that changed and were not asked for; null when there are none.</param>
    public void Updated(string id, Action<Utf8JsonWriter>? more = null)
    {
        if (more is null) _updated.Add((id, null));
        else _updated.Add((id, Write));

        void Write(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            more(writer);
            writer.WriteEndObject();
        }
    }

    public void Destroyed(string id) => _destroyed.Add(id);

    public void NotCreated(string creationId, SetError error) => _notCreated.Add((creationId, error));

    public void NotUpdated(string id, SetError error) => _notUpdated.Add((id, error));

    public void NotDestroyed(string id, SetError error) => _notDestroyed.Add((id, error));

    /// <summary>The whole answer.</summary>
    public void Write(string? oldState, string newState)
    {
        var writer = call.Answer;
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteString("oldState"u8, oldState);
        writer.WriteString("newState"u8, newState);
        WriteMembers();
        writer.WriteEndObject();
    }

    /// <summary>Of methods that only create (RFC 8620 §5.4, RFC 8621 §4.8).</summary>
    /// <param name="fromAccount">Of a copy: where from.</param>
    public void WriteCreated(string? oldState, string newState, string? fromAccount = null)
    {
        var writer = call.Answer;
        writer.WriteStartObject();
        if (fromAccount is not null) writer.WriteString("fromAccountId"u8, fromAccount);
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteString("oldState"u8, oldState);
        writer.WriteString("newState"u8, newState);
        Map("created"u8, _created);
        Errors("notCreated"u8, _notCreated);
        writer.WriteEndObject();
    }

    /// <summary>What the answer says of each object; for types without account and state (RFC 8620 §7.2.2).</summary>
    public void WriteMembers()
    {
        var writer = call.Answer;
        Map("created"u8, _created);
        Map("updated"u8, _updated);
        writer.WriteTextsOrNull("destroyed"u8, _destroyed);
        Errors("notCreated"u8, _notCreated);
        Errors("notUpdated"u8, _notUpdated);
        Errors("notDestroyed"u8, _notDestroyed);
    }

    /// <summary>What it says of creates, for methods that only create.</summary>
    public void WriteCreated()
    {
        Map("created"u8, _created);
        Errors("notCreated"u8, _notCreated);
    }

    private void Map(ReadOnlySpan<byte> name, List<(string Key, Action<Utf8JsonWriter>? Write)> objects)
    {
        var writer = call.Answer;
        if (objects.Count == 0)
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartObject(name);
        foreach (var (key, write) in objects)
        {
            writer.WritePropertyName(key);
            if (write is null) writer.WriteNullValue();
            else write(writer);
        }
        writer.WriteEndObject();
    }

    private void Errors(ReadOnlySpan<byte> name, List<(string Key, SetError Error)> errors) =>
        Map(name, [.. errors.Select(e => (e.Key, (Action<Utf8JsonWriter>?)e.Error.Write))]);
}
