using System.Globalization;
using System.Text.Json;
using Aviso.Accounts;

namespace Aviso.Jmap;

/// <summary>One SieveScript/set on the scripts of an account (RFC 9661 §2.4).</summary>
/// <param name="texts">By blob id; what is not there is no blob.</param>
internal sealed class ScriptSetRun(
    Call call, SetAnswer answer, SieveScriptEdit edit, SieveScriptLimits limits, IReadOnlyDictionary<string, ScriptText> texts)
{
    private const string DefaultName = "script";

    private readonly HashSet<string> _made = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UpdatedScript> _updated = new(StringComparer.Ordinal);
    private bool _isAllDone = true;

    public void Run(SetArguments set, string? activate, bool deactivate)
    {
        foreach (var (key, value) in set.Create) Try(() => Create(key, value), error => answer.NotCreated(key, error));
        var doomed = set.Destroy.Select(call.Created.Resolve).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in set.Update) Try(() => Update(key, value, doomed), error => answer.NotUpdated(key, error));
        foreach (var key in set.Destroy) Try(() => Destroy(key), error => answer.NotDestroyed(key, error));
        if (_isAllDone) Activate(activate, deactivate);
        foreach (var (id, updated) in _updated.Where(u => edit.FindId(u.Key) is not null))
            answer.Updated(id, updated.IsEmpty ? null : writer => updated.Write(writer, edit.FindId(id)));
    }

    private void Try(Action one, Action<SetError> not)
    {
        try
        {
            one();
        }
        catch (SetFailure failure)
        {
            _isAllDone = false;
            not(failure.Error);
        }
    }

    private void Create(string key, JsonElement value)
    {
        foreach (var property in value.EnumerateObject())
            if (property.Name is not ("name" or "blobId")) throw Wrong(property.Name, "set by the server, or not known");
        var asked = value.TryGetProperty("name"u8, out var given) && given.ValueKind != JsonValueKind.Null ? given : (JsonElement?)null;
        var name = asked is { } element ? NameOf(element) : FreeName();
        var text = value.TryGetProperty("blobId"u8, out var blob) ? TextOf(blob) : throw Wrong("blobId", "missing");
        if (edit.Find(name) is { } other) throw Taken(other);
        Check(edit.Put(name, text));
        var made = edit.Find(name) ?? throw new InvalidOperationException("a script that was put is not there");
        _made.Add(made.Id);
        answer.Created(key, made.Id, writer =>
        {
            if (asked?.ValueEquals(name) != true) writer.WriteString("name"u8, name);
            writer.WriteString("blobId"u8, BlobId.OfScript(text).ToString());
            writer.WriteBoolean("isActive"u8, edit.FindId(made.Id)?.IsActive == true);
        });
    }

    private void Update(string key, JsonElement value, HashSet<string?> doomed)
    {
        var script = Find(key);
        if (doomed.Contains(script.Id)) throw new SetFailure(new("willDestroy"));
        if (!PatchObject.TryRead(value, out var patch, out var error)) throw new SetFailure(error);
        var (name, text, updated) = (script.Name, script.Text, new UpdatedScript());
        foreach (var entry in patch.Entries)
        {
            if (entry.Tokens.Length > 1) throw new SetFailure(SetError.InvalidPatch($"{entry.Pointer} points into a text"));
            switch (entry.Tokens[0])
            {
                case "name":
                    // Null: back to the default, which is ours to choose.
                    name = entry.Value.ValueKind == JsonValueKind.Null ? FreeName() : NameOf(entry.Value);
                    updated.HasName |= entry.Value.ValueKind == JsonValueKind.Null || !entry.Value.ValueEquals(name);
                    break;
                case "blobId":
                    text = TextOf(entry.Value);
                    updated.HasBlob = true;
                    break;
                // RFC 8620 §5.3: a client may send back what it got.
                case "id" when entry.Value.ValueKind == JsonValueKind.String && entry.Value.ValueEquals(script.Id):
                case "isActive" when entry.Value.ValueKind is JsonValueKind.True or JsonValueKind.False
                    && entry.Value.GetBoolean() == script.IsActive:
                    break;
                case "id" or "isActive":
                    throw Wrong(entry.Tokens[0], "set by the server");
                default:
                    throw Wrong(entry.Tokens[0], "not known");
            }
        }
        if (name != script.Name && edit.Find(name) is { } other) throw Taken(other);
        if (updated.HasBlob) Check(edit.Put(script.Name, text));
        if (name != script.Name) Check(edit.Rename(script.Name, name));
        if (_updated.TryGetValue(script.Id, out var before)) updated.Add(before);
        _updated[script.Id] = updated;
    }

    private void Destroy(string key)
    {
        var script = Find(key);
        // RFC 9661 §2.4: also where this very call would make it inactive.
        if (edit.Delete(script.Name) == SieveScriptRefusal.Active) throw new SetFailure(new("sieveIsActive", "the script is active"));
        answer.Destroyed(script.Id);
    }

    // RFC 9661 §2.4: what is made inactive comes first; an id that is not found is ignored.
    private void Activate(string? activate, bool deactivate)
    {
        var (old, next) = (edit.Active, activate is null ? null : call.Created.Resolve(activate));
        var found = next is null ? null : edit.FindId(next);
        if (found is null && !deactivate) return;
        edit.SetActive(found?.Name);
        // Told even where nothing changes: the client asked for it.
        if (found is not null) Told(found.Id);
        if (old is not null) Told(old.Id);
    }

    private void Told(string id)
    {
        if (_made.Contains(id)) return;
        if (!_updated.TryGetValue(id, out var updated)) _updated[id] = updated = new();
        updated.HasActive = true;
    }

    private KeptScript Find(string key) =>
        call.Created.Resolve(key) is { } id && edit.FindId(id) is { } script ? script : throw new SetFailure(SetError.NotFound);

    private string NameOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && SieveScripts.Canonical(value.GetString() ?? "") is { } name
            ? name : throw Wrong("name", "that cannot be a script's name");

    private string FreeName() => Enumerable.Range(1, limits.Count + 1)
        .Select(n => n == 1 ? DefaultName : DefaultName + " " + n.ToString(CultureInfo.InvariantCulture))
        .First(name => edit.Find(name) is null);

    private byte[] TextOf(JsonElement blob)
    {
        if (blob.ValueKind != JsonValueKind.String) throw Wrong("blobId", "no string");
        var id = blob.GetString() ?? "";
        if (!texts.TryGetValue(id, out var text))
            throw new SetFailure(new("blobNotFound") { More = writer => writer.WriteTexts("notFound"u8, [id]) });
        return text.Error is { } error ? throw new SetFailure(error) : text.Octets;
    }

    private void Check(SieveScriptRefusal refusal)
    {
        if (refusal == SieveScriptRefusal.None) return;
        throw new SetFailure(refusal switch
        {
            SieveScriptRefusal.MaxSize => new("tooLarge", $"a script has at most {limits.Size} octets"),
            SieveScriptRefusal.MaxScripts => new("overQuota", $"at most {limits.Count} scripts are kept"),
            SieveScriptRefusal.Quota => new("overQuota", $"all scripts together have at most {limits.Octets} octets"),
            _ => SetError.NotFound,
        });
    }

    private static SetFailure Taken(KeptScript other) => new(new("alreadyExists", $"there is a script named {other.Name}")
    {
        More = writer => writer.WriteString("existingId"u8, other.Id),
    });

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}

/// <summary>What of an updated script is not as the client has sent it.</summary>
internal sealed class UpdatedScript
{
    public bool HasName { get; set; }

    public bool HasBlob { get; set; }

    public bool HasActive { get; set; }

    public bool IsEmpty => !HasName && !HasBlob && !HasActive;

    public void Add(UpdatedScript before)
    {
        HasName |= before.HasName;
        HasBlob |= before.HasBlob;
    }

    /// <param name="now">The script as it is after the call.</param>
    public void Write(Utf8JsonWriter writer, KeptScript? now)
    {
        if (now is null) return;
        if (HasName) writer.WriteString("name"u8, now.Name);
        if (HasBlob) writer.WriteString("blobId"u8, SieveScriptObject.BlobOf(now));
        if (HasActive) writer.WriteBoolean("isActive"u8, now.IsActive);
    }
}
