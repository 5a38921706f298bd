using System.Buffers.Binary;

namespace Aviso.Net;

/// <summary>
/// Looks into a TLS ClientHello before TLS does (RFC 8446 §4.1.2): does it offer only "acme-tls/1"? SslStream tells the name asked
/// for but not the protocols offered, and a client that merely comes at the time of a challenge must see the real certificate.
/// Only the first record is looked at; a hello that long is no authority's.
/// </summary>
internal ref struct ClientHello(ReadOnlySpan<byte> octets)
{
    private ReadOnlySpan<byte> _rest = octets;

    /// <summary>Null while more octets are needed to tell.</summary>
    public static bool? OffersAcme(ReadOnlySpan<byte> octets)
    {
        const int header = 5;
        if (octets.Length > 0 && octets[0] != 22) return false; // RFC 8446 §5.1: handshake
        if (octets.Length < header) return null;
        var length = BinaryPrimitives.ReadUInt16BigEndian(octets[3..]);
        if (length > 16384) return false;
        if (octets.Length < header + length) return null;
        return new ClientHello(octets.Slice(header, length)).OffersAcme();
    }

    // Handshake type and length, version, random, session id, cipher suites, compression methods, extensions.
    private bool OffersAcme()
    {
        if (!Take(1, out var type) || type[0] != 1 || !Take(3 + 2 + 32, out _) || !Vector(1, out _) || !Vector(2, out _)
            || !Vector(1, out _)
            || !Vector(2, out var extensions)) return false;
        _rest = extensions;
        while (Take(2, out var id) && Vector(2, out var data))
            if (BinaryPrimitives.ReadUInt16BigEndian(id) == 16) return IsAcmeOnly(data);
        return false;
    }

    // RFC 7301 §3.1; RFC 8737 §3: the list holds "acme-tls/1" alone.
    private static bool IsAcmeOnly(ReadOnlySpan<byte> data)
    {
        var list = new ClientHello(data);
        if (!list.Vector(2, out var names)) return false;
        var inner = new ClientHello(names);
        return inner.Vector(1, out var name) && name.SequenceEqual("acme-tls/1"u8) && inner._rest.IsEmpty;
    }

    private bool Take(int count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (_rest.Length < count) return false;
        taken = _rest[..count];
        _rest = _rest[count..];
        return true;
    }

    private bool Vector(int lengthOctets, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (!Take(lengthOctets, out var length)) return false;
        return Take(lengthOctets == 1 ? length[0] : BinaryPrimitives.ReadUInt16BigEndian(length), out content);
    }
}
