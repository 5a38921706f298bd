using System.Security.Cryptography;
using System.Text;

namespace Aviso.Accounts;

/// <summary>
/// Remembers proofs of right passwords so that the next login costs one HMAC: HMAC-SHA-256 of user and password under a secret
/// that dies with the process, to the credential it was proved against. A proof holds while that very credential is in use, and
/// at most <see cref="Lifetime"/>. Two generations of <see cref="Capacity"/> proofs each; the older is thrown away whole.
/// </summary>
internal sealed class ProofCache(TimeProvider clock)
{
    public const int Capacity = 4096;
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _lock = new();
    private Dictionary<(UInt128, UInt128), Proof> _young = [];
    private Dictionary<(UInt128, UInt128), Proof> _old = [];

    public (UInt128, UInt128) Key(string user, string password)
    {
        Span<byte> digest = stackalloc byte[32];
        HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes($"{user.Length}:{user}{password}"), digest);
        return (System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(digest),
            System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(digest[16..]));
    }

    public bool Holds((UInt128, UInt128) key, Credential credential)
    {
        lock (_lock)
        {
            return (_young.TryGetValue(key, out var proof) || _old.TryGetValue(key, out proof))
                && ReferenceEquals(proof.Of, credential) && clock.GetUtcNow() < proof.Until;
        }
    }

    public void Add((UInt128, UInt128) key, Credential credential)
    {
        lock (_lock)
        {
            if (_young.Count >= Capacity) (_old, _young) = (_young, []);
            _young[key] = new(credential, clock.GetUtcNow() + Lifetime);
        }
    }

    private readonly record struct Proof(Credential Of, DateTimeOffset Until);
}
