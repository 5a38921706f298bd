using Aviso.Delivery;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Doctor;
using Aviso.Tests.Unit.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Keys that signed on another server.</summary>
public sealed class TakenKeyTests
{
    [Fact]
    public async Task Another_key_under_the_same_selector_is_not_called_taken()
    {
        var clock = new ManualClock();
        using var keys = new SigningKeys(
            new FakeDocuments(clock), new MemoryDns(), new(Path.GetTempPath(), 1_000_000), clock, NullLogger.Instance);
        await keys.ApplyAsync([("example.org", [])], default);
        using var one = DkimKey.Generate("example.org", "mail", DkimAlgorithm.Ed25519Sha256);
        using var other = DkimKey.Generate("example.org", "mail", DkimAlgorithm.RsaSha256, 1024);
        Assert.Null(await keys.TakeAsync("example.org", "mail", one.ExportPem(), default));
        Assert.Null(await keys.TakeAsync("example.org", "Mail", one.ExportPem(), default));
        Assert.Equal("example.org has another key under the selector mail here, which stays; this one was not taken",
            await keys.TakeAsync("example.org", "mail", other.ExportPem(), default));
        Assert.Equal(one.DnsRecord(), Assert.Single(keys.Records(), record => record.Selector == "mail").Text);
        Assert.NotNull(await keys.TakeAsync("example.org", "mail", "no key", default));
    }
}
