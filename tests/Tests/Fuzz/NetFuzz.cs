using System.Net;
using System.Text;
using Aviso.Net;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>PROXY headers and SASL messages, as a stranger may write them.</summary>
public static class NetFuzz
{
    [Fact]
    public static void Proxy_headers_parse_the_same_at_every_length()
    {
        var seeds = ProxyHeaderTests.Good.Select(g => Convert.FromHexString(g.Data.Item1))
            .Concat(ProxyHeaderTests.Bad.Select(b => Convert.FromHexString(b.Data))).ToArray();
        Mutator.Run(seeds, 300, input =>
        {
            var whole = ProxyHeader.Parse(input, 536, out var header, out var length);
            Assert.Equal(whole is ProxyStatus.Complete, header is not null);
            if (whole is ProxyStatus.Complete) Assert.InRange(length, 8, 552);
            // Once complete or invalid, never otherwise with more octets; a shorter input may only be incomplete or the same.
            for (var cut = 0; cut < Math.Min(input.Length, 600); cut++)
            {
                var part = ProxyHeader.Parse(input.AsSpan(0, cut), 536, out var early, out _);
                if (part is ProxyStatus.Incomplete) continue;
                Assert.Equal(whole, part);
                Assert.Equal(header, early);
            }
        });
    }

    [Fact]
    public static void Sasl_exchanges_end_and_nobody_gets_in_by_noise()
    {
        string[] seeds = ["n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "y,a=user,n=u=2Cser,r=abc,x=y", "p=tls-server-end-point,,n=user,r=abc",
            "\0user\0pen", "user",
            "n,a=user,\u0001host=h\u0001auth=Bearer abc.def\u0001\u0001", "user=user\u0001auth=Bearer abc\u0001\u0001"];
        var attempt = new LoginAttempt("s", ListenerKind.Imaps, IPAddress.Loopback, "fuzz");
        var tls = new TlsSession("Tls13", "x", TestCertificates.Shared.Default, null);
        Mutator.Run([.. seeds.Select(Encoding.ASCII.GetBytes)], 200, input =>
        {
            foreach (var mechanism in (string[])["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "OAUTHBEARER", "XOAUTH2"])
            {
                var server = SaslServer.Start(mechanism, new FixedKeys(), attempt, tls)!;
                for (var step = 0; step < 4; step++)
                {
                    var next = server.NextAsync(input).AsTask().GetAwaiter().GetResult();
                    Assert.IsNotType<SaslStep.Success>(next);
                    if (next is SaslStep.Failure) break;
                    Assert.True(step < 2, "an exchange of noise goes on and on");
                }
            }
        });
    }

    [Fact]
    public static void Scram_clients_believe_no_noise()
    {
        string[] seeds =
        [
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ];
        Mutator.Run([.. seeds.Select(Encoding.ASCII.GetBytes)], 60, input =>
        {
            var client = SaslClient.StartScram("user", "not pencil", "rOprNGfwEbeRWgbNEkqO");
            _ = client.InitialResponse;
            if (client.Next(input) is not null) client.Next(Encoding.ASCII.GetBytes(seeds[1]));
            Assert.False(client.MayBelieveSuccess);
        });
    }

    private sealed class FixedKeys : IAuthenticator
    {
        private static readonly ScramKeys Keys = Scram.Derive("secret", "salt"u8);

        public TokenOffer? Tokens => TestTokens.Offer with { TokenLimit = 100 };

        public bool ScramOffered => true;

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel) =>
            new((Principal?)null);

        public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel) => new(Keys);

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel) =>
            new(proofHolds ? new Principal(1, user) : null);
    }
}
