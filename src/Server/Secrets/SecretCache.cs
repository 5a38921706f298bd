using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.Settings;

namespace Aviso.Secrets;

/// <summary>
/// The last values, kept in DATA/secrets.cache (0600) for a start while Vault is away. The file is
/// "AVSC", version 1, salt (32 octets), nonce (12), tag (16), then AES-256-GCM of the JSON; everything before the tag is authenticated
/// too. The key is HKDF-SHA-256 of the setting `vault.cache_key` (UTF-8) with the salt and the text below: that is why the setting must be
/// long and random. Salt and nonce are new at each write.
/// </summary>
internal sealed class SecretCache(string folder, Secret key)
{
    public const string FileName = "secrets.cache";
    private const int SaltLength = 32, NonceLength = 12, TagLength = 16, MaxLength = 64 << 20;
    private static readonly byte[] Purpose = "aviso secrets cache v1"u8.ToArray();

    private static readonly byte[] Magic = [(byte)'A', (byte)'V', (byte)'S', (byte)'C', 1];

    private readonly string _path = Path.Combine(folder, FileName);

    /// <summary>What is kept of this Vault; empty with a reason when nothing can be used.</summary>
    /// <param name="vault">Address and namespace: values of another Vault are not used.</param>
    public (IReadOnlyList<HeldSecret> Secrets, string? Problem) Read(string vault)
    {
        try
        {
            if (new FileInfo(_path) is not { Exists: true } file) return ([], "nothing is kept of an earlier start");
            if (file.Length is < 65 or > MaxLength) return ([], $"{_path} is damaged");
            var kept = JsonSerializer.Deserialize(Open(File.ReadAllBytes(_path)), SecretsJson.Default.KeptSecrets);
            if (kept?.Secrets is null) return ([], $"{_path} is damaged");
            return kept.Vault == vault ? ([.. kept.Secrets.Select(Held)], null) : ([], $"{_path} is of another Vault ({kept.Vault})");
        }
        catch (CryptographicException)
        {
            return ([], $"{_path} was written with another `vault.cache_key`, or is damaged");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return ([], $"{_path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Whole or not at all, also when the power goes.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Write(string vault, IEnumerable<HeldSecret> secrets)
    {
        var kept = new KeptSecrets(vault, [.. secrets.Select(s => new KeptSecret(s.Path, s.Version, s.ReadAt.ToUnixTimeSeconds(),
            s.Fields.ToDictionary(f => f.Key, f => new KeptField(f.Value.Text, f.Value.IsMap))))]);
        var octets = Seal(JsonSerializer.SerializeToUtf8Bytes(kept, SecretsJson.Default.KeptSecrets));
        var fresh = _path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(fresh, options))
        {
            stream.Write(octets);
            stream.Flush(flushToDisk: true);
        }
        // After a loss of power either name may be there; both files are whole.
        File.Move(fresh, _path, overwrite: true);
    }

    private byte[] Seal(byte[] plain)
    {
        var head = new ArrayBufferWriter<byte>();
        head.Write(Magic);
        head.Write(RandomNumberGenerator.GetBytes(SaltLength));
        head.Write(RandomNumberGenerator.GetBytes(NonceLength));
        var (sealedText, tag) = (new byte[plain.Length], new byte[TagLength]);
        var salt = head.WrittenSpan.Slice(Magic.Length, SaltLength);
        using (var aes = new AesGcm(Key(salt), TagLength))
            aes.Encrypt(head.WrittenSpan[^NonceLength..], plain, sealedText, tag, head.WrittenSpan);
        CryptographicOperations.ZeroMemory(plain);
        return [.. head.WrittenSpan, .. tag, .. sealedText];
    }

    private byte[] Open(byte[] file)
    {
        var head = file.AsSpan(0, Magic.Length + SaltLength + NonceLength);
        if (!head.StartsWith(Magic)) throw new CryptographicException("of another kind");
        var body = file.AsSpan(head.Length);
        var plain = new byte[body.Length - TagLength];
        using var aes = new AesGcm(Key(head.Slice(Magic.Length, SaltLength)), TagLength);
        aes.Decrypt(head[^NonceLength..], body[TagLength..], body[..TagLength], plain, head);
        return plain;
    }

    private byte[] Key(ReadOnlySpan<byte> salt)
    {
        var made = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(key.Reveal()), made, salt, Purpose);
        return made;
    }

    private static HeldSecret Held(KeptSecret kept) =>
        new(kept.Path, kept.Fields.ToDictionary(f => f.Key, f => new SecretField(f.Value.Text, f.Value.IsMap), StringComparer.Ordinal),
        kept.Version, DateTimeOffset.FromUnixTimeSeconds(kept.ReadAt), FromCache: true);
}

/// <summary>What the file holds; times are Unix seconds UTC.</summary>
internal sealed record KeptSecrets(string Vault, IReadOnlyList<KeptSecret> Secrets);

internal sealed record KeptSecret(string Path, long? Version, long ReadAt, IReadOnlyDictionary<string, KeptField> Fields);

internal sealed record KeptField(string Text, bool IsMap);

[JsonSerializable(typeof(KeptSecrets))]
internal sealed partial class SecretsJson : JsonSerializerContext;
