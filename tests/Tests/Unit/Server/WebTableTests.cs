using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Delivery;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Tests.Unit.Store;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>The table of what is answered over HTTP.</summary>
public sealed class WebTableTests : IDisposable
{
    private static readonly ListenerKind[] Kinds = [ListenerKind.Http, ListenerKind.Https, ListenerKind.Metrics];

    private readonly MetricsRegistry _registry = new("None.");

    public void Dispose() => _registry.Dispose();

    private async Task<WebTable> WholeAsync(TestStore store)
    {
        var sts = new StsPages(() => new StsPolicy(StsMode.Testing, ["mail.example.org"], TimeSpan.FromDays(7)), d => d == "example.org");
        var book = await DecisionBook.OpenAsync(store.Store, store.Clock, NullLogger.Instance, default);
        var gate = new Gatekeeper(new(GuardOwner.Builtin, Networks.None), book, store.Clock, NullLogger.Instance);
        var lapi = new LapiPages(gate, () => [new Secret("0123456789abcdef", null)], store.Clock, NullLogger.Instance);
        var rspamd = new RspamdPages(null!, null!, () => Networks.None, () => Networks.None, _ => null, store.Clock);
        return WebScene.Table(
            [.. WebScene.Own(_registry), sts.Row, .. lapi.Rows, .. rspamd.Rows, ChallengePages.Row(new())], ["mail.example.org"], sts.Knows);
    }

    private static string HostFor(WebRow row) => row.Host switch
    {
        HostRule.Sts => "mta-sts.example.org",
        HostRule.Any => "anything.example",
        _ => "mail.example.org",
    };

    [Fact]
    public async Task Every_row_is_reached_on_each_of_its_kinds_and_on_no_other()
    {
        await using var store = await TestStore.OpenAsync();
        var table = await WholeAsync(store);
        foreach (var row in table.Rows)
        {
            var path = row.IsAt(row.Path + "x") ? row.Path + "x" : row.Path;
            foreach (var kind in Kinds)
            {
                var found = table.Find(kind, HostFor(row), path);
                if (row.Answers(kind)) Assert.Same(row, found);
                else Assert.NotSame(row, found);
            }
        }
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/metrics/")]
    [InlineData("/healthz")]
    [InlineData("/v1/decisions/other")]
    [InlineData("/../metrics")]
    [InlineData("/.well-known/mta-sts.txt")]
    [InlineData("*")]
    public async Task A_path_without_a_row_is_404_on_every_kind_whatever_the_method(string path)
    {
        await using var store = await TestStore.OpenAsync();
        var table = await WholeAsync(store);
        foreach (var kind in Kinds)
        {
            foreach (var method in new[] { "GET", "POST", "DELETE" })
            {
                var request = new HttpRequestFeature { Method = method, Path = path, RawTarget = path, Headers = { Host = "mail.example.org" } };
                Assert.Equal(404, (await WebScene.AskAsync(table, kind, request, "203.0.113.9")).Status);
            }
        }
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("evil.example:9166", 421)]
    [InlineData("mail.example.org", 200)]
    [InlineData("mail.example.org:9166", 200)]
    [InlineData("localhost:9166", 200)]
    [InlineData("127.0.0.1:9166", 200)]
    [InlineData("[::1]:9166", 200)]
    [InlineData("10.0.0.5:9166", 200)]
    [InlineData("[2001:db8::5]:9166", 200)]
    [InlineData("aviso:9166", 200)]
    [InlineData("", 200)]
    public async Task Metrics_answer_no_name_that_a_stranger_may_point_here(string host, int status)
    {
        var table = WebScene.Table(WebScene.Own(_registry), ["mail.example.org"]);
        foreach (var path in new[] { "/metrics", "/healthz/ready", "/" })
        {
            var request = new HttpRequestFeature { Method = "GET", Path = path, RawTarget = path };
            if (host.Length > 0) request.Headers.Host = host;
            Assert.Equal(status, (await WebScene.AskAsync(table, ListenerKind.Metrics, request, "127.0.0.1")).Status);
        }
    }

    [Fact]
    public async Task A_method_that_a_row_does_not_take_is_405_with_those_it_takes()
    {
        var table = WebScene.Table(WebScene.Own(_registry), ["mail.example.org"]);
        var request = new HttpRequestFeature { Method = "POST", Path = "/metrics", Headers = { Host = "mail.example.org" } };
        var answer = await WebScene.AskAsync(table, ListenerKind.Metrics, request, "127.0.0.1");
        Assert.Equal((405, "GET, HEAD"), (answer.Status, answer.Headers.Allow.ToString()));
        request.Method = "HEAD";
        answer = await WebScene.AskAsync(table, ListenerKind.Metrics, request, "127.0.0.1");
        Assert.Equal((200, ""), (answer.Status, answer.Body));
        Assert.True(answer.Headers.ContentLength > 0);
    }

    [Fact]
    public async Task A_handler_streams_and_each_piece_goes_out_before_it_ends()
    {
        var goOn = new TaskCompletionSource();
        var events = new WebRow(WebKinds.Http, HostRule.Ours, WebRow.Read, "/events", async (exchange, cancel) =>
        {
            var writer = await exchange.StreamAsync(200, "text/event-stream");
            await writer.WriteAsync("data: one\n\n"u8.ToArray(), cancel);
            await goOn.Task.WaitAsync(cancel);
            await writer.WriteAsync("data: two\n\n"u8.ToArray(), cancel);
        });
        await using var http = await WebListener.StartAsync(
            new(ListenerKind.Http, new(IPAddress.Loopback, 0)), WebScene.Site([events], ["mail.example.org"]), default);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(http.Bound);
        await tcp.GetStream().WriteAsync("GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(tcp.GetStream(), Encoding.ASCII);
        var deadline = TimeSpan.FromSeconds(20);
        string? line;
        var head = new List<string>();
        while ((line = await reader.ReadLineAsync().WaitAsync(deadline)) != "data: one") head.Add(line!);
        Assert.StartsWith("HTTP/1.1 200", head[0], StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/event-stream", head);
        goOn.SetResult();
        Assert.Contains("data: two", await reader.ReadToEndAsync().WaitAsync(deadline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_body_that_a_row_takes_is_a_property_of_the_row()
    {
        async Task Count(WebExchange exchange, CancellationToken cancel)
        {
            var all = new MemoryStream();
            try
            {
                await exchange.Request.Body.CopyToAsync(all, cancel);
            }
            catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
            {
                await exchange.AnswerAsync(e.StatusCode, WebExchange.Plain, "");
                return;
            }
            await exchange.AnswerAsync(200, WebExchange.Plain, $"{all.Length}");
        }

        WebRow[] rows =
        [
            new(WebKinds.Http, HostRule.Ours, ["POST"], "/small", Count),
            new(WebKinds.Http, HostRule.Ours, ["POST"], "/large", Count) { MostOctets = 1 << 20 },
        ];
        await using var http = await WebListener.StartAsync(new(ListenerKind.Http, new(IPAddress.Loopback, 0)), WebScene.Site(rows, []), default);
        using var client = new HttpClient();
        foreach (var (path, status) in new[] { ("small", HttpStatusCode.RequestEntityTooLarge), ("large", HttpStatusCode.OK) })
            Assert.Equal(status, (await client.PostAsync($"http://{http.Bound}/{path}", new ByteArrayContent(new byte[200 << 10]))).StatusCode);
    }
}
