using System.Security.Cryptography;
using System.Text;

namespace Aviso.Accounts;

/// <summary>For whom passkeys are made and asked.</summary>
/// <param name="Id">The relying party: the domain of the origin, or one above it.</param>
/// <param name="Origin">Such as https://mail.example.org, exactly as browsers write it.</param>
/// <param name="NeedsVerification">The user must have been recognised by the authenticator, not only have touched it.</param>
public sealed record RelyingParty(string Id, string Origin, bool NeedsVerification = true);

/// <summary>
/// The checks of WebAuthn level 3 §7.1 and §7.2, by its text: no state, no store. Attestation "none" and "packed" by the key itself are
/// taken; who made the authenticator is not asked, so certificates in an attestation are refused instead of half believed.
/// </summary>
internal static class WebAuthn
{
    /// <summary>Octets of one message of a browser.</summary>
    private const int MostOctets = 16 * 1024;

    /// <summary>§7.1: a new credential, or null and what is wrong.</summary>
    public static AuthenticatorData? Register(
        RelyingParty party, byte[] challenge, byte[] clientData, byte[] attestation, out string problem)
    {
        if (Problem(party, "webauthn.create", challenge, clientData) is { } wrong) return No(wrong, out problem);
        if (attestation.Length > MostOctets || !TryAttestation(attestation, out var format, out var statement, out var octets)) return No(
            "the attestation cannot be read", out problem);
        if (AuthenticatorData.Parse(octets) is not { Key: { } key } data) return No("the authenticator's data cannot be read or has no key of ours", out problem);
        if (Problem(party, data) is { } bad) return No(bad, out problem);
        byte[] signed = [.. octets, .. SHA256.HashData(clientData)];
        problem = format switch
        {
            "none" => statement is [0xa0] ? "" : "an attestation of none says something",
            "packed" => PackedProblem(statement, key, signed),
            _ => $"attestation `{format}` is not taken; ask for none",
        };
        return problem.Length == 0 ? data : null;
    }

    /// <summary>§7.2: null when the assertion is right, else what is wrong.</summary>
    /// <param name="signCount">The last counter seen.</param>
    public static string? Assert(
        RelyingParty party, CoseKey key, uint signCount, byte[] challenge, byte[] clientData, byte[] authenticatorData, byte[] signature,
            out uint newCount)
    {
        newCount = signCount;
        if (Problem(party, "webauthn.get", challenge, clientData) is { } wrong) return wrong;
        if (authenticatorData.Length > MostOctets || AuthenticatorData.Parse(authenticatorData) is not { } data) return "the authenticator's data cannot be read";
        if (Problem(party, data) is { } bad) return bad;
        if (!key.Verify([.. authenticatorData, .. SHA256.HashData(clientData)], signature)) return "the signature is not by this passkey";
        // §6.1.1: a counter that does not grow means that there are two of it. Passkeys in a cloud always say 0.
        if ((data.SignCount > 0 || signCount > 0)
            && data.SignCount <= signCount) return "the counter did not grow: there may be a copy of the authenticator";
        newCount = data.SignCount;
        return null;
    }

    /// <summary>The challenge that the browser says it answers; null when it says none.</summary>
    public static byte[]? ChallengeOf(byte[] clientData) =>
        clientData.Length <= MostOctets && TokenClaims.Parse(clientData)?.Text("challenge") is { } text ? JsonWebToken.TryDecode(text)
            : null;

    // CollectedClientData (§5.8.1): what the browser says it did, for whom and where.
    private static string? Problem(RelyingParty party, string type, byte[] challenge, byte[] clientData)
    {
        if (clientData.Length > MostOctets || TokenClaims.Parse(clientData) is not { } said) return "the client's data cannot be read";
        if (said.Text("type") != type) return "it is for another ceremony";
        if (JsonWebToken.TryDecode(said.Text("challenge") ?? "") is not { } echoed || !CryptographicOperations.FixedTimeEquals(echoed, challenge)) return "the challenge is not the one that was given";
        if (said.Text("origin") is not { } origin || origin != party.Origin) return "it was made at another origin";
        // §7.1 step 11: never inside a page of somebody else.
        return said.Truth("crossOrigin") == true || said.Has("topOrigin") ? "it was made inside another page" : null;
    }

    private static string? Problem(RelyingParty party, AuthenticatorData data)
    {
        if (!CryptographicOperations.FixedTimeEquals(
            data.RelyingPartyHash, SHA256.HashData(Encoding.UTF8.GetBytes(party.Id)))) return "it is for another relying party";
        if (!data.UserPresent) return "nobody touched the authenticator";
        return party.NeedsVerification && !data.UserVerified ? "the authenticator did not recognise the user" : null;
    }

    // attObj = { "fmt": text, "attStmt": map, "authData": bytes } (§6.5.4)
    private static bool TryAttestation(
        ReadOnlySpan<byte> octets, out string format, out ReadOnlySpan<byte> statement, out ReadOnlySpan<byte> data)
    {
        format = "";
        statement = data = default;
        var item = new CborItem(octets);
        if (!item.TryMap(out var pairs) || pairs > 8) return false;
        for (; pairs > 0; pairs--)
        {
            if (!item.TryText(out var name)) return false;
            var from = item.Position;
            if (name.SequenceEqual("fmt"u8))
            {
                if (format.Length > 0 || !item.TryText(out var text) || text.Length is 0 or > 32) return false;
                format = Encoding.UTF8.GetString(text);
            }
            else if (name.SequenceEqual("authData"u8))
            {
                if (!data.IsEmpty || !item.TryBytes(out data)) return false;
            }
            else
            {
                if (!item.TrySkip()) return false;
                if (!name.SequenceEqual("attStmt"u8)) continue;
                if (!statement.IsEmpty) return false;
                statement = octets[from..item.Position];
            }
        }
        return item.AtEnd && format.Length > 0 && !statement.IsEmpty && !data.IsEmpty;
    }

    // §8.2: { "alg": int, "sig": bytes }, signed by the new key itself; with "x5c" it would be by the maker's.
    private static string PackedProblem(ReadOnlySpan<byte> statement, CoseKey key, byte[] signed)
    {
        var item = new CborItem(statement);
        if (!item.TryMap(out var pairs) || pairs > 8) return "the attestation cannot be read";
        long? algorithm = null;
        ReadOnlySpan<byte> signature = default;
        for (; pairs > 0; pairs--)
        {
            if (!item.TryText(out var name)) return "the attestation cannot be read";
            if (name.SequenceEqual("alg"u8) && algorithm is null && item.TryInteger(out var number)) algorithm = number;
            else if (name.SequenceEqual("sig"u8) && signature.IsEmpty && item.TryBytes(out signature)) continue;
            else return "an attestation with certificates is not taken; ask for none";
        }
        if (algorithm != key.Algorithm) return "the attestation is by another algorithm than its key";
        return key.Verify(signed, signature) ? "" : "the attestation is not signed by its key";
    }

    private static AuthenticatorData? No(string why, out string problem)
    {
        problem = why;
        return null;
    }
}
