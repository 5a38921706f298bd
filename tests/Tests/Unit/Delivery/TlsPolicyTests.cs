using Aviso.Dns;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Mail to a domain with a policy: what is sent, what waits and why, and what is counted for the TLS report.</summary>
public sealed class TlsPolicyTests : IAsyncDisposable
{
    private readonly TlsScene _scene = new();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    public static TheoryData<string, string> NoPolicy => new()
    {
        { "good", "no-policy-found 1 0" },
        { "no-starttls", "no-policy-found 0 1 starttls-not-supported" },
        { "refuses", "no-policy-found 0 1 starttls-not-supported" },
        { "breaks", "no-policy-found 0 1 validation-failure" },
        { "expired", "no-policy-found 1 0" },
        { "nobody's", "no-policy-found 1 0" },
    };

    [Theory]
    [MemberData(nameof(NoPolicy))]
    public async Task Without_a_policy_mail_is_sent_in_any_case_and_the_session_is_counted(string server, string counted)
    {
        Arrange(server);
        await _scene.SendAsync();
        var mail = Assert.Single(_scene.Server.Mails);
        Assert.Equal(server is "good" or "expired" or "nobody's", mail.Tls);
        Assert.Equal([counted], _scene.Counted());
    }

    [Theory]
    [InlineData("good", "", "sts 1 0")]
    [InlineData("wildcard", "", "sts 1 0")]
    [InlineData("no-starttls", "(MTA-STS): the host does not offer STARTTLS", "sts 0 1 starttls-not-supported")]
    [InlineData("refuses", "(MTA-STS): the host refuses STARTTLS", "sts 0 1 starttls-not-supported")]
    [InlineData("breaks", "(MTA-STS): ", "sts 0 1 validation-failure")]
    [InlineData("expired", "holds only from", "sts 0 1 certificate-expired")]
    [InlineData("nobody's", "does not trust", "sts 0 1 certificate-not-trusted")]
    [InlineData("other name", "the certificate is not for mx.far.test", "sts 0 1 certificate-host-mismatch")]
    [InlineData("other mx", "none of the mail hosts that the MTA-STS policy of far.test names (mx2.far.test)",
        "sts 0 1 validation-failure")]
    [InlineData("two labels", "none of the mail hosts", "sts 0 1 validation-failure")]
    public async Task Under_enforce_mail_goes_only_to_named_hosts_with_a_good_certificate(string server, string waits, string counted)
    {
        _scene.Publish("enforce", server switch { "wildcard" => "*.far.test", "other mx" => "mx2.far.test", "two labels" => "*.test", _ => "mx.far.test" });
        Arrange(server);
        await _scene.SendAsync();
        Assert.Contains(waits, _scene.Waits, StringComparison.Ordinal);
        Assert.Equal(waits.Length == 0, _scene.Queue.Rows.Count == 0);
        if (waits.Length > 0) Assert.StartsWith("451 4.7.5 mx.far.test", _scene.Waits, StringComparison.Ordinal);
        Assert.Equal(waits.Length == 0 ? 1 : 0, _scene.Server.Mails.Count);
        Assert.Equal([counted], _scene.Counted());
        if (server == "good") Assert.Equal("mx.far.test", _scene.Server.ServerName);
    }

    [Theory]
    [InlineData("good", "sts 1 0")]
    [InlineData("no-starttls", "sts 0 1 starttls-not-supported")]
    [InlineData("breaks", "sts 0 1 validation-failure")]
    [InlineData("expired", "sts 0 1 certificate-expired")]
    [InlineData("other name", "sts 0 1 certificate-host-mismatch")]
    [InlineData("other mx", "sts 0 1 validation-failure")]
    public async Task Under_testing_faults_are_only_counted(string server, string counted)
    {
        _scene.Publish("testing", server == "other mx" ? "mx2.far.test" : "mx.far.test");
        Arrange(server);
        await _scene.SendAsync();
        Assert.Single(_scene.Server.Mails);
        Assert.Equal([counted], _scene.Counted());
    }

    [Fact]
    public async Task Mode_none_is_no_policy()
    {
        _scene.Publish("none", "mx2.far.test");
        Arrange("no-starttls");
        await _scene.SendAsync();
        Assert.Single(_scene.Server.Mails);
        Assert.Equal(["no-policy-found 0 1 starttls-not-supported"], _scene.Counted());
    }

