using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>RFC 8620 §3.2: [ name, arguments, method call id ].</summary>
internal readonly record struct Invocation(string Name, JsonElement Arguments, string CallId);

/// <summary>The Request object (RFC 8620 §3.3).</summary>
/// <param name="Created">Null: the client did not give createdIds and is not told of them.</param>
internal sealed record Request(IReadOnlySet<string> Using, IReadOnlyList<Invocation> Calls, IReadOnlyDictionary<string, string>? Created)
{
    /// <summary>False when it does not match the type signature, and why.</summary>
    public static bool TryRead(JsonElement root, out Request request, out string why)
    {
        request = new(new HashSet<string>(), [], null);
        if (root.ValueKind != JsonValueKind.Object) return No("the request is no object", out why);
        if (!root.TryGetProperty("using"u8, out var list) || !TryTexts(list, out var uses))
            return No("using is no list of strings", out why);
        if (!root.TryGetProperty("methodCalls"u8, out var given) || given.ValueKind != JsonValueKind.Array)
            return No("methodCalls is no list", out why);
        var calls = new List<Invocation>(given.GetArrayLength());
        foreach (var one in given.EnumerateArray())
        {
            if (!TryCall(one, out var call)) return No($"methodCalls/{calls.Count} is not [name, arguments, id]", out why);
            calls.Add(call);
        }
        Dictionary<string, string>? created = null;
        if (root.TryGetProperty("createdIds"u8, out var ids) && !TryMap(ids, out created))
            return No("createdIds is no map of ids", out why);
        request = new(uses, calls, created);
        why = "";
        return true;
    }

    private static bool No(string text, out string why)
    {
        why = text;
        return false;
    }

    private static bool TryCall(JsonElement one, out Invocation call)
    {
        call = default;
        if (one.ValueKind != JsonValueKind.Array || one.GetArrayLength() != 3) return false;
        var (name, arguments, id) = (one[0], one[1], one[2]);
        if (name.ValueKind != JsonValueKind.String || arguments.ValueKind != JsonValueKind.Object || id.ValueKind != JsonValueKind.String)
            return false;
        call = new(name.GetString() ?? "", arguments, id.GetString() ?? "");
        return true;
    }

    private static bool TryTexts(JsonElement list, out HashSet<string> texts)
    {
        texts = new(StringComparer.Ordinal);
        if (list.ValueKind != JsonValueKind.Array) return false;
        foreach (var one in list.EnumerateArray())
        {
            if (one.ValueKind != JsonValueKind.String) return false;
            texts.Add(one.GetString() ?? "");
        }
        return true;
    }

    private static bool TryMap(JsonElement ids, out Dictionary<string, string>? map)
    {
        map = null;
        if (ids.ValueKind != JsonValueKind.Object) return false;
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in ids.EnumerateObject())
        {
            if (one.Value.ValueKind != JsonValueKind.String) return false;
            read[one.Name] = one.Value.GetString() ?? "";
        }
        map = read;
        return true;
    }
}
