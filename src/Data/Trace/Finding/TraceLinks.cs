using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Trace;

/// <summary>Signed names of traces for links: the id's 13 letters, when it ends (8 octets, Unix seconds) and 16 octets of HMAC-SHA-256 over
/// both, in base64url. Nothing is kept for them; a new key ends all.</summary>
/// <param name="key">32 octets.</param>
public sealed class TraceLinks(byte[] key, TimeProvider clock)
{
    private const int IdOctets = 13, TimeOctets = 8, ProofOctets = 16;

    /// <param name="id">A trace's id, 13 letters.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public string Make(string id, DateTimeOffset ends)
    {
        if (!Base.IdText.TryParse(id, out _)) throw new ArgumentException("no id of a trace", nameof(id));
        var octets = new byte[IdOctets + TimeOctets + ProofOctets];
        Encoding.ASCII.GetBytes(id, octets);
        BinaryPrimitives.WriteInt64BigEndian(octets.AsSpan(IdOctets), ends.ToUnixTimeSeconds());
        Prove(octets.AsSpan(0, IdOctets + TimeOctets)).CopyTo(octets.AsSpan(IdOctets + TimeOctets));
        return Base64Url.EncodeToString(octets);
    }

    /// <summary>The trace's id; null for a name that we did not make or whose time is over.</summary>
    public string? Read(string name)
    {
        var octets = new byte[IdOctets + TimeOctets + ProofOctets];
        if (name.Length > 64 || !Base64Url.IsValid(name, out var length) || length != octets.Length) return null;
        Base64Url.DecodeFromChars(name, octets);
        var said = octets.AsSpan(0, IdOctets + TimeOctets);
        if (!CryptographicOperations.FixedTimeEquals(Prove(said), octets.AsSpan(said.Length))) return null;
        return BinaryPrimitives.ReadInt64BigEndian(said[IdOctets..]) > clock.GetUtcNow().ToUnixTimeSeconds()
            ? Encoding.ASCII.GetString(said[..IdOctets]) : null;
    }

    private ReadOnlySpan<byte> Prove(ReadOnlySpan<byte> said)
    {
        byte[] whole = [.. "aviso trace link"u8, .. said];
        return HMACSHA256.HashData(key, whole).AsSpan(0, ProofOctets);
    }
}