    [Theory]
    [InlineData("matching", true, "tlsa 1 0")]
    [InlineData("other key", false, "tlsa 0 1 tlsa-invalid")]
    [InlineData("no-starttls", false, "tlsa 0 1 starttls-not-supported")]
    [InlineData("servfail", false, "tlsa 0 1 dnssec-invalid")]
    public async Task Dane_comes_before_a_policy_that_would_say_otherwise(string server, bool sent, string counted)
    {
        // The policy names another host: only DANE may count. And its certificate is from nobody: DANE does not mind.
        _scene.Publish("enforce", "mx2.far.test");
        _scene.Server.Show = SceneCertificates.OfNobody("other.test");
        _scene.PublishTlsa(server != "other key");
        if (server == "servfail") _scene.Zone.Fail("_25._tcp.mx.far.test", DnsStatus.ServFail);
        if (server == "no-starttls") _scene.Server.Extensions.Remove("STARTTLS");
        await _scene.SendAsync();
        Assert.Equal(sent ? 1 : 0, _scene.Server.Mails.Count);
        if (!sent) Assert.StartsWith("451 4.7.5", _scene.Waits, StringComparison.Ordinal);
        Assert.Equal([counted], _scene.Counted());
    }

    [Fact]
    public async Task Unusable_tlsa_records_demand_tls_and_leave_the_certificate_to_the_policy()
    {
        _scene.Zone.Tlsa("_25._tcp.mx.far.test", 1, 1, 1, new byte[32]).Secure("far.test").Secure("mx.far.test")
            .Secure("_25._tcp.mx.far.test");
        Arrange("nobody's");
        await _scene.SendAsync();
        Assert.Single(_scene.Server.Mails);
        _scene.Publish("enforce");
        await _scene.SendAsync();
        Assert.Single(_scene.Server.Mails);
        Assert.Contains("(MTA-STS)", _scene.Waits, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_of_the_day_holds_the_policy_its_hosts_and_both_addresses()
    {
        _scene.Publish("enforce");
        Arrange("expired");
        await _scene.SendAsync();
        _scene.Clock.Now += TimeSpan.FromDays(1);
        var policy = Assert.Single(Assert.Single(_scene.Tally.Over()).Policies);
        Assert.Equal(["version: STSv1", "mode: enforce", "mx: mx.far.test", "max_age: 604800"], policy.Lines);
        Assert.Equal(["mx.far.test"], policy.MxHosts);
        var failure = Assert.Single(policy.Failures);
        Assert.Equal(
            ("127.0.0.1", "203.0.113.1", "mx.far.test", 1L), (failure.SendingIp, failure.ReceivingIp, failure.MxHost, failure.Count));
    }

    [Fact]
    public async Task Nothing_below_tls_1_2_counts_as_tls()
    {
#pragma warning disable SYSLIB0039 // That is what is tried.
        _scene.Server.Protocols = System.Security.Authentication.SslProtocols.Tls11;
#pragma warning restore SYSLIB0039
        await _scene.SendAsync();
        Assert.False(Assert.Single(_scene.Server.Mails).Tls);
    }

    [Theory]
    [InlineData("sts", "")]
    [InlineData("dane", "")]
    [InlineData("dnssec", "")]
    [InlineData("nothing", "neither DNSSEC nor MTA-STS vouches for the mail hosts of far.test")]
    [InlineData("testing", "neither DNSSEC nor MTA-STS vouches")]
    [InlineData("no REQUIRETLS", "the host does not offer REQUIRETLS")]
    [InlineData("no-starttls", "(REQUIRETLS): the host does not offer STARTTLS")]
    [InlineData("expired", "(REQUIRETLS): the certificate, or one it hangs on")]
    public async Task Requiretls_goes_only_where_host_certificate_and_promise_hold_and_else_comes_back(string way, string reason)
    {
        if (way is "sts" or "no REQUIRETLS" or "no-starttls" or "expired") _scene.Publish("enforce");
        if (way == "testing") _scene.Publish("testing");
        if (way == "dane") _scene.PublishTlsa();
        if (way == "dnssec") _scene.Zone.Secure("far.test").Secure("mx.far.test");
        if (way != "no REQUIRETLS") _scene.Server.Extensions.Add("REQUIRETLS");
        Arrange(way);
        await _scene.SendAsync(QueueNeeds.RequireTls);
        Assert.DoesNotContain(_scene.Queue.Rows, r => r.Address == "b@far.test");
        if (reason.Length == 0)
        {
            Assert.True(Assert.Single(_scene.Server.Mails).Tls);
            Assert.Contains(_scene.Server.Commands, c =>
                c.StartsWith("MAIL", StringComparison.Ordinal) && c.EndsWith(" REQUIRETLS", StringComparison.Ordinal));
            return;
        }
        Assert.Empty(_scene.Server.Mails);
        var notice = Assert.Single(_scene.Queue.Notices);
        Assert.Contains("5.7.30", notice.Text, StringComparison.Ordinal);
        Assert.Contains(reason, notice.Text.Replace("\r\n ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unreachable")]
    [InlineData("handshake")]
    [InlineData("not now")]
    [InlineData("policy")]
    [InlineData("record")]
    public async Task What_may_be_better_later_does_not_send_requiretls_mail_back(string what)
    {
        _scene.Publish("enforce");
        _scene.Server.BreakHandshake = what == "handshake";
        _scene.Server.Answer = line => (what, line) switch
        {
            ("unreachable", "GREETING") => "CLOSE",
            ("not now", "STARTTLS") => "454 4.7.0 not now",
            _ => null,
        };
        if (what == "policy") _scene.Web.Reply = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
        if (what == "record") _scene.Zone.Fail("_mta-sts.far.test", DnsStatus.ServFail);
        await _scene.SendAsync(QueueNeeds.RequireTls);
        Assert.StartsWith("451", _scene.Waits, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_notice_about_requiretls_mail_requires_tls_too_and_holds_no_content()
    {
        _scene.Queue.Add("far.test", body: "Subject: secret plan\r\n\r\nthe content\r\n", needs: QueueNeeds.RequireTls, ret: DsnReturn.Full,
            to: "b@far.test");
        await _scene.DeliverAsync();
        Assert.DoesNotContain("the content", Assert.Single(_scene.Queue.Notices).Text, StringComparison.Ordinal);
        var item = Assert.Single(await _scene.Queue.ListQueueAsync(new(null, null, null, null), 10, default), i =>
            i.Message.Sender.Length == 0);
        Assert.True(item.Message.Needs.HasFlag(QueueNeeds.RequireTls));
    }

    [Theory]
    [InlineData("sts")]
    [InlineData("dane")]
    public async Task Mail_that_says_tls_is_not_required_goes_whatever_the_domain_says(string way)
    {
        if (way == "sts") _scene.Publish("enforce", "mx2.far.test");
        else _scene.PublishTlsa(false);
        _scene.Server.Extensions.Remove("STARTTLS");
        await _scene.SendAsync(QueueNeeds.TlsOptional);
        Assert.False(Assert.Single(_scene.Server.Mails).Tls);
        Assert.Empty(_scene.Counted());
    }

    [Fact]
    public async Task Sessions_of_different_wishes_are_not_shared()
    {
        _scene.Publish("enforce");
        _scene.Server.Extensions.Add("REQUIRETLS");
        foreach (var needs in new[] { QueueNeeds.None, QueueNeeds.RequireTls, QueueNeeds.TlsOptional, QueueNeeds.None }) _scene.Queue.Add("far.test", needs: needs, to: "b@far.test");
        await _scene.DeliverAsync();
        Assert.Equal(4, _scene.Server.Mails.Count);
        Assert.Equal(1, _scene.Server.Commands.Count(c => c.EndsWith(" REQUIRETLS", StringComparison.Ordinal)));
        Assert.True(_scene.Server.Connections >= 3);
    }

    private void Arrange(string server)
    {
        switch (server)
        {
            case "no-starttls": _scene.Server.Extensions.Remove("STARTTLS"); break;
            case "refuses": _scene.Server.Answer = line => line == "STARTTLS" ? "454 4.7.0 not now" : null; break;
            case "breaks": _scene.Server.BreakHandshake = true; break;
            case "expired": _scene.Server.Show = SceneCertificates.Expired("mx.far.test"); break;
            case "nobody's": _scene.Server.Show = SceneCertificates.OfNobody("mx.far.test"); break;
            case "other name": _scene.Server.Show = SceneCertificates.Good("mx.other.test"); break;
        }
    }
}
