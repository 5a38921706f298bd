using System.Security.Cryptography;
using System.Text;

namespace Aviso.Net;

/// <summary>
/// The client's side of one SASL exchange, for relays: SCRAM-SHA-256, else PLAIN, else LOGIN. The caller does base64 and
/// makes sure of TLS first: PLAIN and LOGIN send the password.
/// </summary>
public abstract class SaslClient
{
    private const int MostIterations = 1_000_000;

    private SaslClient(string mechanism) => Mechanism = mechanism;

    public string Mechanism { get; }

    /// <summary>To send along with the mechanism's name; null when it has none (LOGIN).</summary>
    public abstract ReadOnlyMemory<byte>? InitialResponse { get; }

    /// <summary>True when the server's "success" may be believed: with SCRAM only after it has proved that it knows us.</summary>
    public abstract bool MayBelieveSuccess { get; }

    /// <summary>The best mechanism of <paramref name="offered"/>, or null when we speak none of them.</summary>
    public static SaslClient? Start(IEnumerable<string> offered, string user, string password)
    {
        var names = offered.Select(o => o.ToUpperInvariant()).ToHashSet(StringComparer.Ordinal);
        return names.Contains(Scram.Sha256) ? new ScramClient(user, password, Scram.NewNonce())
            : names.Contains("PLAIN") ? new PlainClient(user, password)
            : names.Contains("LOGIN") ? new LoginClient(user, password)
            : null;
    }

    /// <summary>Answers a decoded challenge; null when the server breaks the exchange or can't prove itself: cancel with "*".</summary>
    public abstract byte[]? Next(ReadOnlySpan<byte> challenge);

    internal static SaslClient StartScram(string user, string password, string nonce) => new ScramClient(user, password, nonce);

    private sealed class PlainClient(string user, string password) : SaslClient("PLAIN")
    {
        private bool _sent;

        public override ReadOnlyMemory<byte>? InitialResponse
        {
            get
            {
                _sent = true;
                return Message();
            }
        }

        public override bool MayBelieveSuccess => true;

        // A server that ignored the initial response asks with an empty challenge.
        public override byte[]? Next(ReadOnlySpan<byte> challenge)
        {
            if (!challenge.IsEmpty && _sent) return null;
            _sent = true;
            return Message();
        }

        private byte[] Message() => Encoding.UTF8.GetBytes($"\0{user}\0{password}");
    }

    private sealed class LoginClient(string user, string password) : SaslClient("LOGIN")
    {
        private int _asked;

        public override ReadOnlyMemory<byte>? InitialResponse => null;

        public override bool MayBelieveSuccess => _asked == 2;

        public override byte[]? Next(ReadOnlySpan<byte> challenge) => ++_asked switch
        {
            1 => Encoding.UTF8.GetBytes(user),
            2 => Encoding.UTF8.GetBytes(password),
            _ => null,
        };
    }

    private sealed class ScramClient(string user, string password, string nonce) : SaslClient(Scram.Sha256)
    {
        private readonly string _firstBare = $"n={Scram.EscapeName(SaslPrep.Prepare(user) ?? user)},r={nonce}";
        private int _step;
        private byte[] _expected = [];

        public override ReadOnlyMemory<byte>? InitialResponse
        {
            get
            {
                _step = 1;
                return First();
            }
        }

        public override bool MayBelieveSuccess => _step == 3;

        public override byte[]? Next(ReadOnlySpan<byte> challenge)
        {
            switch (_step)
            {
                case 0 when challenge.IsEmpty:
                    _step = 1;
                    return First();
                case 1:
                    return Final(challenge);
                case 2:
                    return Verify(challenge);
                default:
                    return null;
            }
        }

        private byte[] First() => Encoding.UTF8.GetBytes("n,," + _firstBare);

        // server-first-message = nonce "," salt "," iteration-count
        private byte[]? Final(ReadOnlySpan<byte> challenge)
        {
            _step = -1;
            if (challenge.Length > Scram.MessageLimit) return null;
            var serverFirst = Encoding.UTF8.GetString(challenge);
            var parts = serverFirst.Split(',');
            if (Scram.Attribute(parts, 0, 'r') is not { } both || !Scram.IsNonce(both) || both.Length <= nonce.Length
                || !both.StartsWith(nonce, StringComparison.Ordinal)
                || Scram.Attribute(parts, 1, 's') is not { } saltText || !Scram.TryBase64(saltText, 256, out var salt) || salt.Length == 0)
                return null;
            // Too few are a server fishing for weak proofs (RFC 7677 §4), too many a way to keep us busy.
            var iterations = Scram.ParseIterations(Scram.Attribute(parts, 2, 'i'));
            if (iterations is < 4096 or > MostIterations) return null;

            var withoutProof = $"c=biws,r={both}";
            var authMessage = Encoding.UTF8.GetBytes($"{_firstBare},{serverFirst},{withoutProof}");
            var salted = Scram.SaltedPassword(password, salt, iterations);
            var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
            var proof = Scram.Xor(clientKey, HMACSHA256.HashData(SHA256.HashData(clientKey), authMessage));
            _expected = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), authMessage);
            _step = 2;
            return Encoding.UTF8.GetBytes($"{withoutProof},p={Convert.ToBase64String(proof)}");
        }

        private byte[]? Verify(ReadOnlySpan<byte> challenge)
        {
            _step = -1;
            var parts = Encoding.UTF8.GetString(challenge).Split(',');
            if (Scram.Attribute(parts, 0, 'v') is not { } text || !Scram.TryBase64(text, 64, out var signature)
                || !CryptographicOperations.FixedTimeEquals(signature, _expected)) return null;
            _step = 3;
            return [];
        }
    }
}
