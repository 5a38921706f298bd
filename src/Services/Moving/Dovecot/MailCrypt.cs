using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Aviso.Moving;

/// <summary>
/// Files of Dovecot's mail_crypt plugin (version 2, as mailcow has it): the octets are AES-256-GCM under a key of the file, which is
/// encrypted to the holder of an elliptic curve key (ECDH, PBKDF2, AES-256-CBC). Written from the layout of the files.
/// </summary>
public sealed class MailCrypt : IDisposable
{
    private const int MostOctets = 512 << 20;
    private const int MostRounds = 1_000_000;
    private const int HeadLength = 18, IdLength = 32;

    private readonly Dictionary<string, ECDiffieHellman> _keys = new(StringComparer.Ordinal);

    /// <summary>The private keys of a PEM file, or of all files NAME.pem and NAME.key of a folder.</summary>
    /// <exception cref="SourceException">There is none.</exception>
    public static MailCrypt Load(string path)
    {
        var crypt = new MailCrypt();
        try
        {
            foreach (var file in Directory.Exists(path)
                ? Directory.EnumerateFiles(path).Where(file => Path.GetExtension(file) is ".pem" or ".key") : [path])
            {
                if (MaildirLayout.SmallText(file, 1 << 20) is { } pem && pem.Contains("PRIVATE KEY", StringComparison.Ordinal)) crypt.Add(
                    file, pem);
            }
            return crypt._keys.Count > 0 ? crypt : throw new SourceException($"{path} holds no private key of an elliptic curve, in PEM");
        }
        catch
        {
            crypt.Dispose();
            throw;
        }
    }

    private void Add(string file, string pem)
    {
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportFromPem(pem);
            if (!_keys.TryAdd(Id(key.ExportParameters(includePrivateParameters: false)), key)) key.Dispose();
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new SourceException($"{file} is no private key that can be used: {e.Message}", e);
        }
    }

    // SHA-256 of the public key as SubjectPublicKeyInfo (RFC 5480), its point compressed.
    private static string Id(ECParameters key)
    {
        var (x, y) = (key.Q.X!, key.Q.Y!);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.10045.2.1");
                writer.WriteObjectIdentifier(key.Curve.Oid.Value ?? Curves.GetValueOrDefault(key.Curve.Oid.FriendlyName
                    ?? "", "1.2.840.10045.3.1.7"));
            }
            writer.WriteBitString([(byte)(2 + (y[^1] & 1)), .. x]);
        }
        return Convert.ToHexString(SHA256.HashData(writer.Encode()));
    }

    private static readonly Dictionary<string, string> Curves = new(StringComparer.OrdinalIgnoreCase)
    {
        ["nistP256"] = "1.2.840.10045.3.1.7",
        ["nistP384"] = "1.3.132.0.34",
        ["nistP521"] = "1.3.132.0.35",
    };

    /// <summary>The octets that were encrypted.</summary>
    /// <exception cref="SourceException">None of the keys opens it, or it is damaged.</exception>
    internal byte[] Open(Stream file, string name)
    {
        if (file.Length > MostOctets) throw new SourceException($"{name} is encrypted and has more than {MostOctets} octets");
        var octets = new byte[file.Length];
        file.ReadExactly(octets);
        try
        {
            var reader = new Reader(octets, HeadLength);
            var isAead = (BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(10)) & 2) != 0;
            var body = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(14)), int.MaxValue);
            if (octets[9] != 2 || !isAead || body > octets.Length - 16) throw new SourceException(
                $"{name} is encrypted in a form that is not known");
            var cipher = reader.Der();
            _ = reader.Der();
            var rounds = (int)Math.Min(reader.Number(), int.MaxValue);
            reader.Take(4);
            if (!cipher.SequenceEqual(Aes256Gcm) || rounds is < 1 or > MostRounds) throw new SourceException(
                $"{name} is encrypted by a cipher that is not known");
            return Decrypt(octets, body, KeyOf(ref reader, rounds, name));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IndexOutOfRangeException)
        {
            throw new SourceException($"{name} is encrypted and damaged, or its key is another one", e);
        }
    }

    private static ReadOnlySpan<byte> Aes256Gcm => [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e];

    // Each holder has the file's key for itself: type, id of the holder's key, an ephemeral point, the encrypted key, its digest.
    private byte[] KeyOf(ref Reader reader, int rounds, string name)
    {
        var ids = new List<string>();
        for (var count = (int)reader.Take(1)[0]; count > 0; count--)
        {
            var type = reader.Take(1)[0];
            var id = Convert.ToHexString(reader.Take(IdLength));
            var point = reader.Counted();
            var wrapped = reader.Counted();
            _ = reader.Counted();
            ids.Add(id);
            if (type != 2 || !_keys.TryGetValue(id, out var own)) continue;
            var key = Unwrap(own, point, wrapped, rounds);
            // The digest beside it need not be looked at: the tag of the text proves the key.
            if (key.Length != 60) throw new CryptographicException("the key is not as long as keys are");
            return key;
        }
        throw new SourceException(
            $"{name} is encrypted to a key that is not here ({string.Join(", ", ids.Select(id => id[..16].ToLowerInvariant()))})");
    }

    private static byte[] Unwrap(ECDiffieHellman own, ReadOnlySpan<byte> point, ReadOnlySpan<byte> wrapped, int rounds)
    {
        var size = (point.Length - 1) / 2;
        if (point.Length < 3 || point[0] != 4) throw new CryptographicException("the point is compressed");
        using var other = ECDiffieHellman.Create(new ECParameters
        {
            Curve = own.ExportParameters(includePrivateParameters: false).Curve,
            Q = new() { X = point.Slice(1, size).ToArray(), Y = point[(1 + size)..].ToArray() },
        });
        var secret = own.DeriveRawSecretAgreement(other.PublicKey);
        var derived = Rfc2898DeriveBytes.Pbkdf2(secret, point, rounds, HashAlgorithmName.SHA256, 48);
        using var aes = Aes.Create();
        aes.Key = derived[..32];
        return aes.DecryptCbc(wrapped, derived.AsSpan(32));
    }

    // Key, nonce and what is authenticated beside; the tag is behind the text.
    private static byte[] Decrypt(byte[] octets, int body, byte[] key)
    {
        var text = octets.AsSpan(body, octets.Length - body - 16);
        var plain = new byte[text.Length];
        using var gcm = new AesGcm(key.AsSpan(0, 32), 16);
        gcm.Decrypt(key.AsSpan(32, 12), text, octets.AsSpan(octets.Length - 16), plain, key.AsSpan(44, 16));
        return plain;
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values) key.Dispose();
    }

    private ref struct Reader(ReadOnlySpan<byte> octets, int at)
    {
        private readonly ReadOnlySpan<byte> _octets = octets;
        private int _at = at;

        public ReadOnlySpan<byte> Take(int count)
        {
            if (count < 0 || count > _octets.Length - _at) throw new CryptographicException("the header is cut short");
            _at += count;
            return _octets.Slice(_at - count, count);
        }

        public uint Number() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

        public ReadOnlySpan<byte> Counted() => Take((int)Math.Min(Number(), int.MaxValue));

        public ReadOnlySpan<byte> Der() => Take(1)[0] == 6 ? Take(Take(1)[0])
            : throw new CryptographicException("there is no name of a cipher");
    }
}
