using Aviso.Dns;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>What our resolver makes of the answers of a validating one.</summary>
public sealed class DnssecTests
{
    [Fact]
    public async Task Signed_names_are_authenticated_unsigned_ones_are_not_and_forged_ones_are_temporary_failures()
    {
        await using var chain = await DnssecChain.StartAsync();
        using var resolver = new Resolver(new() { Upstreams = [chain.Resolver] });
        foreach (var type in new[] { DnsType.Mx, DnsType.Txt })
        {
            var secure = await resolver.QueryAsync("secure.test", type, default);
            Assert.True(secure is { Status: DnsStatus.Ok, Authenticated: true }, $"{type} {secure}\n{chain.Output}");
            var insecure = await resolver.QueryAsync("insecure.test", type, default);
            Assert.True(insecure is { Status: DnsStatus.Ok, Authenticated: false }, $"{type} {insecure}\n{chain.Output}");
            var bogus = await resolver.QueryAsync("bogus.test", type, default);
            Assert.True(bogus is { Status: DnsStatus.ServFail, IsTemporary: true }, $"{type} {bogus}\n{chain.Output}");
        }
        var tlsa = await resolver.QueryAsync("_25._tcp.mail.secure.test", DnsType.Tlsa, default);
        Assert.True(tlsa is { Authenticated: true, Records: [TlsaRecord { Usage: 3, Selector: 1, MatchingType: 1 }] }, $"{tlsa}");
        // A denial is signed as well: that there is no TLSA record may be believed.
        var none = await resolver.QueryAsync("_587._tcp.mail.secure.test", DnsType.Tlsa, default);
        Assert.True(none is { Status: DnsStatus.NxDomain or DnsStatus.NoData, Authenticated: true }, $"{none}");

        // The same resolver at an address whose path can be forged is not believed.
        using var distant = new Resolver(new() { Upstreams = [chain.Resolver], TrustAuthenticated = false });
        Assert.False((await distant.QueryAsync("secure.test", DnsType.Mx, default)).Authenticated);
    }
}
