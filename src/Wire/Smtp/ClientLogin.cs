using System.Security.Cryptography;
using System.Text;

namespace Aviso.Smtp;

/// <summary>The client's side of one AUTH exchange: PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 (RFC 5802, RFC 7677).</summary>
internal abstract class ClientLogin
{
    private static readonly string[] BestFirst = ["SCRAM-SHA-256", "PLAIN", "LOGIN"];

    public abstract string Mechanism { get; }

    /// <summary>Sent with the AUTH command; null when the server speaks first.</summary>
    public abstract byte[]? Initial { get; }

    /// <summary>Answer to a challenge, or null: give up.</summary>
    public abstract byte[]? Respond(byte[] challenge);

    /// <summary>After 235: did the server prove what it must.</summary>
    public virtual bool Complete => true;

    /// <summary>The best of what is offered, or null.</summary>
    public static ClientLogin? Choose(IReadOnlyList<string> offered, string user, string password) =>
        BestFirst.FirstOrDefault(offered.Contains) switch
        {
            "SCRAM-SHA-256" => new Scram(user, password),
            "PLAIN" => new Plain(user, password),
            "LOGIN" => new Login(user, password),
            _ => null,
        };

    private sealed class Plain(string user, string password) : ClientLogin
    {
        public override string Mechanism => "PLAIN";

        public override byte[] Initial => Encoding.UTF8.GetBytes($"\0{user}\0{password}");

        public override byte[]? Respond(byte[] challenge) => null;
    }

    private sealed class Login(string user, string password) : ClientLogin
    {
        private int _asked;

        public override string Mechanism => "LOGIN";

        public override byte[]? Initial => null;

        public override byte[]? Respond(byte[] challenge) => _asked++ switch
        {
            0 => Encoding.UTF8.GetBytes(user),
            1 => Encoding.UTF8.GetBytes(password),
            _ => null,
        };
    }

    private sealed class Scram(string user, string password) : ClientLogin
    {
        // A server that asks for more rounds than this wants our processor, not our password.
        private const int MaxIterations = 1_000_000;

        private readonly string _nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        private byte[]? _serverSignature;
        private bool _proved;

        public override string Mechanism => "SCRAM-SHA-256";

        private string Bare => $"n={user.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal)},r={_nonce}";

        public override byte[] Initial => Encoding.UTF8.GetBytes("n,," + Bare);

        public override bool Complete => _proved;

        public override byte[]? Respond(byte[] challenge)
        {
            var text = Encoding.UTF8.GetString(challenge);
            var fields = text.Split(',').Where(f => f.Length > 1 && f[1] == '=').GroupBy(f => f[0]).ToDictionary(g => g.Key, g => g.First()[2..]);
            if (_serverSignature is null) return First(text, fields);
            _proved = fields.TryGetValue('v', out var v) && CryptographicOperations.FixedTimeEquals(Decode(v), _serverSignature);
            return _proved ? [] : null;
        }

        private byte[]? First(string serverFirst, Dictionary<char, string> fields)
        {
            if (!fields.TryGetValue('r', out var nonce) || !nonce.StartsWith(_nonce, StringComparison.Ordinal) || nonce.Length == _nonce.Length
                || !fields.TryGetValue('s', out var salt) || Decode(salt) is not { Length: > 0 } salted
                || !fields.TryGetValue('i', out var rounds) || !int.TryParse(rounds, out var i) || i is < 4096 or > MaxIterations) return null;
            var key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salted, i, HashAlgorithmName.SHA256, 32);
            var clientKey = HMACSHA256.HashData(key, "Client Key"u8);
            var withoutProof = $"c=biws,r={nonce}";
            var auth = Encoding.UTF8.GetBytes($"{Bare},{serverFirst},{withoutProof}");
            var proof = HMACSHA256.HashData(SHA256.HashData(clientKey), auth);
            for (var n = 0; n < proof.Length; n++) proof[n] ^= clientKey[n];
            _serverSignature = HMACSHA256.HashData(HMACSHA256.HashData(key, "Server Key"u8), auth);
            return Encoding.UTF8.GetBytes($"{withoutProof},p={Convert.ToBase64String(proof)}");
        }

        private static byte[] Decode(string base64)
        {
            var octets = new byte[base64.Length];
            return Convert.TryFromBase64String(base64, octets, out var length) ? octets[..length] : [];
        }
    }
}
