using System.Text;
using Aviso.Dns;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>What strangers send around certificates: hellos, answers of authorities, signed replies of name servers.</summary>
public static class AcmeFuzz
{
    // Record, handshake, version, random, no session, one suite, no compression, ALPN with acme-tls/1 alone.
    private static readonly byte[] Hello =
    [
        22, 3, 1, 0, 64, 1, 0, 0, 60, 3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, 0, 17, 0, 16, 0, 13, 0, 11, 10, .. "acme-tls/1"u8,
    ];

    [Fact]
    public static void Hellos_answer_the_same_at_every_length()
    {
        var whole = Hello.ToArray();
        whole[4] = (byte)(whole.Length - 5);
        Assert.True(ClientHello.OffersAcme(whole));
        Mutator.Run([whole], 300, input =>
        {
            var answer = ClientHello.OffersAcme(input);
            for (var cut = 0; cut < input.Length; cut++)
                if (ClientHello.OffersAcme(input.AsSpan(0, cut)) is { } early) Assert.Equal(answer, early);
        });
    }

    [Fact]
    public static void Answers_of_authorities_never_throw_once_they_are_parsed()
    {
        string[] seeds =
        [
            """{"newNonce":"https://ca/n","newAccount":"https://ca/a","newOrder":"https://ca/o","renewalInfo":"https://ca/r"}""",
            """{"status":"pending","authorizations":["https://ca/z/1"],"finalize":"https://ca/f","status":"x"}""",
            """{"type":"urn:ietf:params:acme:error:caa","detail":"\ud800","subproblems":[{"detail":"x","identifier":{"value":"a"}}]}""",
            """{"challenges":[{"type":"http-01","error":{"detail":1}},null,[1]],"\udc00":1}""",
        ];
        Mutator.Run([.. seeds.Select(Encoding.UTF8.GetBytes)], 300, input =>
        {
            if (AcmeJson.Parse(input) is not { } answer) return;
            foreach (var name in (string[])["newNonce", "status", "type", "detail", "challenges"]) AcmeJson.Text(answer, name);
            foreach (var inner in AcmeJson.Objects(answer, "challenges")) AcmeJson.Text(inner, "type");
            var failure = AcmeProblem.Read(answer, 400, "ca.example", null);
            Assert.True(failure.Text.Length < 1500 && !failure.Text.Any(char.IsControl));
        });
    }

    [Fact]
    public static void Replies_with_changed_octets_are_not_believed()
    {
        var key = new TsigKey("k.test", TsigAlgorithm.HmacSha256, [1, 2, 3]);
        var seed = DnsUpdate.Message(1, "example.test", [], [], []);
        TsigSignature.Sign(seed, key, DateTimeOffset.UnixEpoch);
        Mutator.Run([[.. seed]], 300, input =>
            Assert.NotEqual(TsigCheck.Good, TsigSignature.Check(input, key, [9, 9, 9], DateTimeOffset.UnixEpoch, out _)));
    }
}
