using System.Text;
using Aviso.Accounts;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Tokens and key sets, as a stranger or a broken provider may write them.</summary>
public static class TokenFuzz
{
    [Fact]
    public static void Tokens_parse_or_say_why_not()
    {
        string[] seeds =
        [
            // RFC 7515 appendix A.1 (HS256) and a token of ours.
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIn0.eyJpc3MiOiJhIiwiYXVkIjpbImIiLCJjIl0sImV4cCI6MS41LCJuIjp7ImEiOlsxXX19.AAAA",
        ];
        Mutator.Run([.. seeds.Select(Encoding.ASCII.GetBytes)], 500, input =>
        {
            var text = Encoding.Latin1.GetString(input);
            foreach (var type in (TokenType[])[TokenType.Access, TokenType.Id])
            {
                var token = JsonWebToken.Parse(text, type, out var problem);
                Assert.Equal(token is null, problem.Length > 0);
                if (token is null) continue;
                Assert.Contains(token.Algorithm, JsonWebToken.Algorithms);
                Assert.False(JsonWebKeys.None().Verify(token));
                // What is one is not the other.
                Assert.Null(JsonWebToken.Parse(text, type == TokenType.Id ? TokenType.Access : TokenType.Id, out _));
            }
        });
    }

    [Fact]
    public static void Claims_are_read_the_same_twice()
    {
        string[] seeds = ["""{"iss":"a","aud":["b","c"],"exp":1.5e9,"x":{"y":[1,{"z":null}]},"t":true}""",
            """{"a":"\ud83d\ude00","b":[1,[2,"c"]],"c":-0}"""];
        Mutator.Run([.. seeds.Select(Encoding.UTF8.GetBytes)], 500, input =>
        {
            var (one, two) = (TokenClaims.Parse(input), TokenClaims.Parse(input));
            Assert.Equal(one is null, two is null);
            if (one is null) return;
            foreach (var name in (string[])["iss", "aud", "exp", "x", "t"])
            {
                Assert.Equal(one.Texts(name), two!.Texts(name));
                Assert.Equal(one.Number(name), two.Number(name));
                if (one.Text(name) is not null) Assert.Single(one.Texts(name));
            }
        });
    }

    [Fact]
    public static void Key_sets_parse_or_are_none()
    {
        using var provider = new Unit.Accounts.FakeProvider();
        Mutator.Run([Encoding.UTF8.GetBytes(provider.Keys())], 300, input =>
        {
            using var keys = JsonWebKeys.Parse(input, out _);
            if (keys is not null) Assert.InRange(keys.Count, 0, 100);
        });
    }
}
