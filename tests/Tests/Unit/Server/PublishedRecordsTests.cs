using System.Security.Cryptography;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Tests.Unit.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>What we publish about TLS to us: the MTA-STS policy, its records, and TLSA records.</summary>
public static class PublishedRecordsTests
{
    private const string Serving = SettingsText.Good + "tls: { certificate: file:x.crt, key: file:x.key }\n";

    private static PublishedStsOptions Options(ServerSettings settings) =>
        new(MtaStsMapping.PublishedPolicy(settings)!, settings.HostName, settings.Reports.Address);

    private static ServerSettings Settings(string more) => SettingsText.Parse(
        Serving.Replace("\"[::]:25\" }\n", "\"[::]:25\" }\n  - { kind: https, address: \"[::]:443\" }\n", StringComparison.Ordinal) + more).Settings!;

    [Fact]
    public static void The_policy_is_made_of_the_mx_set_and_its_id_changes_exactly_with_it()
    {
        Assert.Null(MtaStsMapping.PublishedPolicy(Settings("")));
        var one = MtaStsMapping.PublishedPolicy(Settings("mta_sts: { publish: enforce }"))!;
        Assert.Equal("version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmax_age: 604800\r\n", one.Write());
        var backup = MtaStsMapping.PublishedPolicy(Settings("mta_sts: { publish: enforce, mx: [mail.example.org, MX2.example.org] }"))!;
        var ids = new[] { one, backup, one with { Mode = StsMode.Testing }, one with { MaxAge = TimeSpan.FromDays(8) } }.Select(PublishedSts.Id).ToList();
        Assert.Equal(4, ids.Distinct().Count());
        Assert.Equal(ids[0], PublishedSts.Id(MtaStsMapping.PublishedPolicy(Settings("mta_sts: { publish: enforce }"))!));
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
    public static async Task Records_say_what_is_missing_and_what_differs()
    {
        var settings = Settings("mta_sts: { publish: testing }");
        var policy = MtaStsMapping.PublishedPolicy(settings)!;
        var zone = new FakeZone().Mx("example.org", 10, "mail.example.org").A("example.org", "192.0.2.1");
        Assert.Equal(["mta-sts.example.org missing", "_mta-sts.example.org missing", "_smtp._tls.example.org missing"], await States(settings, zone));

        zone.A("mta-sts.example.org", "192.0.2.1").Txt("_mta-sts.example.org", "v=STSv1; id=old;").Txt("_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:x@example.org")
            .Mx("example.org", 20, "mx2.example.org");
        Assert.Equal(["mta-sts.example.org published no certificate", "_mta-sts.example.org differs", "_smtp._tls.example.org published", "example.org differs"], await States(settings, zone));

        zone.Remove("_mta-sts.example.org").Txt("_mta-sts.example.org", $"v=STSv1; id={PublishedSts.Id(policy)}").Remove("example.org").Mx("example.org", 10, "mail.example.org");
        using var certificate = new TlsCertificates([TestCertificates.Source("mail.example.org", "mta-sts.example.org")]);
        var rows = await PublishedSts.RecordsAsync(Options(settings), "example.org", certificate.All, zone, default);
        Assert.All(rows, r => Assert.Equal(("published", ""), (r.State, r.Advice)));

        async Task<IEnumerable<string>> States(ServerSettings settings, FakeZone zone) =>
            (await PublishedSts.RecordsAsync(Options(settings), "example.org", [], zone, default))
                .Select(r => r.Name + " " + r.State + (r.Advice.StartsWith("no certificate", StringComparison.Ordinal) ? " no certificate" : ""));
    }

    [Fact]
    public static async Task Incident_F4_a_policy_that_is_announced_and_not_served_is_urgent()
    {
        var settings = Settings("mta_sts: { publish: testing }");
        var policy = MtaStsMapping.PublishedPolicy(settings)!;
        using var certificate = new TlsCertificates([TestCertificates.Source("mail.example.org", "mta-sts.example.org")]);
        var zone = new FakeZone().Mx("example.org", 10, "mail.example.org").Txt("_mta-sts.example.org", $"v=STSv1; id={PublishedSts.Id(policy)}");
        var rows = await PublishedSts.RecordsAsync(Options(settings), "example.org", certificate.All, zone, default);
        Assert.Equal(["mta-sts.example.org"], rows.Where(r => r.Urgent).Select(r => r.Name));
        zone.Remove("_mta-sts.example.org");
        Assert.DoesNotContain(await PublishedSts.RecordsAsync(Options(settings), "example.org", certificate.All, zone, default), r => r.Urgent);
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
    }

    [Fact]
    public static async Task Tlsa_records_are_of_the_key_in_use_and_of_the_next()
    {
        using var certificate = new TlsCertificates([TestCertificates.Source("mail.example.org")]);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (now, next) = (SHA256.HashData(certificate.Default.PublicKey.ExportSubjectPublicKeyInfo()), SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
        const string name = "_25._tcp.mail.example.org";
        var zone = new FakeZone().A("mail.example.org", "192.0.2.1");
        var rows = await Rows();
        Assert.Equal([$"3 1 1 {Convert.ToHexStringLower(now)}", $"3 1 1 {Convert.ToHexStringLower(next)}"], rows.Select(r => r.Value));
        Assert.All(rows, r => Assert.Equal((name, "missing"), (r.Name, r.State)));

        // Only the old key is there: the next follows nothing until it is published.
        zone.Tlsa(name, 3, 1, 1, now).Secure(name);
        Assert.Equal(["published", "missing"], (await Rows()).Select(r => r.State));
        Assert.Contains("renewals keep the present key", (await Rows())[1].Advice, StringComparison.Ordinal);

        // Only the next: peers that check find no match now.
        zone.Remove(name).Tlsa(name, 3, 1, 1, next);
        Assert.Contains("publish it at once", (await Rows())[0].Advice, StringComparison.Ordinal);
        Assert.Equal([true, false], (await Rows()).Select(r => r.Urgent));

        zone.Tlsa(name, 3, 1, 1, now).Tlsa(name, 3, 1, 1, new byte[32]).Tlsa(name, 1, 0, 1, new byte[32]);
        Assert.Equal(["published", "published", "differs", "differs"], (await Rows()).Select(r => r.State));

        zone.Remove(name).Tlsa(name, 3, 1, 1, now).Tlsa(name, 3, 1, 1, next);
        var unsigned = new FakeZone().Tlsa(name, 3, 1, 1, now);
        Assert.Contains((await PublishedTlsa.RecordsAsync("mail.example.org", certificate.Default, null, unsigned, default)), r => r.Type == "DNSSEC" && r.State == "missing");

        async Task<IReadOnlyList<WantedRecord>> Rows() =>
            await PublishedTlsa.RecordsAsync("mail.example.org", certificate.Default, key.ExportSubjectPublicKeyInfo(), zone, default);
    }
}
