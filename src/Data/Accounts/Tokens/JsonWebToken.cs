using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Aviso.Accounts;

/// <summary>What a token is for; its header says so.</summary>
internal enum TokenType
{
    /// <summary>It lets its holder use something (RFC 9068).</summary>
    Access,

    /// <summary>It tells a client who has just signed in (OpenID Connect Core 1.0 §2).</summary>
    Id,
}

/// <summary>A signed token as it came (RFC 7519 in the compact form of RFC 7515 §3.1); nothing about it is believed yet.</summary>
/// <param name="Signed">The octets under the signature.</param>
internal sealed record JsonWebToken(string Algorithm, string KeyId, TokenClaims Claims, byte[] Signed, byte[] Signature)
{
    /// <summary>The algorithms we verify. "none" and those with a shared secret are not among them, so a public key can never be
    /// taken for a secret.</summary>
    public static readonly IReadOnlyList<string> Algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

    /// <summary>Null when it is no token we could verify, with the reason for the log.</summary>
    public static JsonWebToken? Parse(string text, TokenType type, out string problem)
    {
        problem = "not three parts of base64url";
        var parts = text.Split('.');
        if (parts.Length != 3 || parts.Any(p => p.Length == 0)) return null;
        if (TryDecode(parts[0]) is not { } header || TryDecode(parts[1]) is not { } body || TryDecode(parts[2]) is not { } signature) return null;
        problem = "the header is no JSON object";
        if (TokenClaims.Parse(header) is not { } head) return null;
        problem = "an algorithm that is not taken";
        if (head.Text("alg") is not { } algorithm || !Algorithms.Contains(algorithm, StringComparer.Ordinal)) return null;
        // RFC 7515 §4.1.11: an extension that must be understood is not.
        problem = "a critical header that is not known";
        if (head.Has("crit") || head.Has("b64")) return null;
        // RFC 9068 §4 and RFC 8725 §3.11: an ID token says JWT or nothing, and whoever holds one is not sent here by its owner.
        problem = type == TokenType.Access
            ? "no access token: its header does not say at+jwt (RFC 9068), as an ID token does not"
                : "no ID token: its header says at+jwt or another type";
        if (!(type == TokenType.Access ? IsAccessToken(head) : IsIdToken(head))) return null;
        problem = "the claims are no JSON object";
        if (TokenClaims.Parse(body) is not { } claims) return null;
        problem = "";
        return new(algorithm, head.Text("kid") ?? "", claims, Encoding.ASCII.GetBytes(text[..text.LastIndexOf('.')]), signature);
    }

    private static bool IsAccessToken(TokenClaims head) => head.Text("typ") is { } type
        && (type.Equals("at+jwt", StringComparison.OrdinalIgnoreCase) || type.Equals("application/at+jwt", StringComparison.OrdinalIgnoreCase));

    private static bool IsIdToken(TokenClaims head) => !head.Has("typ")
        || head.Text("typ")?.Equals("JWT", StringComparison.OrdinalIgnoreCase) == true;

    // RFC 7515 §2: base64url without padding, line ends or other characters.
    internal static byte[]? TryDecode(ReadOnlySpan<char> text)
    {
        if (text.ContainsAnyExcept(Digits)) return null;
        var octets = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.DecodeFromChars(text, octets, out _, out var written) == OperationStatus.Done ? octets[..written] : null;
    }

    private static readonly SearchValues<char> Digits =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
