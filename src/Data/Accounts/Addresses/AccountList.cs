using System.Text;
using System.Text.Json;

namespace Aviso.Accounts;

/// <summary>accounts_from: a JSON object of addresses, each with a password or a hash.</summary>
public static class AccountList
{
    public const int MaxEntries = 100_000;

    /// <summary>All accounts with their lines, or what is wrong. Problems never show a secret.</summary>
    public static ListReading<DeclaredAccount> ParseJson(string text, string sourceName)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        try
        {
            return new(sourceName, Read(octets, sourceName), null);
        }
        catch (JsonException e)
        {
            return new(sourceName, null, $"{sourceName}:{e.LineNumber + 1}: is not JSON");
        }
        catch (FormatException e)
        {
            return new(sourceName, null, e.Message);
        }
    }

    private static List<DeclaredAccount> Read(byte[] octets, string name)
    {
        var accounts = new List<DeclaredAccount>();
        var lines = new Dictionary<AddressKey, int>();
        var reader = new Utf8JsonReader(octets, new JsonReaderOptions { MaxDepth = 3, CommentHandling = JsonCommentHandling.Disallow });
        var (line, counted) = (1, 0L);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new FormatException($"{name}:1: is not a JSON object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            line += octets.AsSpan((int)counted, (int)(reader.TokenStartIndex - counted)).Count((byte)'\n');
            counted = reader.TokenStartIndex;
            var address = reader.GetString()!;
            if (!AddressKey.TryParse(address, out var key)) throw new FormatException($"{name}:{line}: `{address}` is not an address");
            if (!lines.TryAdd(key, line)) throw new FormatException($"{name}:{line}: {key} stands in line {lines[key]} already");
            if (accounts.Count == MaxEntries) throw new FormatException($"{name}:{line}: more than {MaxEntries} accounts");
            reader.Read();
            if (reader.TokenType != JsonTokenType.String || reader.GetString() is not { Length: > 0 } secret)
                throw new FormatException($"{name}:{line}: {key} wants a password or a hash as text");
            accounts.Add(new(key.ToString(), PasswordText.Declared(secret), 0, [], [], new(name, line)));
        }
        return accounts;
    }
}
