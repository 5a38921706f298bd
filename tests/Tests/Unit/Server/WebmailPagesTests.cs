using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Aviso.Net;
using Aviso.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>The web client as it is served.</summary>
public sealed class WebmailPagesTests
{
    private const string Script = "m/frame.0123456789.js";

    private static readonly Dictionary<string, byte[]> Small = new(StringComparer.Ordinal)
    {
        ["index.html"] = "<p>page</p>"u8.ToArray(),
        ["index.html.br"] = [1, 2, 3],
        ["index.html.gz"] = [4, 5],
        ["assets/index.abc.js"] = "go()"u8.ToArray(),
        ["assets/index.abc.js.br"] = [6],
        ["m/frame"] = "<p>frame</p>"u8.ToArray(),
        [Script] = "show()"u8.ToArray(),
        ["favicon.svg"] = "<svg/>"u8.ToArray(),
    };

    private static WebmailFiles Files(Dictionary<string, byte[]> files) => new(files.Keys, name => new MemoryStream(files[name]));

    private static Task<WebAnswer> AskAsync(
        string path, (string Name, string Value)? header = null, Dictionary<string, byte[]>? files = null,
        ListenerKind kind = ListenerKind.Https, string host = "mail.example.org")
    {
        var headers = new HeaderDictionary { ["Host"] = host };
        if (header is { } one) headers[one.Name] = one.Value;
        var table = WebScene.Table(new WebmailPages(Files(files ?? Small)).Rows, ["mail.example.org"]);
        return WebScene.AskAsync(table, kind, new HttpRequestFeature { Method = "GET", Path = path, Headers = headers }, "192.0.2.1");
    }

