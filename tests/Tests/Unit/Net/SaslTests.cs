using System.Net;
using System.Security.Cryptography;
using System.Text;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Net;

public sealed class SaslTests
{
    private static readonly LoginAttempt Attempt = new("s1", ListenerKind.Imaps, IPAddress.Loopback, "test");
    private static readonly TlsSession Tls = new("Tls13", "x", TestCertificates.Shared.Default, null);

    // RFC 7677 §3
    private const string ClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    private const string ServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    private const string ClientFinal =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    private const string ServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    [Fact]
    public async Task The_server_reproduces_the_exchange_of_rfc_7677()
    {
        var server = new ScramServer(new OneUser(), Attempt, null, plus: false, fixedNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        Assert.Equal(ServerFirst, await NextAsync(server, ClientFirst));
        Assert.Equal(ServerFinal, await NextAsync(server, ClientFinal));
        Assert.Equal("success user", await NextAsync(server, ""));
    }

    [Fact]
    public async Task A_password_that_changes_during_an_exchange_no_longer_lets_in()
    {
        var user = new OneUser();
        var server = new ScramServer(user, Attempt, null, plus: false, fixedNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        Assert.Equal(ServerFirst, await NextAsync(server, ClientFirst));
        user.Password = "crayon";
        Assert.Equal("Rejected", await NextAsync(server, ClientFinal));
    }

    [Fact]
    public void The_client_reproduces_the_exchange_of_rfc_7677()
    {
        var client = SaslClient.StartScram("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
        Assert.Equal(ClientFirst, Encoding.ASCII.GetString(client.InitialResponse!.Value.Span));
        Assert.Equal(ClientFinal, Encoding.ASCII.GetString(client.Next(Encoding.ASCII.GetBytes(ServerFirst))!));
        Assert.False(client.MayBelieveSuccess);
        Assert.Empty(client.Next(Encoding.ASCII.GetBytes(ServerFinal))!);
        Assert.True(client.MayBelieveSuccess);
    }

    [Theory]
    [InlineData("r=someoneElse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOxx,s=,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOxx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOxx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=9999999")]
    [InlineData("m=x,r=rOprNGfwEbeRWgbNEkqOxx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("e=other-error")]
    [InlineData("")]
    public void The_client_refuses_a_server_that_cheats(string serverFirst)
    {
        var client = SaslClient.StartScram("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
        _ = client.InitialResponse;
        Assert.Null(client.Next(Encoding.ASCII.GetBytes(serverFirst)));
        Assert.False(client.MayBelieveSuccess);
    }

    [Fact]
    public void The_client_refuses_a_wrong_server_signature()
    {
        var client = SaslClient.StartScram("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
        _ = client.InitialResponse;
        client.Next(Encoding.ASCII.GetBytes(ServerFirst));
        Assert.Null(client.Next("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="u8));
        Assert.False(client.MayBelieveSuccess);
    }

    [Theory]
    [InlineData("user", "pencil", "success user")]
    [InlineData("user", "wrong", "Rejected")]
    [InlineData("nobody", "pencil", "Rejected")]
    public async Task Scram_lets_in_who_knows_the_password(string user, string password, string expected)
    {
        var authenticator = new OneUser();
        var server = SaslServer.Start("scram-sha-256", authenticator, Attempt, null)!;
        var client = SaslClient.Start(["PLAIN", "SCRAM-SHA-256"], user, password)!;
        Assert.Equal("SCRAM-SHA-256", client.Mechanism);
        Assert.Equal(expected, await RunAsync(server, client));
        Assert.Equal(1, authenticator.Finished);
    }

    [Theory]
    [InlineData("PLAIN", "pencil", "success user")]
    [InlineData("PLAIN", "wrong", "Rejected")]
    [InlineData("LOGIN", "pencil", "success user")]
    [InlineData("LOGIN", "wrong", "Rejected")]
    public async Task Plain_and_login_check_the_password(string mechanism, string password, string expected)
    {
        var server = SaslServer.Start(mechanism, new OneUser(), Attempt, Tls)!;
        Assert.Equal(expected, await RunAsync(server, SaslClient.Start([mechanism], "user", password)!));
        Assert.Equal("user", server.User);
    }

    [Theory]
    [InlineData("\0user\0pencil", "success user")]
    [InlineData("user\0user\0pencil", "success user")]
    [InlineData("root\0user\0pencil", "Rejected")]
    [InlineData("user\0pencil", "Malformed")]
    [InlineData("", "Malformed")]
    [InlineData("\0\0pencil", "Malformed")]
    [InlineData("\0user\0", "Malformed")]
    [InlineData("\0user\0pencil\0", "Malformed")]
    [InlineData("\0us\u0007er\0pencil", "Malformed")]
    [InlineData("\0u\u00ADser\0pencil", "success user")]
    public async Task Plain_keeps_the_grammar(string message, string expected) =>
        Assert.Equal(expected, await NextAsync(SaslServer.Start("PLAIN", new OneUser(), Attempt, Tls)!, message));

    [Theory]
    [InlineData("y,,n=user,r=abc", "Rejected")]
    [InlineData("p=tls-server-end-point,,n=user,r=abc", "Malformed")]
    [InlineData("x,,n=user,r=abc", "Malformed")]
    [InlineData("n,,n=user", "Malformed")]
    [InlineData("n,,n=,r=abc", "Malformed")]
    [InlineData("n,,n=us=er,r=abc", "Malformed")]
    [InlineData("n,,n=us=2xer,r=abc", "Malformed")]
    [InlineData("n,,m=ext,n=user,r=abc", "Malformed")]
    [InlineData("n,,n=user,r=", "Malformed")]
    [InlineData("n,,n=user,r=a b", "Malformed")]
    [InlineData("n,,n=user,r=abc,m=x", "Malformed")]
    [InlineData("n,a=other,n=user,r=abc", "Rejected")]
    [InlineData("n,b=user,n=user,r=abc", "Malformed")]
    [InlineData("", "Malformed")]
    public async Task Scram_keeps_the_grammar_and_sees_a_downgrade(string message, string expected) =>
        Assert.Equal(expected, await NextAsync(SaslServer.Start("SCRAM-SHA-256", new OneUser(), Attempt, Tls)!, message));

    [Fact]
    public async Task A_client_that_could_bind_is_let_in_where_we_cannot()
    {
        var server = SaslServer.Start("SCRAM-SHA-256", new OneUser(), Attempt, null)!;
        Assert.StartsWith("r=abc", await NextAsync(server, "y,,n=user,r=abc"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "success user")]
    [InlineData(false, "Rejected")]
    public async Task Plus_binds_to_the_certificate(bool rightCertificate, string expected)
    {
        var server = SaslServer.Start("SCRAM-SHA-256-PLUS", new OneUser(), Attempt, Tls)!;
        const string gs2 = "p=tls-server-end-point,,";
        var first = "n=user,r=clientnonce";
        var challenge = await NextAsync(server, gs2 + first);
        var nonce = challenge.Split(',')[0][2..];
        var binding = rightCertificate ? ChannelBinding.ServerEndPoint(TestCertificates.Shared.Default)! : new byte[32];
        var withoutProof = $"c={Convert.ToBase64String([.. Encoding.ASCII.GetBytes(gs2), .. binding])},r={nonce}";
        var salted = Scram.SaltedPassword("pencil", OneUser.Salt, 4096);
        var key = HMACSHA256.HashData(salted, "Client Key"u8);
        var auth = Encoding.ASCII.GetBytes($"{first},{challenge},{withoutProof}");
        var proof = Scram.Xor(key, HMACSHA256.HashData(SHA256.HashData(key), auth));
        var answer = await NextAsync(server, $"{withoutProof},p={Convert.ToBase64String(proof)}");
        Assert.Equal(expected, answer.StartsWith("v=", StringComparison.Ordinal) ? await NextAsync(server, "") : answer);
    }

    [Fact]
    public void Mechanisms_are_offered_as_the_connection_allows()
    {
        var user = new OneUser();
        var pair = new WirePair(ListenerKind.Imap);
        Assert.Empty(SaslServer.Offered(pair.Server, user));
        var local = new WirePair(ListenerKind.Imap, origin: o => o with { ClearLoginAllowed = true });
        Assert.Equal(["SCRAM-SHA-256", "PLAIN", "LOGIN"], SaslServer.Offered(local.Server, user));
        user.ScramOffered = false;
        Assert.Equal(["PLAIN", "LOGIN"], SaslServer.Offered(local.Server, user));
        Assert.Null(SaslServer.Start("SCRAM-SHA-256", user, Attempt, Tls));
        Assert.Null(SaslServer.Start("GSSAPI", user, Attempt, Tls));
    }

    [Theory]
    [InlineData("user", "user")]
    [InlineData("\u00A0x", " x")]
    [InlineData("I\u00ADX", "IX")]
    [InlineData("\u0007", null)]
    [InlineData("\u00AD", null)]
    [InlineData("", null)]
    [InlineData("\uE000", null)]
    [InlineData("\u00AA", "a")]
    [InlineData("\u2168", "IX")]
    [InlineData("e\u0301", "\u00E9")]
    public void Saslprep_maps_and_refuses(string text, string? expected) => Assert.Equal(expected, SaslPrep.Prepare(text));

    internal static async Task<string> NextAsync(SaslServer server, string message) =>
        await server.NextAsync(Encoding.UTF8.GetBytes(message)) switch
        {
            SaslStep.Challenge challenge => Encoding.UTF8.GetString(challenge.Octets.Span),
            SaslStep.Success success => $"success {success.Principal.Address}",
            SaslStep.Failure failure => failure.Reason.ToString(),
            _ => throw new InvalidOperationException(),
        };

    private static async Task<string> RunAsync(SaslServer server, SaslClient client)
    {
        var message = client.InitialResponse is { } initial ? initial.ToArray() : client.Next(server.FirstChallenge.Span)!;
        while (true)
        {
            switch (await server.NextAsync(message))
            {
                case SaslStep.Challenge challenge:
                    message = client.Next(challenge.Octets.Span) ?? throw new InvalidOperationException("the client gave up");
                    break;
                case SaslStep.Success success:
                    Assert.True(client.MayBelieveSuccess);
                    return $"success {success.Principal.Address}";
                case SaslStep.Failure failure:
                    return failure.Reason.ToString();
            }
        }
    }

    internal sealed class OneUser : IAuthenticator
    {
        internal static readonly byte[] Salt = Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==");

        public int Finished { get; private set; }

        public bool ScramOffered { get; set; } = true;

        public string Password { get; set; } = "pencil";

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel) =>
            new(user == "user" && password == Password ? new Principal(1, user) : null);

        public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel) =>
            new(Scram.Derive(user == "user" ? Password : "made up", Salt));

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel)
        {
            Finished++;
            return new(proofHolds && user == "user" ? new Principal(1, user) : null);
        }
    }
}
