using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>
/// Reads the arguments of a call by name and type (RFC 8620 §3.3: the method is strict about what it is given). What was not asked for by
/// name when <see cref="End"/> comes is unknown, and that is invalidArguments too.
/// </summary>
/// <param name="hasAccount">accountId is one of them, and has been read.</param>
internal sealed class ArgumentReader(JsonElement arguments, bool hasAccount = false)
{
    /// <summary>RFC 8620 §1.3: integers are safe in a double.</summary>
    private const long MostInt = (1L << 53) - 1;

    private readonly List<string> _known = hasAccount ? ["accountId"] : [];

    /// <summary>What stands there; null when it is absent or null.</summary>
    public JsonElement? Find(string name)
    {
        _known.Add(name);
        return arguments.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public string Text(string name) => TextOrNull(name) ?? throw MethodFailure.InvalidArgument(name, "missing");

    public string? TextOrNull(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw MethodFailure.InvalidArgument(name, "no string");

    /// <param name="otherwise">Where it is absent; null is no Boolean.</param>
    public bool Flag(string name, bool otherwise)
    {
        _known.Add(name);
        return !arguments.TryGetProperty(name, out var value) ? otherwise : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw MethodFailure.InvalidArgument(name, "neither true nor false"),
        };
    }

    /// <param name="otherwise">Where it is absent; null is no number.</param>
    public long Int(string name, long otherwise)
    {
        _known.Add(name);
        return !arguments.TryGetProperty(name, out var value) ? otherwise : Int(name, value);
    }

    public long? UnsignedOrNull(string name)
    {
        if (Find(name) is not { } value) return null;
        var number = Int(name, value);
        return number >= 0 ? number : throw MethodFailure.InvalidArgument(name, "less than 0");
    }

    /// <summary>RFC 8620 §5.2: a number that must be greater than 0.</summary>
    public long? PositiveOrNull(string name) => UnsignedOrNull(name) switch
    {
        0 => throw MethodFailure.InvalidArgument(name, "0"),
        var number => number,
    };

    /// <summary>A list of strings, each once, in their order.</summary>
    public IReadOnlyList<string>? TextsOrNull(string name)
    {
        if (Find(name) is not { } list) return null;
        if (list.ValueKind != JsonValueKind.Array) throw MethodFailure.InvalidArgument(name, "no list");
        var texts = new List<string>(list.GetArrayLength());
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var one in list.EnumerateArray())
        {
            if (one.ValueKind != JsonValueKind.String) throw MethodFailure.InvalidArgument(name, "a value is no string");
            if (one.GetString() is { } text && seen.Add(text)) texts.Add(text);
        }
        return texts;
    }

    /// <summary>An object, or null.</summary>
    public JsonElement? ObjectOrNull(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? value : throw MethodFailure.InvalidArgument(name, "no object");

    /// <summary>An argument that has been read elsewhere, or is not for this server to read.</summary>
    public void Skip(string name) => _known.Add(name);

    /// <summary>There is no other argument.</summary>
    public void End()
    {
        foreach (var argument in arguments.EnumerateObject())
            if (!_known.Contains(argument.Name)) throw MethodFailure.InvalidArgument(argument.Name, "not known");
    }

    private static long Int(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number) throw MethodFailure.InvalidArgument(name, "no number");
        if (!value.TryGetInt64(out var number))
        {
            // 10.0 and 1e1 are integers too.
            if (!value.TryGetDouble(out var real) || Math.Abs(real) > MostInt || Math.Floor(real) != real)
                throw MethodFailure.InvalidArgument(name, "no integer");
            number = (long)real;
        }
        return number is >= -MostInt and <= MostInt ? number : throw MethodFailure.InvalidArgument(name, "too large");
    }
}
