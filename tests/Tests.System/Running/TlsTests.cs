using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>Certificates of a running server.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task A_renewed_certificate_is_shown_to_new_connections_and_open_ones_stay()
    {
        var files = _authority.Issue("mail", "old.example.test");
        await using var server =
            await AvisoServer.StartAsync(tls: $$"""{ certificate: "file:{{files.Certificate}}", key: "file:{{files.Key}}" }""");
        using var open = await TlsClient.ConnectAsync(server.Port("imaps"), "old.example.test");
        Assert.Equal("CN=old.example.test", open.Subject);
        _authority.Issue("mail", "new.example.test");
        await Patience.UntilAsync(async () =>
        {
            using var fresh = await TlsClient.ConnectAsync(server.Port("imaps"), "new.example.test");
            return fresh.Subject == "CN=new.example.test";
        }, "the new certificate is shown", 20, () => server.Log);
        Assert.Contains("OK", await open.AskAsync("a NOOP"), StringComparison.Ordinal);
        Assert.Contains("OK", await open.AskAsync($"b LOGIN alice@example.test \"{AvisoServer.Password}\""), StringComparison.Ordinal);
        Assert.Empty(server.Troubles);
    }

    [Fact]
    public async Task A_certificate_that_does_not_fit_its_key_changes_nothing()
    {
        var files = _authority.Issue("mail", "old.example.test");
        await using var server =
            await AvisoServer.StartAsync(tls: $$"""{ certificate: "file:{{files.Certificate}}", key: "file:{{files.Key}}" }""");
        var other = _authority.Issue("other", "other.example.test");
        File.Copy(other.Certificate, files.Certificate, overwrite: true);
        await Patience.UntilAsync(() => server.Troubles.Count > 0, "the log says that the old certificate stays", 20, () => server.Log);
        using var fresh = await TlsClient.ConnectAsync(server.Port("imaps"), "old.example.test");
        Assert.Equal("CN=old.example.test", fresh.Subject);
    }

    [Fact]
    public async Task The_name_a_client_asks_for_chooses_the_certificate()
    {
        var one = _authority.Issue("one", "mail.example.test");
        var two = _authority.Issue("two", "mail.example.com", "*.example.net");
        await using var server = await AvisoServer.StartAsync(tls: $$"""
            { certificate: "file:{{one.Certificate}}", key: "file:{{one.Key}}", additional: [ { certificate: "file:{{two.Certificate}}", key: "file:{{two.Key}}" } ] }
            """.Trim());
        foreach (var (name, subject) in new[]
        {
            ("mail.example.test", "mail.example.test"), ("mail.example.com", "mail.example.com"), ("MAIL.example.com", "mail.example.com"),
            ("imap.example.net", "mail.example.com"), ("unknown.test", "mail.example.test"), ("", "mail.example.test"),
        })
        {
            using var client = await TlsClient.ConnectAsync(server.Port("imaps"), name);
            Assert.Equal("CN=" + subject, client.Subject);
        }
    }
}
