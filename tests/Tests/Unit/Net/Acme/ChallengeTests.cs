using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Net.Acme;

public sealed class ChallengeTests
{
    [Fact]
    public async Task An_answer_over_http_is_there_until_it_is_withdrawn()
    {
        var challenges = new HttpChallenges();
        IChallengeAnswer answer = challenges;
        await answer.PublishAsync("example.org", "abc", "abc.def", default);
        Assert.Equal("abc.def", challenges.Answer("/.well-known/acme-challenge/abc"));
        Assert.Null(challenges.Answer("/.well-known/acme-challenge/"));
        Assert.Null(challenges.Answer("/abc"));
        await answer.WithdrawAsync("example.org", "abc", "abc.def", default);
        Assert.Null(challenges.Answer("/.well-known/acme-challenge/abc"));
    }

    [Fact]
    public async Task Only_who_offers_acme_alone_gets_the_challenge_certificate()
    {
        using var certificates = new TlsCertificates([TestCertificates.Source("mail.example.test")]) { Challenges = new() };
        IChallengeAnswer answer = certificates.Challenges;
        await answer.PublishAsync("mail.example.test", "t", "t.thumb", default);

        var (server, shown, protocol) = await TalkAsync(certificates, "mail.example.test", ["acme-tls/1"]);
        Assert.False(server);
        Assert.Equal("acme-tls/1", protocol);
        var extension = shown!.Extensions.First(e => e.Oid!.Value == "1.3.6.1.5.5.7.1.31");
        Assert.True(extension.Critical);
        Assert.Equal([4, 32, .. SHA256.HashData("t.thumb"u8)], extension.RawData);
        Assert.Equal(["mail.example.test"], TlsCertificates.NamesOf(shown));

        foreach (var offered in new string[][] { [], ["http/1.1"], ["http/1.1", "acme-tls/1"] })
        {
            (server, shown, _) = await TalkAsync(certificates, "mail.example.test", offered);
            Assert.True(server);
            Assert.Equal("CN=mail.example.test", shown!.Subject);
        }
        (server, shown, _) = await TalkAsync(certificates, "other.example.test", ["acme-tls/1"]);
        Assert.False(server);
        Assert.Null(shown);
        await answer.WithdrawAsync("mail.example.test", "t", "t.thumb", default);
        Assert.False(certificates.Challenges.IsPending);
    }

    [Fact]
    public void Half_a_hello_waits_and_nonsense_is_no_challenge()
    {
        Assert.Null(ClientHello.OffersAcme([]));
        Assert.Null(ClientHello.OffersAcme([22, 3, 1]));
        Assert.Null(ClientHello.OffersAcme([22, 3, 1, 0, 10, 1]));
        Assert.False(ClientHello.OffersAcme("EHLO x\r\n"u8));
        Assert.False(ClientHello.OffersAcme([22, 3, 1, 255, 255]));
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var octets = new byte[random.Next(80)];
            random.NextBytes(octets);
            byte[] record = [22, 3, 1, 0, (byte)octets.Length, .. octets];
            if (record.Length > 5) record[5] = 1;
            _ = ClientHello.OffersAcme(record);
        }
    }

    [Fact]
    public async Task Cloudflare_gets_one_more_record_and_loses_only_that()
    {
        var cloud = new FakeCloudflare("example.org");
        cloud.Put("TXT", "_acme-challenge.mail.example.org", "\"another server's\"");
        using var publisher = new CloudflarePublisher(new("secret", handler: cloud));
        Assert.Null(await publisher.AddTextAsync("_acme-challenge.mail.example.org", "one", default));
        Assert.Null(await publisher.AddTextAsync("_acme-challenge.mail.example.org", "two", default));
        Assert.Equal(3, cloud.Records.Count);
        Assert.Null(await publisher.RemoveTextAsync("_acme-challenge.mail.example.org", "one", default));
        // After a restart the record is found by its content.
        using var again = new CloudflarePublisher(new("secret", handler: cloud));
        Assert.Null(await again.AddTextAsync("_acme-challenge.mail.example.org", "two", default));
        Assert.Null(await again.RemoveTextAsync("_acme-challenge.mail.example.org", "two", default));
        Assert.Single(cloud.Records);
        Assert.Equal("another server's", cloud.Texts("_acme-challenge.mail.example.org"));
        Assert.Contains(
            "sees no zone that holds", await publisher.AddTextAsync("_acme-challenge.example.net", "x", default), StringComparison.Ordinal);
        using var wrong = new CloudflarePublisher(new("wrong", handler: cloud));
        Assert.Contains(
            "lacks Zone / DNS / Edit", await wrong.AddTextAsync("_acme-challenge.example.org", "x", default), StringComparison.Ordinal);
    }

    private static async Task<(bool Server, X509Certificate2? Shown, string Protocol)> TalkAsync(
        TlsCertificates certificates, string name, string[] offered)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var accepted = await listener.AcceptTcpClientAsync();
        var stream = accepted.GetStream();
        var accepting = certificates.AcceptAsync(
            ListenerKind.Https, PipeReader.Create(stream), PipeWriter.Create(stream), TimeProvider.System, default);
        await using var ssl = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        try
        {
            var asking = ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = name,
                ApplicationProtocols = [.. offered.Select(p => new SslApplicationProtocol(p))],
            });
            await using var server = await accepting;
            if (server is null) accepted.Client.Shutdown(SocketShutdown.Both);
            await asking;
            return (server is not null, new(ssl.RemoteCertificate!), ssl.NegotiatedApplicationProtocol.ToString());
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return (false, null, "");
        }
    }
}