    [Fact]
    public async Task The_page_may_run_only_its_own_scripts_and_reach_only_this_server()
    {
        var answer = await AskAsync("/");
        Assert.Equal((200, "<p>page</p>"), (answer.Status, answer.Body));
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; font-src 'self'; frame-src 'self'; "
            + "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
            + "require-trusted-types-for 'script'; trusted-types dompurify", answer.Headers.ContentSecurityPolicy);
        Assert.Equal("same-origin", answer.Headers["Cross-Origin-Opener-Policy"]);
        Assert.Equal("same-origin", answer.Headers["Cross-Origin-Resource-Policy"]);
        Assert.Equal("nosniff", answer.Headers.XContentTypeOptions);
        Assert.Equal("no-referrer", answer.Headers["Referrer-Policy"]);
        Assert.Equal("no-cache", answer.Headers.CacheControl);
        Assert.Equal("text/html; charset=utf-8", answer.Headers.ContentType);
        Assert.Contains("camera=()", answer.Headers["Permissions-Policy"].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ListenerKind.Https, "mail.example.org", "https://mail.example.org")]
    [InlineData(ListenerKind.Https, "mail.example.org:8443", "https://mail.example.org:8443")]
    [InlineData(ListenerKind.Http, "127.0.0.1:2080", "http://127.0.0.1:2080")]
    [InlineData(ListenerKind.Http, "[::1]:2080", "http://[::1]:2080")]
    [InlineData(ListenerKind.Https, "mail.example.org:1; script-src *", "https://mail.example.org")]
    public async Task The_frame_runs_one_script_and_has_no_origin(ListenerKind kind, string host, string origin)
    {
        var answer = await AskAsync("/m/frame", kind: kind, host: host);
        Assert.Equal((200, "<p>frame</p>"), (answer.Status, answer.Body));
        Assert.Equal(
            $"sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src {origin}/{Script}; "
            + "style-src 'unsafe-inline'; img-src blob: data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
            answer.Headers.ContentSecurityPolicy);
        Assert.Equal("no-referrer", answer.Headers["Referrer-Policy"]);
        Assert.Equal("nosniff", answer.Headers.XContentTypeOptions);
    }

    [Fact]
    public async Task The_script_of_the_frame_is_open_to_a_document_without_an_origin()
    {
        var answer = await AskAsync($"/{Script}");
        Assert.Equal((200, "show()"), (answer.Status, answer.Body));
        Assert.Equal("cross-origin", answer.Headers["Cross-Origin-Resource-Policy"]);
        Assert.Equal("text/javascript; charset=utf-8", answer.Headers.ContentType);
    }

    [Theory]
    [InlineData("br, gzip", "br", 3)]
    [InlineData("gzip, deflate", "gzip", 2)]
    [InlineData("br;q=0, gzip;q=0.5", "gzip", 2)]
    [InlineData("br;q=0.0", "", 11)]
    [InlineData("", "", 11)]
    public async Task The_smallest_form_that_is_taken_is_sent(string accepted, string encoding, int length)
    {
        var answer = await AskAsync("/", ("Accept-Encoding", accepted));
        Assert.Equal(encoding, answer.Headers.ContentEncoding.ToString());
        Assert.Equal(length, answer.Headers.ContentLength);
        Assert.Equal("Accept-Encoding", answer.Headers.Vary);
    }

    [Fact]
    public async Task What_the_browser_has_is_not_sent_again()
    {
        var tag = (await AskAsync("/")).Headers.ETag.ToString();
        Assert.NotEmpty(tag);
        var answer = await AskAsync("/", ("If-None-Match", tag));
        Assert.Equal((304, ""), (answer.Status, answer.Body));
        Assert.NotEqual(tag, (await AskAsync("/", ("Accept-Encoding", "br"))).Headers.ETag.ToString());
    }

    [Fact]
    public async Task Files_named_by_their_content_are_kept_for_ever_and_nothing_else_is_there()
    {
        Assert.Equal("public, max-age=31536000, immutable", (await AskAsync("/assets/index.abc.js")).Headers.CacheControl);
        foreach (var path in new[] { "/assets/", "/assets/index.abc.js.br", "/assets/../index.html", "/assets/other.js", "/index.html", "/m/", "/m/other" })
            Assert.Equal(404, (await AskAsync(path)).Status);
    }

    [Fact]
    public async Task A_server_built_without_the_client_says_so()
    {
        var answer = await AskAsync("/", files: []);
        Assert.Equal(200, answer.Status);
        Assert.Contains("without its web client", answer.Body, StringComparison.Ordinal);
        Assert.Equal(404, (await AskAsync("/m/frame", files: [])).Status);
    }

    [Fact]
    public async Task A_browser_gets_the_page_and_all_that_it_names()
    {
        Assert.SkipUnless(WebmailFiles.Embedded.AreThere, "built without the web client: Node.js 20.19 or newer was missing");
        await using var http = await WebListener.StartAsync(
            new(ListenerKind.Http, new(IPAddress.Loopback, 0)), WebScene.Site(new WebmailPages(WebmailFiles.Embedded).Rows, []), default);
        using var handler = new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All };
        using var client = new HttpClient(handler) { BaseAddress = new($"http://{http.Bound}/") };
        var page = await client.GetStringAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(Read(WebmailFiles.Embedded, "index.html"), page);
        foreach (var name in Names(page).Append("m/frame"))
        {
            var octets = await client.GetByteArrayAsync(new Uri(name, UriKind.Relative), TestContext.Current.CancellationToken);
            using var file = WebmailFiles.Embedded.Open(name);
            Assert.Equal(file.Length, octets.Length);
        }
    }

    [Fact]
    public void What_is_embedded_is_whole()
    {
        var files = WebmailFiles.Embedded;
        Assert.SkipUnless(files.AreThere, "built without the web client: Node.js 20.19 or newer was missing");
        var page = Read(files, "index.html");
        var named = Names(page);
        Assert.Contains(named, n => n.EndsWith(".js", StringComparison.Ordinal));
        Assert.Empty(named.Where(n => !files.Has(n)));
        Assert.All(Regex.Matches(page, "<script[^>]*>([^<]*)<"), script => Assert.Equal("", script.Groups[1].Value));
        Assert.DoesNotMatch("<style| style=| on[a-z]+=", page);
        var script = Regex.Match(Read(files, "m/frame"), "<script src=\"/(m/frame[^\"]+)\"></script>").Groups[1].Value;
        Assert.True(files.Has(script));
        foreach (var name in files.Names.Where(n => n.EndsWith(".br", StringComparison.Ordinal)))
        {
            using var packed = new BrotliStream(files.Open(name), CompressionMode.Decompress);
            Assert.Equal(Read(files, name[..^3]), new StreamReader(packed, Encoding.UTF8).ReadToEnd());
        }
    }

    private static List<string> Names(string page) =>
        [.. Regex.Matches(page, """(?:src|href)="/([^"]+)""").Select(m => m.Groups[1].Value)];

    private static string Read(WebmailFiles files, string name)
    {
        using var content = new StreamReader(files.Open(name), Encoding.UTF8);
        return content.ReadToEnd();
    }
}
