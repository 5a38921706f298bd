using System.Globalization;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Somebody's pointers ask for more than one request may.</summary>
internal sealed class WorkExceededException() : Exception("too much work");

/// <summary>A JSON Pointer (RFC 6901), where * maps through an array as RFC 8620 §3.7 has it.</summary>
internal readonly struct JsonPointer
{
    /// <summary>Longer ones point at nothing of ours.</summary>
    private const int MostLength = 2048, MostTokens = 64;

    private readonly string[] _tokens;

    private JsonPointer(string[] tokens) => _tokens = tokens;

    /// <summary>One value, or those that a * made a list of.</summary>
    public readonly record struct Found(JsonElement? One, List<JsonElement> Many);

    public static bool TryParse(string text, out JsonPointer pointer)
    {
        pointer = new([]);
        if (text.Length == 0) return true;
        if (text[0] != '/' || !TryTokens(text[1..], out var tokens)) return false;
        pointer = new(tokens);
        return true;
    }

    /// <summary>The tokens between slashes, ~1 and ~0 undone (RFC 6901 §4).</summary>
    public static bool TryTokens(string text, out string[] tokens)
    {
        tokens = [];
        if (text.Length > MostLength) return false;
        var parts = text.Split('/');
        if (parts.Length > MostTokens) return false;
        for (var i = 0; i < parts.Length; i++)
        {
            if (!IsEscaped(parts[i])) return false;
            parts[i] = parts[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
        }
        tokens = parts;
        return true;
    }

    /// <summary>Null where it points at nothing.</summary>
    /// <param name="work">Grows by the values that were looked at.</param>
    /// <exception cref="WorkExceededException">There were more of them than <paramref name="mostWork"/>.</exception>
    public Found? Evaluate(JsonElement value, ref long work, long mostWork) => Evaluate(value, _tokens, ref work, mostWork);

    // RFC 6901 §3: a tilde is followed by 0 or 1.
    private static bool IsEscaped(string token)
    {
        for (var at = token.IndexOf('~', StringComparison.Ordinal); at >= 0; at = token.IndexOf('~', at + 1))
            if (at + 1 == token.Length || token[at + 1] is not ('0' or '1')) return false;
        return true;
    }

    private static Found? Evaluate(JsonElement value, ReadOnlySpan<string> tokens, ref long work, long mostWork)
    {
        while (tokens is [var token, .. var rest])
        {
            Spend(value, ref work, mostWork);
            if (value.ValueKind == JsonValueKind.Array && token == "*") return Map(value, rest, ref work, mostWork);
            if (!TryStep(value, token, out value)) return null;
            tokens = rest;
        }
        return new(value, []);
    }

    // The rest is applied to every item; what is itself a list adds its items.
    private static Found? Map(JsonElement list, ReadOnlySpan<string> rest, ref long work, long mostWork)
    {
        var many = new List<JsonElement>(list.GetArrayLength());
        foreach (var item in list.EnumerateArray())
        {
            if (Evaluate(item, rest, ref work, mostWork) is not { } found) return null;
            if (found.One is not { } one) many.AddRange(found.Many);
            else if (one.ValueKind != JsonValueKind.Array) many.Add(one);
            else
            {
                Spend(one, ref work, mostWork);
                many.AddRange(one.EnumerateArray());
            }
        }
        return new(null, many);
    }

    private static bool TryStep(JsonElement value, string token, out JsonElement next)
    {
        next = default;
        if (value.ValueKind == JsonValueKind.Object) return value.TryGetProperty(token, out next);
        // RFC 6901 §4: digits without leading zeros; "-" is after the last.
        if (value.ValueKind != JsonValueKind.Array || token is not ("0" or [>= '1' and <= '9', ..])) return false;
        if (!int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return false;
        if (index >= value.GetArrayLength()) return false;
        next = value[index];
        return true;
    }

    private static void Spend(JsonElement value, ref long work, long mostWork)
    {
        work += 1 + value.ValueKind switch
        {
            JsonValueKind.Array => value.GetArrayLength(),
            JsonValueKind.Object => value.GetPropertyCount(),
            _ => 0,
        };
        if (work > mostWork) throw new WorkExceededException();
    }
}
