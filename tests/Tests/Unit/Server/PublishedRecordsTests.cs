using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>What we publish about TLS to us: the MTA-STS policy.</summary>
public static class PublishedRecordsTests
{
    private const string Serving = SettingsText.Good + "tls: { certificate: file:x.crt, key: file:x.key }\n";

    private static ServerSettings Settings(string more) => SettingsText.Parse(
        Serving.Replace("\"[::]:25\" }\n", "\"[::]:25\" }\n  - { kind: https, address: \"[::]:443\" }\n", StringComparison.Ordinal) + more).Settings!;

    [Fact]
    public static void The_policy_is_made_of_the_mx_set_and_its_id_changes_exactly_with_it()
    {
        Assert.Null(MtaStsMapping.PublishedPolicy(Settings("")));
        var one = MtaStsMapping.PublishedPolicy(Settings("mta_sts: { publish: enforce }"))!;
        Assert.Equal("version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmax_age: 604800\r\n", one.Write());
        var backup = MtaStsMapping.PublishedPolicy(Settings("mta_sts: { publish: enforce, mx: [mail.example.org, MX2.example.org] }"))!;
        var ids = new[] { one, backup, one with { Mode = StsMode.Testing }, one with { MaxAge = TimeSpan.FromDays(8) } }.Select(DnsPlan.StsId).ToList();
        Assert.Equal(4, ids.Distinct().Count());
        Assert.Equal(ids[0], DnsPlan.StsId(MtaStsMapping.PublishedPolicy(Settings("mta_sts: { publish: enforce }"))!));
        Assert.All(ids, id => Assert.True(id.Length <= 32 && id.All(char.IsAsciiLetterOrDigit)));
    }

    [Theory]
    [InlineData(ListenerKind.Https, "mta-sts.example.org", "/.well-known/mta-sts.txt", 200)]
    [InlineData(ListenerKind.Https, "MTA-STS.example.org:443", "/.well-known/mta-sts.txt", 200)]
    [InlineData(ListenerKind.Https, "mta-sts.example.org", "/", 404)]
    [InlineData(ListenerKind.Https, "mta-sts.example.org", "/healthz/ready", 404)]
    [InlineData(ListenerKind.Https, "mta-sts.elsewhere.example", "/.well-known/mta-sts.txt", 421)]
    [InlineData(ListenerKind.Https, "mail.example.org", "/.well-known/mta-sts.txt", 404)]
    [InlineData(ListenerKind.Http, "mta-sts.example.org", "/.well-known/mta-sts.txt", 308)]
    public static async Task The_policy_is_served_under_its_own_host_over_tls(ListenerKind kind, string host, string path, int status)
    {
        using var registry = new MetricsRegistry("None.");
        var policy = MtaStsMapping.PublishedPolicy(Settings("mta_sts: { publish: testing }"));
        var sts = new StsPages(() => policy, d => d == "example.org");
        var table = WebScene.Table([.. WebScene.Own(registry), sts.Row], ["mail.example.org"], sts.Knows, WebScene.Strangers(Networks.None));
        var request = new HttpRequestFeature { Method = "GET", Path = path, RawTarget = path, Headers = { Host = host } };
        var response = await WebScene.AskAsync(table, kind, request, "203.0.113.9");
        Assert.Equal(status, response.Status);
        if (status != 200) return;
        Assert.StartsWith("text/plain", response.Headers.ContentType.ToString(), StringComparison.Ordinal);
        Assert.Equal(policy!.Write(), response.Body);
    }

    [Fact]
    public static void Acme_gets_a_certificate_of_its_own_for_each_policy_host()
    {
        static IEnumerable<string> Wanted(string more) => AcmeChecks.Wanted(SettingsText.Parse(SettingsText.Good.Replace(
            "\"[::]:25\" }\n", "\"[::]:25\" }\n  - { kind: https, address: \"[::]:443\" }\n", StringComparison.Ordinal) + more).Settings!).Select(w => string.Join(',', w.Names));
        Assert.Equal(["mail.example.org"], Wanted("tls: { acme: { contact: alice@example.org } }\n"));
        Assert.Equal(["mail.example.org", "mta-sts.example.org"], Wanted("tls: { acme: { contact: alice@example.org } }\nmta_sts: { publish: testing }\n"));
        Assert.Equal(["mail.example.org,mta-sts.example.org"], Wanted("tls: { acme: { names: [mail.example.org, mta-sts.example.org] } }\nmta_sts: { publish: none }\n"));
        Assert.Equal(["mail.example.org,*.example.org"],
            Wanted("tls: { acme: { challenge: dns-01, dns: { provider: cloudflare, token: literal:x }, names: [mail.example.org, \"*.example.org\"] } }\nmta_sts: { publish: testing }\n"));
        // U-labels were asked for as they stand, and did not count as the same name.
        Assert.Equal(["mail.example.org,mta-sts.example.org,xn--bcher-kva.example,*.xn--bcher-kva.example"],
            Wanted("tls: { acme: { challenge: dns-01, dns: { provider: cloudflare, token: literal:x }, "
                + "names: [mail.example.org, mta-sts.example.org, B\u00fccher.example, \"*.b\u00fccher.example\"] } }\n"
                + "mta_sts: { publish: testing }\n"));
    }
}
