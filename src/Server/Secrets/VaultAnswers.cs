using System.Text.Json;

namespace Aviso.Secrets;

/// <summary>Why a secret could not be read.</summary>
internal enum VaultTrouble
{
    /// <summary>No connection, no answer in time, or an answer that says "later".</summary>
    Away,

    /// <summary>Vault runs and is sealed.</summary>
    Sealed,

    /// <summary>Vault refuses us.</summary>
    Denied,

    /// <summary>There is no such secret, field or version.</summary>
    Missing,

    /// <summary>An answer that makes no sense, or settings that cannot work.</summary>
    Wrong,
}

/// <param name="Text">A sentence for the log and the administrator, with what to do; never a secret.</param>
internal sealed record VaultProblem(VaultTrouble Kind, string Text)
{
    /// <summary>Waiting may help.</summary>
    public bool PassesByItself => Kind is VaultTrouble.Away or VaultTrouble.Sealed;
}

/// <summary>A secret as Vault gave it.</summary>
/// <param name="Data">An object.</param>
/// <param name="Version">Of KV version 2; null with version 1.</param>
internal sealed record VaultSecret(JsonElement Data, long? Version);

/// <summary>A secret, or why there is none.</summary>
internal readonly record struct VaultAnswer(VaultSecret? Secret, VaultProblem? Problem)
{
    public static implicit operator VaultAnswer(VaultSecret secret) => new(secret, null);

    public static implicit operator VaultAnswer(VaultProblem problem) => new(null, problem);
}

/// <summary>One HTTP answer.</summary>
/// <param name="Body">Null when it was no JSON.</param>
/// <param name="Problem">Set when there was no answer that could be used at all.</param>
internal readonly record struct VaultReply(int Status, JsonElement? Body, VaultProblem? Problem)
{
    /// <summary>Null when these are no JSON, are nested too deep, or have half a surrogate pair somewhere, which no text can
    /// hold.</summary>
    public static JsonElement? Parse(byte[] octets)
    {
        try
        {
            using var document = JsonDocument.Parse(octets, new() { MaxDepth = 32 });
            return IsText(document.RootElement) ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsText(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.String => element.GetString() is not null,
                JsonValueKind.Array => element.EnumerateArray().All(IsText),
                JsonValueKind.Object => element.EnumerateObject().All(p => p.Name is not null && IsText(p.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    public bool Ok => Problem is null && Status is 200 or 204;

    /// <summary>What stands at this path of keys; null when it is not there or null.</summary>
    public JsonElement? At(params ReadOnlySpan<string> keys)
    {
        if (Body is not { } at) return null;
        foreach (var key in keys)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(key, out at)) return null;
        }
        return at.ValueKind == JsonValueKind.Null ? null : at;
    }

    public string Text(params ReadOnlySpan<string> keys) => At(keys) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    public long Number(params ReadOnlySpan<string> keys) =>
        At(keys) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : 0;

    public bool Flag(params ReadOnlySpan<string> keys) => At(keys) is { ValueKind: JsonValueKind.True };

    /// <summary>Vault's own words, cut short; empty when it gave none.</summary>
    public string Errors()
    {
        if (At("errors") is not { ValueKind: JsonValueKind.Array } errors) return "";
        var text = string.Join("; ", errors.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e =>
            e.GetString()!.Trim()).Where(e => e.Length > 0));
        var clean = new string([.. text.Take(200).Select(c => char.IsControl(c) ? ' ' : c)]);
        return clean.Trim();
    }
}
