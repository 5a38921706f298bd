using System.Net;
using System.Security.Cryptography.Pkcs;
using System.Text;
using System.Xml.Linq;
using Aviso.Net;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>What mail programs are told when they look for the settings of an address.</summary>
public sealed class AutoconfigTests
{
    private static readonly IPAddress Any = IPAddress.IPv6Any;

    private static readonly MailDoors Doors = MailDoors.Of("mail.example.org",
    [
        (ListenerKind.Smtp, new(Any, 25)), (ListenerKind.Submission, new(Any, 587)), (ListenerKind.Submissions, new(Any, 465)),
        (ListenerKind.Imap, new(IPAddress.Loopback, 143)), (ListenerKind.Imaps, new(Any, 993)), (ListenerKind.ManageSieve, new(Any, 4190)),
    ]);

    private static readonly MailDomains Domains = new(domain => domain.Equals("example.org", StringComparison.OrdinalIgnoreCase));

    [Fact]
    public void TLS_from_the_first_octet_comes_first_and_what_nobody_can_reach_is_not_told()
    {
        Assert.Equal([new(MailDoorKind.Imap, 993, true), new(MailDoorKind.Submission, 465, true),
            new(MailDoorKind.Submission, 587, false)], Doors.All);
        Assert.Equal(new(MailDoorKind.Imap, 2143, false),
            Assert.Single(MailDoors.Of("localhost", [(ListenerKind.Imap, new(IPAddress.Loopback, 2143))]).All));
    }

    [Theory]
    [InlineData("autoconfig.example.org", "/mail/config-v1.1.xml", "", 200)]
    [InlineData("autoconfig.example.org", "/mail/config-v1.1.xml", "?emailaddress=alice%40example.org", 200)]
    [InlineData("example.org", "/.well-known/autoconfig/mail/config-v1.1.xml", "", 200)]
    [InlineData("EXAMPLE.org", "/.well-known/autoconfig/mail/config-v1.1.xml", "?emailaddress=Alice@Example.Org", 200)]
    [InlineData("mail.example.org", "/mail/config-v1.1.xml", "?emailaddress=alice@example.org", 200)]
    [InlineData("mail.example.org", "/mail/config-v1.1.xml", "", 404)]
    [InlineData("mail.example.org", "/mail/config-v1.1.xml", "?emailaddress=alice@elsewhere.example", 404)]
    [InlineData("mail.example.org", "/mail/config-v1.1.xml", "?emailaddress=example.org", 404)]
    [InlineData("autoconfig.elsewhere.example", "/mail/config-v1.1.xml", "", 421)]
    [InlineData("elsewhere.example", "/.well-known/autoconfig/mail/config-v1.1.xml", "?emailaddress=alice@example.org", 421)]
    public async Task Thunderbird_is_told_under_each_name_it_tries(string host, string path, string query, int status)
    {
        foreach (var (kind, client) in new[] { (ListenerKind.Https, "203.0.113.9"), (ListenerKind.Http, "203.0.113.9") })
        {
            var answer = await AskAsync("GET", host, path, query, kind: kind, client: client);
            Assert.Equal(status, answer.Status);
            if (status != 200) continue;
            var provider = XDocument.Parse(answer.Body).Root!.Element("emailProvider")!;
            Assert.Equal(("1.1", "example.org", "example.org"),
                (provider.Parent!.Attribute("version")!.Value, provider.Attribute("id")!.Value, provider.Element("domain")!.Value));
            Assert.Equal(["imap mail.example.org 993 SSL password-cleartext %EMAILADDRESS%"], provider.Elements("incomingServer")
                .Select(Words));
            Assert.Equal(["smtp mail.example.org 465 SSL password-cleartext %EMAILADDRESS%",
                "smtp mail.example.org 587 STARTTLS password-cleartext %EMAILADDRESS%"],
                provider.Elements("outgoingServer").Select(Words));
        }
    }

    [Theory]
    [InlineData("/autodiscover/autodiscover.xml")]
    [InlineData("/Autodiscover/Autodiscover.xml")]
    public async Task Outlook_is_told_how_to_reach_mail(string path)
    {
        var answer = await AskAsync("POST", "autodiscover.example.org", path, body: Request("alice@example.org"));
        XNamespace outlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
        var account = XDocument.Parse(answer.Body).Root!.Element(outlook + "Response")!.Element(outlook + "Account")!;
        Assert.Equal(("email", "settings"), (account.Element(outlook + "AccountType")!.Value, account.Element(outlook + "Action")!.Value));
        Assert.Equal(["IMAP mail.example.org 993 alice@example.org on SSL", "SMTP mail.example.org 465 alice@example.org on SSL"],
            account.Elements(outlook + "Protocol")
            .Select(p => string.Join(' ',
                new[] { "Type", "Server", "Port", "LoginName", "SSL", "Encryption" }.Select(name => p.Element(outlook + name)!.Value))));
    }

