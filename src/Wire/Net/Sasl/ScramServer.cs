using System.Security.Cryptography;
using System.Text;

namespace Aviso.Net;

/// <summary>The server of RFC 5802 §5 with SHA-256 (RFC 7677). A user we do not know goes the same way with made-up keys.</summary>
internal sealed class ScramServer(
    IAuthenticator authenticator, LoginAttempt attempt, byte[]? binding, bool plus, string? fixedNonce = null)
    : SaslServer(authenticator, attempt)
{
    private Stage _stage;
    private string _gs2Header = "";
    private string _firstBare = "";
    private string _serverFirst = "";
    private string _nonce = "";
    private bool _userIsSound;
    private string _name = "";
    private ScramKeys? _keys;
    private byte[] _serverKey = [];
    private Principal? _principal;

    private enum Stage
    {
        ClientFirst,
        ClientFinal,
        Acknowledge,
        Done,
    }

    public override async ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response, CancellationToken cancel = default)
    {
        var stage = _stage;
        _stage = Stage.Done;
        if (stage == Stage.Acknowledge)
            return response.IsEmpty ? new SaslStep.Success(_principal!, default) : Malformed("octets after the server's signature");
        if (stage == Stage.Done) throw new InvalidOperationException("the exchange has ended");
        if (response.Length > Scram.MessageLimit || !TryText(response.Span, out var message)) return Malformed("too long or not UTF-8");
        return stage == Stage.ClientFirst ? await FirstAsync(message, cancel) : await FinalAsync(message, cancel);
    }

    // RFC 5802 §7: client-first-message = gs2-header [reserved-mext ","] username "," nonce ["," extensions]
    private async ValueTask<SaslStep> FirstAsync(string message, CancellationToken cancel)
    {
        var parts = message.Split(',');
        if (parts.Length < 4) return Malformed("client-first: too few parts");
        switch (parts[0])
        {
            case "n" when !plus:
                break;
            // §6: the client could bind but believes we cannot. We said we can: somebody changed the list on its way.
            case "y" when !plus && binding is null:
                break;
            case "y" when !plus:
                return new SaslStep.Failure(SaslFailure.Rejected, "channel binding was downgraded on the way");
            case "p=" + ChannelBinding.ServerEndPointName when plus:
                break;
            default:
                return Malformed("client-first: the binding flag does not fit the mechanism");
        }
        var actAs = "";
        if (parts[1].Length > 0 && (!parts[1].StartsWith("a=", StringComparison.Ordinal) || !Scram.TryName(parts[1].AsSpan(2), out actAs)))
            return Malformed("client-first: authorization identity");
        if (Scram.Attribute(parts, 2, 'n') is not { } saslName || saslName.Length > NameLimit || !Scram.TryName(saslName, out var name))
            return Malformed("client-first: name");
        if (Scram.Attribute(parts, 3, 'r') is not { } clientNonce || !Scram.IsNonce(clientNonce))
            return Malformed("client-first: nonce");
        if (!parts.Skip(4).All(Scram.IsExtension)) return Malformed("client-first: extension");
        if (actAs.Length > 0 && actAs != name) return new SaslStep.Failure(SaslFailure.Rejected, "asked to act as another");

        User = SaslPrep.Prepare(name);
        _userIsSound = User is not null;
        _name = name;
        _gs2Header = $"{parts[0]},{parts[1]},";
        _firstBare = message[_gs2Header.Length..];
        _nonce = clientNonce + (fixedNonce ?? Scram.NewNonce());
        _keys = await Authenticator.GetScramKeysAsync(Attempt, User ?? name, cancel);
        _serverFirst = $"r={_nonce},s={Convert.ToBase64String(_keys.Salt)},i={_keys.Iterations}";
        _stage = Stage.ClientFinal;
        return new SaslStep.Challenge(Encoding.ASCII.GetBytes(_serverFirst));
    }

    // client-final-message = "c=" base64 "," nonce ["," extensions] "," "p=" base64
    private async ValueTask<SaslStep> FinalAsync(string message, CancellationToken cancel)
    {
        var parts = message.Split(',');
        if (parts.Length < 3 || Scram.Attribute(parts, 0, 'c') is not { } bound || !Scram.TryBase64(bound, 1024, out var channel)
            || Scram.Attribute(parts, 1, 'r') is not { } nonce
            || Scram.Attribute(parts, parts.Length - 1, 'p') is not { } proofText || !Scram.TryBase64(proofText, 64, out var proof)
            || !parts[2..^1].All(Scram.IsExtension)) return Malformed("client-final");

        // The password may have changed while the client thought: what was proved by the old one would hold from here on.
        _keys = await Authenticator.GetScramKeysAsync(Attempt, User ?? _name, cancel);
        var authMessage =
            Encoding.UTF8.GetBytes($"{_firstBare},{_serverFirst},{message[..message.LastIndexOf(",p=", StringComparison.Ordinal)]}");
        var cause = !channel.AsSpan().SequenceEqual(ExpectedChannel()) ? "the channel binding does not hold"
            : nonce != _nonce ? "the nonce is not ours"
            : !AnyProofHolds(proof, authMessage) ? "wrong name or password"
            : null;
        // A broken exchange is a failed login too, and counts as one.
        _principal = await Authenticator.FinishScramAsync(Attempt, User ?? "", cause is null && _userIsSound, cancel);
        if (cause is not null || _principal is null) return Rejected(cause ?? "wrong name or password");
        _stage = Stage.Acknowledge;
        var signature = HMACSHA256.HashData(_serverKey, authMessage);
        return new SaslStep.Challenge(Encoding.ASCII.GetBytes("v=" + Convert.ToBase64String(signature)));
    }

    private byte[] ExpectedChannel() => [.. Encoding.UTF8.GetBytes(_gs2Header), .. plus ? binding! : []];

    // All keys are tried, whether an earlier one holds or not: how long it takes tells nothing.
    private bool AnyProofHolds(byte[] proof, byte[] authMessage)
    {
        if (proof.Length != 32) return false;
        var holds = ProofHolds(_keys!.StoredKey, proof, authMessage);
        if (holds) _serverKey = _keys.ServerKey;
        foreach (var other in _keys.Others)
        {
            if (!ProofHolds(other.StoredKey, proof, authMessage)) continue;
            (holds, _serverKey, Attempt.Notes.ProvedBy) = (true, other.ServerKey, other.Id);
        }
        return holds;
    }

    // §3: ClientKey = ClientProof XOR HMAC(StoredKey, AuthMessage); H(ClientKey) must be StoredKey
    private static bool ProofHolds(byte[] storedKey, byte[] proof, byte[] authMessage)
    {
        var clientKey = Scram.Xor(proof, HMACSHA256.HashData(storedKey, authMessage));
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(clientKey), storedKey);
    }
}
