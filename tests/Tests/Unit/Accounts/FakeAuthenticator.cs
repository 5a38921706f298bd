using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>A passkey with its browser, made after the text of WebAuthn: it makes a key, signs, and lies where a test wants.</summary>
public sealed class FakeAuthenticator : IDisposable
{
    private readonly ECDsa? _curve;
    private readonly RSA? _rsa;
    private readonly Ed25519Key? _edwards;
    private readonly long _algorithm;

    public FakeAuthenticator(long algorithm = -7)
    {
        _algorithm = algorithm;
        if (algorithm == -7) _curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        else if (algorithm == -257) _rsa = RSA.Create(2048);
        else _edwards = Ed25519Key.FromSeed(RandomNumberGenerator.GetBytes(32));
    }

    public byte[] Id { get; init; } = RandomNumberGenerator.GetBytes(16);

    public string Origin { get; set; } = "https://mail.example.org";

    public string RelyingParty { get; set; } = "mail.example.org";

    /// <summary>User present, user verified.</summary>
    public byte Flags { get; set; } = 0x05;

    public uint SignCount { get; set; }

    /// <summary>"none", "packed", or a lie.</summary>
    public string Format { get; set; } = "none";

    /// <summary>More members of the client's data, as JSON.</summary>
    public string More { get; set; } = "";

    public byte[] ClientData(string type, byte[] challenge) => Encoding.UTF8.GetBytes(
        $$"""{"type":"{{type}}","challenge":"{{Base64Url.EncodeToString(challenge)}}","origin":"{{Origin}}","crossOrigin":false{{More}}}""");

    public (byte[] ClientData, byte[] Attestation) Create(byte[] challenge)
    {
        var client = ClientData("webauthn.create", challenge);
        byte[] data = [.. Data((byte)(Flags | 0x40)), .. new byte[16], .. BigEndian((ushort)Id.Length), .. Id, .. Key()];
        byte[] statement = Format == "packed"
            ? [0xa2, .. Text("alg"), .. Integer(_algorithm), .. Text("sig"),
                .. Bytes(Sign([.. data, .. SHA256.HashData(client)]))] : [0xa0];
        return (client, [0xa3, .. Text("fmt"), .. Text(Format), .. Text("attStmt"), .. statement, .. Text("authData"), .. Bytes(data)]);
    }

    public (byte[] ClientData, byte[] Data, byte[] Signature) Get(byte[] challenge, byte[]? extensions = null)
    {
        var client = ClientData("webauthn.get", challenge);
        byte[] data = extensions is null ? Data(Flags) : [.. Data((byte)(Flags | 0x80)), .. extensions];
        return (client, data, Sign([.. data, .. SHA256.HashData(client)]));
    }

    public void Dispose()
    {
        _curve?.Dispose();
        _rsa?.Dispose();
        _edwards?.Dispose();
    }

    private byte[] Data(byte flags)
    {
        var data = new byte[37];
        SHA256.HashData(Encoding.UTF8.GetBytes(RelyingParty)).CopyTo(data, 0);
        data[32] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(33), SignCount);
        return data;
    }

    private byte[] Key()
    {
        if (_curve is not null)
        {
            var point = _curve.ExportParameters(false).Q;
            return [0xa5, 1, 2, 3, .. Integer(-7), 0x20, 1, 0x21, .. Bytes(point.X!), 0x22, .. Bytes(point.Y!)];
        }
        if (_rsa is not null)
        {
            var numbers = _rsa.ExportParameters(false);
            return [0xa4, 1, 3, 3, .. Integer(-257), 0x20, .. Bytes(numbers.Modulus!), 0x21, .. Bytes(numbers.Exponent!)];
        }
        return [0xa4, 1, 1, 3, .. Integer(-8), 0x20, 6, 0x21, .. Bytes(_edwards!.PublicKey())];
    }

    private byte[] Sign(byte[] octets) => _curve?.SignData(octets, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
        ?? _rsa?.SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ?? _edwards!.Sign(octets);

    private static byte[] Text(string text) => [.. Head(3, text.Length), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Bytes(byte[] octets) => [.. Head(2, octets.Length), .. octets];

    private static byte[] Integer(long value) => value >= 0 ? Head(0, value) : Head(1, -1 - value);

    private static byte[] Head(int major, long argument) => argument switch
    {
        < 24 => [(byte)((major << 5) | (int)argument)],
        < 256 => [(byte)((major << 5) | 24), (byte)argument],
        _ => [(byte)((major << 5) | 25), .. BigEndian((ushort)argument)],
    };

    private static byte[] BigEndian(ushort number) => [(byte)(number >> 8), (byte)number];
}
