using System.Text;
using Aviso.Secrets;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>What answers in Vault's place, whoever that is.</summary>
public static class VaultFuzz
{
    private static readonly string[] Seeds =
    [
        """{"request_id":"x","lease_id":"","data":{"data":{"a":"b","n":1.5e3,"o":{"p":[null,true]}},"metadata":{"version":3,"deletion_time":"","destroyed":false}}}""",
        """{"data":{"data":null,"metadata":{"version":2,"deletion_time":"2026-01-01T00:00:00Z","destroyed":true}}}""",
        """{"lease_id":"x/y","data":{"a":"\ud83d\ude00","a":"twice","\u0000":"\u0007"}}""",
        """{"errors":["1 error occurred:\n\t* permission denied\n\n",5,null],"auth":{"client_token":"t","lease_duration":99999999999999999999,"renewable":"yes"}}""",
        """{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}""",
    ];

    [Fact]
    public static void Answers_never_throw_and_problems_are_one_short_line() => Mutator.Run([.. Seeds.Select(Encoding.UTF8.GetBytes)], 500, input =>
    {
        if (VaultReply.Parse(input) is not { } body) return;
        var reply = new VaultReply(200, body, null);
        Assert.DoesNotContain(reply.Errors(), char.IsControl);
        _ = (reply.Text("auth", "client_token"), reply.Number("auth", "lease_duration"), reply.Flag("auth", "renewable"),
            reply.Text("data", "options", "version"));
        foreach (var place in new[] { new KvPlace("secret/data/x", true), new KvPlace("secret/x", false) })
        {
            IsShort(KvAnswer.Missing("secret/x", place, reply));
            var answer = KvAnswer.Read("secret/x", place, reply);
            if (answer.Secret is not { } secret)
            {
                IsShort(answer.Problem!);
                continue;
            }
            foreach (var field in new[] { "a", "n", "o", "none", "*" })
            {
                var (held, problem) = HeldSecret.Of("secret/x", [field], secret, default);
                Assert.True(held is null != problem is null);
                if (problem is not null) IsShort(problem);
            }
        }
    });

    private static void IsShort(VaultProblem problem) =>
        Assert.True(problem.Text.Length < 600 && !problem.Text.Any(char.IsControl), problem.Text);
}
