using Aviso.Settings;

namespace Aviso.Tests.Unit.Server;

/// <summary>Settings for tests: a good file to change, and references that need no machine.</summary>
internal static class SettingsText
{
    public const string Good = """
        hostname: mail.example.org
        postmaster: alice@example.org
        listeners:
          - { kind: smtp, address: "[::]:25" }
        domains:
          - { name: example.org }
        accounts:
          - { address: alice@example.org, password: env:ALICE_PASSWORD }

        """;

    private static readonly Lazy<(string Certificate, string Key)> Pair = new(() =>
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=mail.example.org", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    });

    public static References References { get; } = new(
        [new EnvironmentReferences(Environment), new Files(), new VaultReferences()]);

    public static SettingsLoad Parse(string text) => SettingsFile.Parse(text, "test.yaml", "/etc/aviso", References);

    private static string? Environment(string name) => name switch
    {
        "UNSET" => null,
        "NUMBER" => "587\n",
        "TRUE" => "true\n",
        _ => "secret-of-" + name,
    };

    private sealed class Files : IReferenceResolver
    {
        public string Scheme => "file";

        public Reference Resolve(string body, string folder) => Path.GetExtension(body) switch
        {
            ".crt" => new(Pair.Value.Certificate, null, body),
            ".key" => new(Pair.Value.Key, null, body),
            ".json" => new("""{"carol@example.org": "pass", "dan@example.org": "{BLF-CRYPT}$2y$05$x"}""", null, body),
            ".none" => new(null, $"there is no file {body}", body),
            _ when body.EndsWith("virtual", StringComparison.Ordinal) => new("# nobody yet\n", null, body),
            _ => new("text\n", null, body),
        };
    }
}
