using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Aviso.Accounts;

/// <summary>
/// Challenges for whoever comes to log in by passkey, before anybody knows who it is. Strangers may ask for as many as they like, so none
/// is kept: a challenge carries its own end and our proof that we made it. Only those that were answered are remembered, for as long as
/// they would hold.
/// </summary>
internal sealed class OpenChallenges(TimeProvider clock, TimeSpan lifetime)
{
    private const int MostTaken = 100_000;
    private const int NonceLength = 16, StampLength = 8, ProofLength = 16;
    private const int Length = NonceLength + StampLength + ProofLength;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<UInt128, long> _taken = new();

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    public byte[] Make()
    {
        var challenge = new byte[Length];
        RandomNumberGenerator.Fill(challenge.AsSpan(0, NonceLength));
        BinaryPrimitives.WriteInt64BigEndian(challenge.AsSpan(NonceLength), Now + (long)lifetime.TotalSeconds);
        Prove(challenge, challenge.AsSpan(NonceLength + StampLength));
        return challenge;
    }

    /// <summary>True once for a challenge of ours whose time is not over (WebAuthn §13.4.3).</summary>
    public bool Take(ReadOnlySpan<byte> challenge)
    {
        if (challenge.Length != Length) return false;
        Span<byte> proof = stackalloc byte[ProofLength];
        Prove(challenge, proof);
        if (!CryptographicOperations.FixedTimeEquals(proof, challenge[(NonceLength + StampLength)..])) return false;
        var end = BinaryPrimitives.ReadInt64BigEndian(challenge[NonceLength..]);
        if (Now >= end) return false;
        if (_taken.Count >= MostTaken) Forget();
        return _taken.Count < MostTaken && _taken.TryAdd(BinaryPrimitives.ReadUInt128BigEndian(challenge), end);
    }

    private void Prove(ReadOnlySpan<byte> challenge, Span<byte> proof)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret, challenge[..(NonceLength + StampLength)], whole);
        whole[..ProofLength].CopyTo(proof);
    }

    private void Forget()
    {
        var now = Now;
        foreach (var (nonce, end) in _taken)
        {
            if (now >= end) _taken.TryRemove(nonce, out _);
        }
    }
}
