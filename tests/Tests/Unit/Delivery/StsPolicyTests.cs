using System.Text;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Tests.Fuzz;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>RFC 8461: the policy's text, finding, keeping and fetching it.</summary>
public sealed class StsPolicyTests : IAsyncDisposable
{
    private readonly TlsScene _scene = new();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Theory]
    [InlineData("version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n",
        "Enforce mail.example.com,*.example.net 604800")]
    [InlineData("version: STSv1\r\nmode: testing\r\nmx: MAIL.example.com.\r\nmax_age:604800", "Testing mail.example.com 604800")]
    [InlineData("version: STSv1  \r\nmode: none\r\nmax_age: 86400\r\n\r\n", "None  86400")]
    [InlineData("mode: enforce\nversion: STSv1\nextra-key: any \u00fc value\nmx: a.b\nmode: none\nmax_age: 4000000000\nmax_age: 1\n",
        "Enforce a.b 31557600")]
    [InlineData("mode: enforce\nmx: a.b\nmax_age: 1\n", "no `version: STSv1`")]
    [InlineData("version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 1\n", "no `version: STSv1`")]
    [InlineData("version: STSv1\nmode: Enforce\nmx: a.b\nmax_age: 1\n", "an unknown mode `Enforce`")]
    [InlineData("version: STSv1\nmx: a.b\nmax_age: 1\n", "no mode")]
    [InlineData("version: STSv1\nmode: enforce\nmax_age: 1\n", "no mx")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.b\n", "no max_age")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1\n", "max_age is no number: `-1`")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.*.b\nmax_age: 1\n", "mx is no host name: `a.*.b`")]
    [InlineData("version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n", "mx is no host name: `*`")]
    [InlineData("<html>\n", "a line that is no `key: value`")]
    public static void Policies_are_read(string text, string expected)
    {
        var policy = StsPolicy.Parse(Encoding.UTF8.GetBytes(text), out var problem);
        Assert.Equal(expected, policy is null ? problem : $"{policy.Mode} {string.Join(',', policy.Mx)} {policy.MaxAge.TotalSeconds}");
    }

    [Theory]
    [InlineData("mail.example.com", "mail.example.com", true)]
    [InlineData("mail.example.com", "MAIL.Example.com.", true)]
    [InlineData("mail.example.com", "a.mail.example.com", false)]
    [InlineData("*.example.com", "mail.example.com", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("*.example.com", "a.b.example.com", false)]
    [InlineData("*.example.com", ".example.com", false)]
    public static void A_wildcard_is_one_label(string pattern, string host, bool covers) =>
        Assert.Equal(covers, new StsPolicy(StsMode.Enforce, [pattern], TimeSpan.FromDays(1)).Covers(host));

    [Theory]
    [InlineData("v=STSv1; id=20160831085700Z;", "20160831085700Z")]
    [InlineData("v=STSv1 ; id = abc ;extra=x", "abc")]
    [InlineData("v=STSv1; extra=x; id=abc", "abc")]
    [InlineData("v=STSv1", null)]
    [InlineData("v=STSv1; id=", null)]
    [InlineData("v=STSv1; id=a-b", null)]
    [InlineData("v=STSv1; id=123456789012345678901234567890123", null)]
    [InlineData("v=STSv10; id=abc", null)]
    [InlineData("v=spf1 -all", null)]
    public static async Task Records_are_read(string text, string? id) =>
        Assert.Equal(id, StsPolicy.Id(await new FakeZone().Txt("x.test", text).QueryAsync("x.test", DnsType.Txt, default)));

    [Fact]
    public static async Task Two_records_are_none_and_other_texts_do_not_count()
    {
        Assert.Null(StsPolicy.Id(await new FakeZone().Txt("x.test", "v=STSv1; id=a;").Txt("x.test", "v=STSv1; id=b;").QueryAsync(
            "x.test", DnsType.Txt, default)));
        Assert.Equal("a", StsPolicy.Id(
            await new FakeZone().Txt("x.test", "v=STSv1; id=a;").Txt("x.test", "v=spf1 -all").QueryAsync("x.test", DnsType.Txt, default)));
    }

    [Fact]
    public static void What_is_read_is_written_and_read_again()
    {
        byte[][] seeds = [.. new[] { "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n", "version:STSv1\r\nmode:none\r\nmax_age:0\r\n" }.Select(Encoding.ASCII.GetBytes)];
        Mutator.Run(seeds, 5_000, octets =>
        {
            if (StsPolicy.Parse(octets, out var problem) is not { } policy)
            {
                Assert.NotEmpty(problem);
                return;
            }
            var again = StsPolicy.Parse(Encoding.ASCII.GetBytes(policy.Write()), out _);
            Assert.Equal(
                (policy.Mode, policy.MaxAge, string.Join(',', policy.Mx)), (again!.Mode, again.MaxAge, string.Join(',', again.Mx)));
        });
    }

    [Fact]
    public async Task A_policy_is_fetched_once_for_each_id()
    {
        _scene.Publish("enforce");
        for (var i = 0; i < 3; i++) Assert.Equal(StsMode.Enforce, (await FindAsync()).Policy!.Mode);
        Assert.Equal(["GET /.well-known/mta-sts.txt HTTP/1.1"], _scene.Web.Requests);
        Assert.Equal("mta-sts.far.test", _scene.Web.ServerName);
        _scene.Publish("testing", id: "2");
        Assert.Equal(StsMode.Testing, (await FindAsync()).Policy!.Mode);
        Assert.Equal(2, _scene.Web.Requests.Count);
    }

    [Theory]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.far.test/other\r\nContent-Length: 0\r\n\r\n", "sts-policy-fetch-error",
        "answers 301")]
    [InlineData("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "sts-policy-fetch-error", "answers 404")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", "sts-policy-fetch-error", "text/html")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc", "sts-policy-invalid", "cannot be read")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc", "sts-policy-fetch-error", "")]
    [InlineData("long", "sts-policy-invalid", "more than 64 KiB")]
    [InlineData("endless header", "sts-policy-fetch-error", "")]
    [InlineData("nothing", "sts-policy-fetch-error", "")]
    [InlineData("other name", "sts-webpki-invalid", "the certificate of mta-sts.far.test does not hold")]
    [InlineData("expired", "sts-webpki-invalid", "does not hold")]
    [InlineData("nobody's", "sts-webpki-invalid", "does not hold")]
    [InlineData("no host", "sts-policy-fetch-error", "no address")]
    [InlineData("private", "sts-policy-fetch-error", "is not dialled")]
    public async Task A_fetch_that_fails_says_why_and_is_not_tried_again_at_once(string reply, string result, string problem)
    {
        _scene.Publish("enforce");
        _scene.Web.Reply = reply switch
        {
            "long" => $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{new string('a', 70_000)}",
            "endless header" => $"HTTP/1.1 200 OK\r\nX: {new string('a', 70_000)}\r\n\r\n",
            "nothing" => null,
            _ => reply.StartsWith("HTTP", StringComparison.Ordinal) ? reply : _scene.Web.Reply,
        };
        _scene.Web.Certificate = reply switch
        {
            "other name" => SceneCertificates.Good("www.far.test"),
            "expired" => SceneCertificates.Expired("mta-sts.far.test"),
            "nobody's" => SceneCertificates.OfNobody("mta-sts.far.test"),
            _ => _scene.Web.Certificate,
        };
        if (reply is "no host" or "private") _scene.Zone.Remove("mta-sts.far.test");
        if (reply == "private") _scene.Zone.A("mta-sts.far.test", "10.0.0.1");
        var answer = await FindAsync();
        Assert.Null(answer.Policy);
        Assert.Equal(result, answer.Result);
        Assert.Contains(problem, answer.Problem, StringComparison.Ordinal);
        var asked = _scene.Web.Requests.Count;
        Assert.Equal(answer, await FindAsync());
        Assert.Equal(asked, _scene.Web.Requests.Count);
        // Such a domain gets its mail as one without a policy, and hears of it.
        _scene.Server.Extensions.Remove("STARTTLS");
        await _scene.SendAsync();
        Assert.Single(_scene.Server.Mails);
        Assert.Equal(["no-policy-found 0 1 starttls-not-supported", $"sts 0 1 {result}"], _scene.Counted());
    }

    [Fact]
    public async Task A_failed_fetch_is_tried_again_after_a_while()
    {
        _scene.Publish("enforce");
        var good = _scene.Web.Reply;
        _scene.Web.Reply = null;
        Assert.Null((await FindAsync()).Policy);
        _scene.Web.Reply = good;
        Assert.Null((await FindAsync()).Policy);
        _scene.Clock.Now += StsPolicies.LeftAlone;
        Assert.NotNull((await FindAsync()).Policy);
    }

    [Theory]
    [InlineData("fetch")]
    [InlineData("record gone")]
    [InlineData("record fails")]
    [InlineData("restart")]
    public async Task A_known_policy_holds_whatever_fails_until_its_end(string what)
    {
        _scene.Publish("enforce", age: 86400);
        Assert.NotNull((await FindAsync()).Policy);
        if (what == "restart")
        {
            await _scene.Sts.DisposeAsync();
            _scene.Sts = _scene.MakeSts();
        }
        _scene.Web.Reply = null;
        _scene.Zone.Remove("_mta-sts.far.test");
        if (what == "fetch") _scene.Zone.Txt("_mta-sts.far.test", "v=STSv1; id=2;");
        if (what == "record fails") _scene.Zone.Fail("_mta-sts.far.test", DnsStatus.ServFail);
        Assert.Equal(StsMode.Enforce, (await FindAsync()).Policy!.Mode);
        _scene.Clock.Now += TimeSpan.FromSeconds(86399);
        Assert.Equal(StsMode.Enforce, (await FindAsync()).Policy!.Mode);
        _scene.Clock.Now += TimeSpan.FromSeconds(1);
        Assert.Null((await FindAsync()).Policy);
    }

    [Fact]
    public async Task A_policy_in_use_is_fetched_anew_before_it_ends_and_a_failure_keeps_the_old()
    {
        _scene.Publish("enforce", age: 172800);
        await FindAsync();
        _scene.Clock.Now += TimeSpan.FromHours(23);
        await _scene.Sts.RefreshAsync(default);
        Assert.Single(_scene.Web.Requests);
        _scene.Clock.Now += TimeSpan.FromHours(1);
        await _scene.Sts.RefreshAsync(default);
        Assert.Equal(2, _scene.Web.Requests.Count);
        // The second fetch began a new life of two days.
        _scene.Clock.Now += TimeSpan.FromHours(25);
        _scene.Web.Reply = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
        await _scene.Sts.RefreshAsync(default);
        Assert.Equal(3, _scene.Web.Requests.Count);
        Assert.Equal(StsMode.Enforce, (await FindAsync()).Policy!.Mode);
    }

    [Fact]
    public async Task After_a_restart_policies_are_fetched_anew_as_before()
    {
        _scene.Publish("enforce");
        await FindAsync();
        await _scene.Sts.DisposeAsync();
        _scene.Sts = _scene.MakeSts();
        _scene.Clock.Now += TimeSpan.FromDays(2);
        await _scene.Sts.RefreshAsync(default);
        Assert.Equal(2, _scene.Web.Requests.Count);
    }

    [Fact]
    public async Task Many_who_wait_share_one_fetch()
    {
        _scene.Publish("enforce");
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => FindAsync()));
        Assert.All(all, a => Assert.NotNull(a.Policy));
        Assert.Single(_scene.Web.Requests);
    }

    private Task<StsAnswer> FindAsync() => _scene.Sts.FindAsync("far.test", TestContext.Current.CancellationToken);
}
