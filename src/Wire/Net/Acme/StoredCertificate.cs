using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>A certificate as it lies on the shelf, with what is known about its renewal.</summary>
internal sealed record StoredCertificate
{
    public const string Kind = "certificate";

    public required string Name { get; init; }

    public required string Chain { get; init; }

    public required string KeyPem { get; init; }

    /// <summary>The directory of the authority it is from.</summary>
    public required string Directory { get; init; }

    public required IReadOnlyList<string> Names { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>RFC 9773 §4.1: how the authority names it; empty when it cannot be named.</summary>
    public required string AriId { get; init; }

    /// <summary>The moment chosen in the authority's window; null without one.</summary>
    public DateTimeOffset? AriAt { get; init; }

    public DateTimeOffset AriStart { get; init; }

    public DateTimeOffset AriEnd { get; init; }

    /// <summary>When to ask for the window again.</summary>
    public DateTimeOffset AriAskAt { get; init; }

    /// <exception cref="CryptographicException">It cannot be read.</exception>
    /// <exception cref="ArgumentException">It is no PEM.</exception>
    public static StoredCertificate Make(string name, string chain, string keyPem, string directory)
    {
        using var leaf = X509Certificate2.CreateFromPem(chain, keyPem);
        return new()
        {
            Name = name,
            Chain = chain,
            KeyPem = keyPem,
            Directory = directory,
            Names = [.. leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()).Select(n =>
                n.ToLowerInvariant())],
            NotBefore = new(leaf.NotBefore.ToUniversalTime()),
            NotAfter = new(leaf.NotAfter.ToUniversalTime()),
            AriId = RenewalInfo.IdOf(leaf),
        };
    }

    public bool Fits(WantedCertificate wanted) => Names.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(wanted.Names);

    public byte[] Write() => AcmeJson.Octets(new()
    {
        ["chain"] = Chain,
        ["key"] = KeyPem,
        ["directory"] = Directory,
        ["ari_at"] = AriAt?.ToUnixTimeSeconds(),
        ["ari_start"] = AriStart.ToUnixTimeSeconds(),
        ["ari_end"] = AriEnd.ToUnixTimeSeconds(),
        ["ari_ask_at"] = AriAskAt.ToUnixTimeSeconds(),
    });

    /// <summary>Null when it cannot be read: then it is as if there were none.</summary>
    public static StoredCertificate? Read(string name, byte[] value)
    {
        try
        {
            if (AcmeJson.Parse(value) is not { } json || !Uri.TryCreate(AcmeJson.Text(json, "directory"), UriKind.Absolute, out _)) return null;
            var stored = Make(name, AcmeJson.Text(json, "chain"), AcmeJson.Text(json, "key"), AcmeJson.Text(json, "directory"));
            return stored with
            {
                AriAt = Time(json, "ari_at"),
                AriStart = Time(json, "ari_start") ?? default,
                AriEnd = Time(json, "ari_end") ?? default,
                AriAskAt = Time(json, "ari_ask_at") ?? default
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private static DateTimeOffset? Time(JsonObject json, string name) =>
        json[name] is JsonValue value && value.TryGetValue<long>(out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}
