using System.Text.Json;

namespace Aviso.Accounts;

/// <summary>
/// The members of a JSON object that is a token's header, its claims or an answer of the provider: texts, numbers, truth values and lists
/// of texts; deeper things are skipped. A name that comes twice makes the object worthless (RFC 7519 §4 lets us refuse it), because two
/// readers would read two things.
/// </summary>
internal sealed class TokenClaims
{
    private const int MostMembers = 200;
    private const int MostItems = 200;

    private readonly Dictionary<string, object?> _members = new(StringComparer.Ordinal);

    public static TokenClaims? Parse(ReadOnlySpan<byte> octets)
    {
        try
        {
            var reader = new Utf8JsonReader(octets, new JsonReaderOptions { MaxDepth = 16 });
            var claims = new TokenClaims();
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && claims.ReadMembers(ref reader) && !reader.Read()
                ? claims : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is not UTF-8, or half a surrogate pair.
            return null;
        }
    }

    public bool Has(string name) => _members.ContainsKey(name);

    public string? Text(string name) => _members.GetValueOrDefault(name) as string;

    /// <summary>Unix seconds; NumericDate may have a fraction (RFC 7519 §2).</summary>
    public double? Number(string name) => _members.GetValueOrDefault(name) as double?;

    public bool? Truth(string name) => _members.GetValueOrDefault(name) as bool?;

    /// <summary>A text as a list of one.</summary>
    public IReadOnlyList<string> Texts(string name) => _members.GetValueOrDefault(name) switch
    {
        string one => [one],
        List<string> many => many,
        _ => [],
    };

    private bool ReadMembers(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (_members.Count >= MostMembers || !reader.Read() || !_members.TryAdd(name, Value(ref reader))) return false;
        }
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static object? Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String: return reader.GetString();
            case JsonTokenType.Number: return reader.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;
            case JsonTokenType.True: return true;
            case JsonTokenType.False: return false;
            case JsonTokenType.StartArray: return List(ref reader);
            default:
                reader.Skip();
                return null;
        }
    }

    // A list with anything but texts in it is no list of texts.
    private static List<string>? List(ref Utf8JsonReader reader)
    {
        var texts = new List<string>();
        var good = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String && texts.Count < MostItems) texts.Add(reader.GetString()!);
            else
            {
                good = false;
                reader.Skip();
            }
        }
        return good ? texts : null;
    }
}
