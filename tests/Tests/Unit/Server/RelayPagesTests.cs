using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Net;
using Aviso.Server;
using Aviso.Tests.Unit.Delivery.Relays;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>The webhook of a relay as strangers and vendors meet it.</summary>
public sealed class RelayPagesTests : IAsyncLifetime
{
    private readonly List<Evidence> _evidence = [];
    private WatchScene _scene = null!;
    private GuardPart _guard = null!;
    private WebTable _table = null!;

    public async ValueTask InitializeAsync()
    {
        _scene = await WatchScene.StartAsync();
        _scene.Restart(new("r", RelayVendor.Brevo, "the-token", ""));
        var settings = SettingsText.Parse(SettingsText.Good).Settings!;
        var site = new Site(settings, NullLoggerFactory.Instance, _scene.Test.Clock);
        site.Put(_scene.Test.Store);
        using var book = site.Put(new AccountBook(_scene.Test.Store, _scene.Test.Clock, NullLogger.Instance));
        _guard = (GuardPart)await GuardPart.OpenAsync(site, settings, default);
        _guard.Gate.Heard += (evidence, _) => _evidence.Add(evidence);
        _table = WebScene.Table([new RelayPages(_scene.Hooks, _guard.Gate).Row], ["mail.example.org"]);
    }

    public async ValueTask DisposeAsync()
    {
        await _guard.DisposeAsync();
        await _scene.DisposeAsync();
    }

    [Theory]
    [InlineData("POST", "/relay/events/r", "the-token", "{\"event\":\"delivered\",\"email\":\"a@far.test\"}", 200)]
    [InlineData("POST", "/relay/events/r", "the-token", "no json", 400)]
    [InlineData("POST", "/relay/events/r", "wrong", "{}", 401)]
    [InlineData("POST", "/relay/events/s", "the-token", "{}", 404)]
    [InlineData("POST", "/relay/events/", "the-token", "{}", 404)]
    [InlineData("POST", "/relay/events", "the-token", "{}", 404)]
    [InlineData("GET", "/relay/events/r", "the-token", "", 405)]
    public async Task Everybody_is_answered(string method, string path, string token, string body, int status)
    {
        var answer = await AskAsync(method, path, token, Encoding.UTF8.GetBytes(body));
        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 200 ? 1 : 0, _scene.News.Count);
        Assert.Equal(status == 401 ? 1 : 0, _evidence.Count(e => e.What == Reason.LoginFailed));
    }

    [Fact]
    public async Task What_is_too_long_is_not_read_to_its_end()
    {
        Assert.Equal(413, (await AskAsync("POST", "/relay/events/r", "the-token", new byte[(512 << 10) + 1])).Status);
        Assert.Empty(_scene.News);
    }

    private Task<WebAnswer> AskAsync(string method, string path, string token, byte[] body) =>
        WebScene.AskAsync(_table, ListenerKind.Https, new HttpRequestFeature
        {
            Method = method,
            Path = path,
            QueryString = "",
            Body = new MemoryStream(body),
            Headers = { Authorization = "Bearer " + token, Host = "mail.example.org" },
        }, "203.0.113.9");
}
