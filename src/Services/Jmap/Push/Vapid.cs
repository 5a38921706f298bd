using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Says to push services who sends (RFC 8292): a signed token for each origin. The key is made once and kept.</summary>
internal sealed class Vapid(ECDsa key, string contact, TimeProvider clock) : IDisposable
{
    private const string Kind = "jmap-vapid";

    // RFC 8292 §2: at most a day.
    private static readonly TimeSpan ValidFor = TimeSpan.FromHours(12);

    /// <summary>For browsers: applicationServerKey (RFC 9749 §3).</summary>
    public string PublicKey { get; } = Base64Url.EncodeToString(WebPushCipher.Point(key.ExportParameters(includePrivateParameters: false)));

    /// <param name="contact">A mailto or https URL for who runs a push service.</param>
    public static async Task<Vapid> OpenAsync(IDocumentRows rows, string contact, TimeProvider clock, CancellationToken cancel)
    {
#pragma warning disable CA2000 // it belongs to what is returned
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
#pragma warning restore CA2000
        var name = new DocumentKey(default, Kind, "");
        await rows.AddDocumentAsync(new(name, key.ExportPkcs8PrivateKey(), clock.GetUtcNow().ToUnixTimeSeconds()), cancel);
        if (await rows.GetDocumentAsync(default, Kind, "", cancel) is { } kept) key.ImportPkcs8PrivateKey(kept.Value, out _);
        return new(key, contact, clock);
    }

    /// <summary>The Authorization field for a push to this URL.</summary>
    public string Authorization(Uri url)
    {
        var claims = new System.Buffers.ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(claims))
        {
            writer.WriteStartObject();
            writer.WriteString("aud"u8, url.GetLeftPart(UriPartial.Authority));
            writer.WriteNumber("exp"u8, (clock.GetUtcNow() + ValidFor).ToUnixTimeSeconds());
            writer.WriteString("sub"u8, contact);
            writer.WriteEndObject();
        }
        var signed = $"{Base64Url.EncodeToString("{\"typ\":\"JWT\",\"alg\":\"ES256\"}"u8)}.{Base64Url.EncodeToString(claims.WrittenSpan)}";
        var signature = key.SignData(
            Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"vapid t={signed}.{Base64Url.EncodeToString(signature)}, k={PublicKey}";
    }

    public void Dispose() => key.Dispose();
}
