using Aviso.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>Who may ask and teach the spam filter over HTTP.</summary>
public sealed class RspamdPagesTests
{
    [Theory]
    [InlineData("127.0.0.1", "", "", 200)]
    [InlineData("::ffff:10.0.0.9", "", "", 200)]
    [InlineData("203.0.113.9", "", "", 403)]
    [InlineData("10.0.20.5", "", "", 403)]
    [InlineData("127.0.0.1", "", "127.0.0.0/8", 403)]
    [InlineData("::ffff:127.0.0.1", "", "127.0.0.1", 403)]
    [InlineData("127.0.0.1", "X-Forwarded-For", "", 403)]
    [InlineData("127.0.0.1", "x-real-ip", "", 403)]
    [InlineData("10.0.0.9", "Forwarded", "", 403)]
    [InlineData("10.0.0.9", "Via", "", 403)]
    [InlineData("10.0.0.9", "Origin", "", 403)]
    public async Task The_filter_answers_us_and_nobody_through_a_proxy(string peer, string header, string proxies, int status)
    {
        var ours = Networks.Parse(proxies.Length > 0 ? proxies : "10.0.20.0/24");
        var pages = new RspamdPages(null!, null!, () => Networks.Parse("10.0.0.0/8"), () => ours, _ => null, TimeProvider.System);
        var table = WebScene.Table(pages.Rows, []);
        foreach (var path in new[] { "/ping", "/learnspam", "/checkv2" })
        {
            var request = new HttpRequestFeature { Method = "GET", Path = path };
            if (header.Length > 0) request.Headers[header] = "203.0.113.9";
            var given = await WebScene.AskAsync(table, ListenerKind.Http, request, peer);
            Assert.Equal(status == 200 && path != "/ping" ? 405 : status, given.Status);
            if (given.Status == 405) Assert.Equal("POST", given.Headers.Allow);
            if (status == 403) Assert.Contains("\"error\":", given.Body, StringComparison.Ordinal);
        }
    }
}
