using System.Text.Json;

namespace Aviso.Settings;

/// <summary>One account of <c>accounts_from</c>.</summary>
/// <param name="IsHash">The secret is a crypt or SCRAM hash, not a password.</param>
public sealed record ListedAccount(string Address, string Secret, bool IsHash);

/// <summary>Reads <c>accounts_from</c>: a JSON object of addresses, each with a password or a hash.</summary>
public static class AccountList
{
    public const int MaxAccounts = 100_000;

    /// <summary>The accounts, or null and what is wrong. Never shows a password.</summary>
    public static (IReadOnlyList<ListedAccount>? Accounts, string? Error) Parse(string json)
    {
        var accounts = new List<ListedAccount>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            using var document = JsonDocument.Parse(json, new() { MaxDepth = 3 });
            if (document.RootElement.ValueKind != JsonValueKind.Object) return (null, "is not a JSON object");
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.String || entry.Value.GetString() is not { Length: > 0 } secret)
                    return (null, $"has no text for {entry.Name}");
                if (Types.Address.Read(entry.Name) is not { } address) return (null, $"has `{entry.Name}`, which is no address");
                if (!seen.Add(address)) return (null, $"has {address} twice");
                if (accounts.Count == MaxAccounts) return (null, $"has more than {MaxAccounts} accounts");
                accounts.Add(new(address, secret, IsHash(secret)));
            }
        }
        catch (JsonException e)
        {
            return (null, $"is not JSON (line {e.LineNumber + 1}, octet {e.BytePositionInLine})");
        }
        return (accounts, null);
    }

    /// <summary>{SCHEME} in front, or a crypt(5) prefix of a kind we verify.</summary>
    public static bool IsHash(string secret) =>
        (secret.StartsWith('{') && secret.IndexOf('}') is > 1 and < 24) || IsCrypt(secret);

    internal static bool IsCrypt(string secret) =>
        secret.StartsWith("$2a$", StringComparison.Ordinal) || secret.StartsWith("$2b$", StringComparison.Ordinal)
        || secret.StartsWith("$2y$", StringComparison.Ordinal) || secret.StartsWith("$6$", StringComparison.Ordinal)
        || secret.StartsWith("$5$", StringComparison.Ordinal) || secret.StartsWith("$y$", StringComparison.Ordinal);
}