    public static TheoryData<string, string> Nonsense => new()
    {
        { "nothing", "" },
        { "no XML", "hello" },
        { "broken off", "<Autodiscover><Request><EMailAddress>alice@example.org" },
        { "no address", "<Autodiscover><Request/></Autodiscover>" },
        { "an address that is none", Request("example.org") },
        { "elsewhere", Request("alice@elsewhere.example") },
        { "an entity", "<!DOCTYPE x [<!ENTITY e \"alice\">]><x><EMailAddress>&e;@example.org</EMailAddress></x>" },
        { "nested", "<a><EMailAddress><b>alice@example.org</b></EMailAddress></a>" },
        { "endless", Request(new string('x', 40_000) + "@example.org") },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task A_question_that_cannot_be_answered_is_error_600(string what, string body)
    {
        var answer = await AskAsync("POST", "mail.example.org", "/autodiscover/autodiscover.xml", body: body);
        Assert.Equal(200, answer.Status);
        XNamespace schema = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
        var error = XDocument.Parse(answer.Body).Root!.Element(schema + "Response")!.Element(schema + "Error")!;
        Assert.True(error.Element(schema + "ErrorCode")!.Value == "600", what);
    }

    [Fact]
    public async Task A_device_of_Apple_gets_a_profile_signed_by_the_certificate_that_TLS_shows()
    {
        var page = new AppleProfilePage(Doors, Domains, TestCertificates.Shared);
        var table = Table([page.Row]);
        await using var https = await WebListener.StartAsync(new(ListenerKind.Https, new(IPAddress.Loopback, 0)),
            new(table, new(null, TimeProvider.System), TimeProvider.System) { Certificates = TestCertificates.Shared }, default);
        using var client = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{https.Bound}/profile.mobileconfig?email=alice@example.org");
        request.Headers.Host = "mail.example.org";
        using var answer = await client.SendAsync(request);
        Assert.Equal("application/x-apple-aspen-config", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
        var signed = new SignedCms();
        signed.Decode(await answer.Content.ReadAsByteArrayAsync());
        signed.CheckSignature(verifySignatureOnly: true);
        Assert.Equal(TestCertificates.Shared.For("mail.example.org").Thumbprint, signed.SignerInfos[0].Certificate!.Thumbprint);
        var profile = Encoding.UTF8.GetString(signed.ContentInfo.Content);
        var mail = XDocument.Parse(profile).Root!.Element("dict")!.Element("array")!.Element("dict")!;
        Assert.Equal("com.apple.mail.managed", Value(mail, "PayloadType"));
        Assert.Equal(("EmailTypeIMAP", "alice@example.org"), (Value(mail, "EmailAccountType"), Value(mail, "EmailAddress")));
        Assert.Equal(("mail.example.org", "993", ""),
            (Value(mail, "IncomingMailServerHostName"), Value(mail, "IncomingMailServerPortNumber"),
                Value(mail, "IncomingMailServerUseSSL")));
        Assert.Equal(("mail.example.org", "465"), (Value(mail, "OutgoingMailServerHostName"), Value(mail, "OutgoingMailServerPortNumber")));
        // A new one takes the place of the old.
        Assert.Equal(profile, Encoding.UTF8.GetString(AppleProfile.Write(Doors, Doors.All[0], Doors.All[1], "alice@example.org")));
        Assert.NotEqual(profile, Encoding.UTF8.GetString(AppleProfile.Write(Doors, Doors.All[0], Doors.All[1], "bob@example.org")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?email=alice@elsewhere.example")]
    [InlineData("?email=%0aalice@example.org")]
    [InlineData("?other=alice@example.org")]
    public async Task Without_an_address_of_ours_there_is_no_profile(string query) =>
        Assert.Equal(404, (await AskAsync("GET", "mail.example.org", "/profile.mobileconfig", query)).Status);

    [Fact]
    public void What_an_address_says_stays_text_in_the_profile()
    {
        var profile = AppleProfile.Write(Doors, Doors.All[0], Doors.All[1], "</string><key>x</key>\"&@example.org");
        Assert.Contains("</string><key>x</key>\"&@example.org", XDocument.Parse(Encoding.UTF8.GetString(profile)).Root!.Value,
            StringComparison.Ordinal);
    }

    private static string Words(XElement server) =>
        string.Join(' ', server.Elements().Select(e => e.Value).Prepend(server.Attribute("type")!.Value));

    private static string Value(XElement dict, string key) =>
        ((XElement)dict.Elements("key").Single(k => k.Value == key).NextNode!).Value;

    private static string Request(string address) => $"""
        <?xml version="1.0" encoding="utf-8"?>
        <Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>
        <EMailAddress>{address}</EMailAddress>
        <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
        </Request></Autodiscover>
        """;

    private static WebTable Table(IEnumerable<WebRow> rows) =>
        new([.. rows], new(["mail.example.org"], _ => false) { IsMailDomain = host => Domains.Of(host) is not null },
            WebScene.Strangers(Networks.None));

    private static Task<WebAnswer> AskAsync(
        string method, string host, string path, string query = "", string body = "", ListenerKind kind = ListenerKind.Https,
            string client = "203.0.113.9")
    {
        var table = Table([.. new AutoconfigPages(Doors, Domains).Rows, .. new AutodiscoverPages(Doors, Domains, new TestClock()).Rows,
            new AppleProfilePage(Doors, Domains, null).Row]);
        var request = new HttpRequestFeature
        {
            Method = method,
            Path = path,
            QueryString = query,
            RawTarget = path + query,
            Headers = { Host = host },
            Body = new MemoryStream(Encoding.UTF8.GetBytes(body)),
        };
        return WebScene.AskAsync(table, kind, request, client);
    }
}
