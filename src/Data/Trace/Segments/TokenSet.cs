using System.Numerics;

namespace Aviso.Trace;

/// <summary>Which tokens a segment may hold (a Bloom filter with four bits a token): never a false no, and few false ones yes.</summary>
internal sealed class TokenSet
{
    private const int Least = 128;

    private readonly byte[] _bits;

    /// <param name="octets">A power of two.</param>
    public TokenSet(int octets) => _bits = new byte[octets];

    private TokenSet(byte[] bits) => _bits = bits;

    public ReadOnlySpan<byte> Octets => _bits;

    /// <summary>Of what <see cref="Octets"/> gave; null for what cannot be one.</summary>
    public static TokenSet? Read(byte[] octets) => BitOperations.IsPow2(octets.Length) ? new(octets) : null;

    public void Add(uint token)
    {
        var (at, step) = Places(token);
        for (var i = 0; i < 4; i++, at += step) _bits[Octet(at)] |= (byte)(1 << (int)(at & 7));
    }

    public bool MayHold(uint token)
    {
        var (at, step) = Places(token);
        for (var i = 0; i < 4; i++, at += step)
            if ((_bits[Octet(at)] & (1 << (int)(at & 7))) == 0) return false;
        return true;
    }

    public bool MayHoldAll(ReadOnlySpan<uint> tokens)
    {
        foreach (var token in tokens)
            if (!MayHold(token)) return false;
        return true;
    }

    /// <summary>Half as large while it is nearly empty: a place is its number's lowest bits, so both halves lie over one another.</summary>
    public TokenSet Shrunk()
    {
        var bits = _bits;
        while (bits.Length > Least)
        {
            var ones = 0;
            foreach (var octet in bits) ones += BitOperations.PopCount(octet);
            if (ones > bits.Length / 2) break;
            var half = new byte[bits.Length / 2];
            for (var i = 0; i < half.Length; i++) half[i] = (byte)(bits[i] | bits[i + half.Length]);
            bits = half;
        }
        return new(bits);
    }

    private int Octet(uint at) => (int)((at >> 3) & (uint)(_bits.Length - 1));

    // Two numbers of 32 bits out of one (the finisher of MurmurHash3, a public constant each).
    private static (uint At, uint Step) Places(uint token)
    {
        var mixed = token * 0x9E3779B97F4A7C15UL;
        mixed = (mixed ^ (mixed >> 33)) * 0xFF51AFD7ED558CCDUL;
        mixed ^= mixed >> 29;
        return ((uint)mixed, (uint)(mixed >> 32) | 1);
    }
}
