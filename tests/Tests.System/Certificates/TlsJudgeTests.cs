using System.Text.Json.Nodes;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Certificates;

/// <summary>What testssl.sh says of an implicit TLS port and of one with STARTTLS; `./dev check-tls` asks about the others.</summary>
public sealed class TlsJudgeTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("imaps", "")]
    [InlineData("submission", "smtp")]
    public async Task Testssl_finds_nothing_of_medium_weight_or_above(string kind, string startTls)
    {
        var program = Tool.Find("testssl", "testssl.sh");
        var files = _authority.Issue("mail", "mail.example.test");
        await using var server =
            await AvisoServer.StartAsync("", kind, tls: $$"""{ certificate: "file:{{files.Certificate}}", key: "file:{{files.Key}}" }""");
        var report = Path.Combine(server.Folder, "report.json");
        var judged = await Tool.RunAsync(
            program, ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", "127.0.0.1", "--add-ca", _authority.CaFile,
            .. startTls.Length > 0 ? new[] { "-t", startTls } : [], "--jsonfile", report, $"mail.example.test:{server.Port(kind)}"], folder: server.Folder, seconds: 600);
        Assert.True(File.Exists(report), judged.Output + judged.Error);
        var findings = JsonNode.Parse(await File.ReadAllTextAsync(report))!.AsArray()
            .Select(f => (Severity: $"{f!["severity"]}", Text: $"{f["id"]}: {f["finding"]}")).ToList();
        Assert.Contains(findings, f => f.Text.StartsWith("TLS1_3: offered", StringComparison.Ordinal));
        Assert.Contains(findings, f => f.Text.StartsWith("cert_chain_of_trust: passed", StringComparison.Ordinal));
        Assert.Empty(findings.Where(f => f.Severity is "MEDIUM" or "HIGH" or "CRITICAL" or "FATAL"));
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task Sessions_resume(string version)
    {
        var openssl = Tool.Find("openssl", "openssl");
        await using var server = await AvisoServer.StartAsync("", "imaps");
        var session = Path.Combine(server.Folder, "session.pem");
        // LOGOUT, so that the ticket that follows a TLS 1.3 handshake has been read before the end.
        await Tool.RunAsync(openssl, ["s_client", "-quiet", version, "-connect", $"127.0.0.1:{server.Port("imaps")}", "-sess_out", session],
            "a LOGOUT\r\n");
        var again = await Tool.RunAsync(openssl,
            ["s_client", "-ign_eof", version, "-connect", $"127.0.0.1:{server.Port("imaps")}", "-sess_in", session], "a LOGOUT\r\n");
        Assert.Contains("Reused, TLSv1", again.Output, StringComparison.Ordinal);
    }
}
