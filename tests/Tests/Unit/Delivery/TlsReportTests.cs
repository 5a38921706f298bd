using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>From the sessions of a day to the report that leaves after it (RFC 8460 §5).</summary>
public sealed class TlsReportTests
{
    [Fact]
    public async Task The_sessions_of_a_day_are_reported_once_to_who_asked()
    {
        await using var scene = new TlsScene();
        await using var store = await TestStore.OpenAsync();
        scene.Publish("enforce");
        await scene.SendAsync();
        await scene.SendAsync();
        scene.Server.Show = SceneCertificates.Expired("mx.far.test");
        await scene.SendAsync();
        // A restart in between loses nothing.
        await scene.Tally.SaveAsync(default);
        var tally = new TlsTally(scene.Store, scene.Clock);
        await tally.LoadAsync(default);

        scene.Zone.Txt("_smtp._tls.far.test", "v=TLSRPTv1; rua=mailto:tls@far.test,https://far.test/reports");
        var sender = new ReportSender(new("mail.home.test", "postmaster@home.test", true), new(store.Store, scene.Clock), tally,
            store.Store, new(), new Router([]), scene.Zone,
            new IdSource(scene.Clock), scene.Clock, NullLogger.Instance);
        await sender.OnceAsync(default);
        Assert.Empty(await store.Store.ListQueueAsync(new(), 10, default));
        scene.Clock.Now += TimeSpan.FromDays(1);
        await sender.OnceAsync(default);
        await sender.OnceAsync(default);

        var item = Assert.Single(await store.Store.ListQueueAsync(new(Recipient: "tls@far.test"), 10, default));
        using var body = (await store.Store.OpenQueueBodyAsync(item.Message.Id, default))!;
        var text = TestStore.Read(body);
        Assert.Contains("TLS-Report-Domain: far.test\r\nTLS-Report-Submitter: mail.home.test\r\n", text, StringComparison.Ordinal);
        var octets = Encoding.UTF8.GetBytes(text);
        var report = FoundReport.Find(Unit.Mime.MimeScannerTests.Scan(octets), Unit.Mime.ComposerTests.Reader(octets),
            new(WorkLimits.Report, TimeProvider.System))?.Tls;
        var policy = Assert.Single(report!.Policies);
        Assert.Equal(("sts", "far.test", 2L, 1L), (policy.Type, policy.Domain, policy.Successful, policy.Failed));
        Assert.Equal(("certificate-expired", 1L), (Assert.Single(policy.Failures).Result, policy.Failures[0].Count));
    }
}
