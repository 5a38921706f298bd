using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Store;
using Aviso.Tests.Unit.Smtp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>A certificate authority of one test run, and what it signs.</summary>
internal static class SceneCertificates
{
    private static readonly ECDsa RootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static X509Certificate2 Root { get; } = MakeRoot();

    public static X509Certificate2 Good(string name) => Leaf(name, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));

    public static X509Certificate2 Expired(string name) =>
        Leaf(name, DateTimeOffset.UtcNow.AddDays(-20), DateTimeOffset.UtcNow.AddDays(-10));

    public static X509Certificate2 OfNobody(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = Request(name, key).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return Usable(made);
    }

    private static X509Certificate2 Leaf(string name, DateTimeOffset from, DateTimeOffset to)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = Request(name, key).Create(Root, from, to, RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
        return Usable(made);
    }

    private static CertificateRequest Request(string name, ECDsa key)
    {
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return request;
    }

    private static X509Certificate2 MakeRoot()
    {
        var request = new CertificateRequest("CN=Scene authority", RootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-100), DateTimeOffset.UtcNow.AddDays(100));
    }

    private static X509Certificate2 Usable(X509Certificate2 made) =>
        X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
}

/// <summary>An HTTPS server on loopback that answers every request with the octets it was given.</summary>
internal sealed class FakePolicyHost : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public FakePolicyHost()
    {
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public X509Certificate2 Certificate { get; set; } = SceneCertificates.Good("mta-sts.far.test");

    /// <summary>The whole reply; null closes without one.</summary>
    public string? Reply { get; set; }

    public List<string> Requests { get; } = [];

    public string? ServerName { get; private set; }

    public void Serve(string policy) =>
        Reply = $"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {policy.Length}\r\nConnection: close\r\n\r\n{policy}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                try
                {
                    await AnswerAsync(client);
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                }
            }
        }
        catch (Exception e)
            when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync((_, hello, _, _) =>
        {
            ServerName = hello.ServerName;
            return new(new SslServerAuthenticationOptions { ServerCertificate = Certificate });
        }, null, _stop.Token);
        using var reader = new StreamReader(tls, Encoding.ASCII, leaveOpen: true);
        // A client that does not like the certificate asks nothing.
        if (await reader.ReadLineAsync(_stop.Token) is not { } first) return;
        while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
        {
        }
        lock (Requests) Requests.Add(first);
        if (Reply is not null) await tls.WriteAsync(Encoding.Latin1.GetBytes(Reply), _stop.Token);
        await tls.ShutdownAsync();
    }
}

/// <summary>far.test with one mail host and a policy host, and a queue that sends to it; time stands still unless moved.</summary>
internal sealed class TlsScene : IAsyncDisposable
{
    public const string Record = "v=STSv1; id=1;";

    public TlsScene()
    {
        Queue = new(Clock);
        Store = new(Clock);
        Tally = new(Store, Clock);
        Sts = MakeSts();
        Server.Extensions.Add("STARTTLS");
        Server.Show = SceneCertificates.Good("mx.far.test");
    }

    public SetClock Clock { get; } = new() { Now = DateTimeOffset.UtcNow };

    public FakeQueue Queue { get; }

    public FakeSmtpServer Server { get; } = new();

    public FakePolicyHost Web { get; } = new();

    public FakeDocuments Store { get; }

    public TlsTally Tally { get; }

    public StsPolicies Sts { get; set; }

    public FakeZone Zone { get; } = new FakeZone().Mx("far.test", 10, "mx.far.test").A("mx.far.test", "203.0.113.1").A("mta-sts.far.test", "203.0.113.2");

    public static string Policy(string mode, string mx = "mx.far.test", int age = 604800) =>
        $"version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {age}\r\n";

    /// <summary>The record and the policy of far.test.</summary>
    public void Publish(string mode, string mx = "mx.far.test", int age = 604800, string id = "1")
    {
        Zone.Remove("_mta-sts.far.test").Txt("_mta-sts.far.test", $"v=STSv1; id={id};");
        Web.Serve(Policy(mode, mx, age));
    }

    /// <summary>TLSA 3 1 1 of the server's certificate (or of none), in a signed zone.</summary>
    public void PublishTlsa(bool matching = true)
    {
        var hash = SHA256.HashData(Server.Show!.PublicKey.ExportSubjectPublicKeyInfo());
        if (!matching) hash[0] ^= 1;
        Zone.Tlsa("_25._tcp.mx.far.test", 3, 1, 1, hash).Secure("far.test").Secure("mx.far.test").Secure("_25._tcp.mx.far.test");
    }

    public StsPolicies MakeSts() => new(Zone, new StsFetcher(Zone, MayDial, DialAsync, Clock) { Roots = [SceneCertificates.Root] }, Store, Clock, NullLogger.Instance);

    public async Task SendAsync(QueueNeeds needs = QueueNeeds.None)
    {
        Queue.Add("far.test", needs: needs, to: "b@far.test");
        await DeliverAsync();
    }

    public async Task DeliverAsync()
    {
        using var runner = new QueueRunner(new(
            Queue, new BodySpool(Path.GetTempPath(), 100_000_000), new FakeReader(), Zone, new Router([]), new NoNotices(),
                new IdSource(Clock), MayDial,
            host => host == "home.test", Clock, NullLogger.Instance)
        {
            Dial = DialAsync,
            Roots = [SceneCertificates.Root],
            Sts = Sts,
            TlsTally = Tally,
        }, new() { HostName = "home.test", Timeouts = new() { Command = TimeSpan.FromSeconds(5) } });
        await runner.DeliverDueAsync(default);
    }

    /// <summary>What would be reported of far.test: policy type, successes, failures by result.</summary>
    public IReadOnlyList<string> Counted()
    {
        Clock.Now += TimeSpan.FromDays(1);
        var over = Tally.Over();
        Clock.Now -= TimeSpan.FromDays(1);
        return [.. over.SelectMany(o => o.Policies).Select(p =>
            $"{p.Type} {p.Successful} {p.Failed} {string.Join(' ', p.Failures.Select(f => f.Result))}".TrimEnd()).Order(
            StringComparer.Ordinal)];
    }

    /// <summary>The reason the one message waits; empty when it is gone.</summary>
    public string Waits => Queue.Rows is [var row] ? row.LastReply : "";

    public async ValueTask DisposeAsync()
    {
        await Sts.DisposeAsync();
        await Server.DisposeAsync();
        await Web.DisposeAsync();
    }

    private static bool MayDial(IPAddress address) =>
        !IPAddress.IsLoopback(address) && !address.ToString().StartsWith("10.", StringComparison.Ordinal);

    private async Task<Stream> DialAsync(IPEndPoint to, CancellationToken cancel)
    {
        if (to.Port == 25) return await Server.ConnectAsync();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Web.EndPoint, cancel);
        return new NetworkStream(socket, true);
    }

    private sealed class NoNotices : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) =>
            ValueTask.FromResult(new NoticeAddress(null, sender));
    }
}
