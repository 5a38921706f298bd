using System.Text;
using System.Text.Json.Nodes;
using Aviso.MailAuth;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>suites/authentication-results: fields of many servers, well formed and not.</summary>
public sealed class AuthenticationResultsSuite
{
    [Fact]
    public void Every_case_is_read_as_the_suite_says()
    {
        var wrong = new List<string>();
        var cases = JsonNode.Parse(File.ReadAllText(Path.Combine(Suites.Find("authentication-results"), "cases.json")))!.AsArray();
        foreach (var one in cases)
        {
            var header = (string)one!["header"]!;
            var read = AuthenticationResults.Parse(Encoding.UTF8.GetBytes(header), arc: one["field"] is { } field && ((string)field!).StartsWith("ARC", StringComparison.OrdinalIgnoreCase));
            var valid = (bool)one["valid"]!;
            if ((read?.IsStrict ?? false) != valid) wrong.Add($"{header}: valid is {!valid}");
            if (!valid && one["lenient"] is null) continue;
            var got = read is null ? "nothing" : Shown(read, one["results"]!.AsArray());
            var expected = Expected(one.AsObject());
            if (got != expected) wrong.Add($"{header}\n   {got}\n   {expected}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(40, cases.Count);
    }

    [Fact]
    public void Fields_that_carry_our_name_are_found_and_others_are_not()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Suites.Find("authentication-results"), "eml")))
        {
            var octets = Encoding.Latin1.GetBytes(File.ReadAllText(file, Encoding.Latin1).ReplaceLineEndings("\r\n"));
            var names = new List<string>();
            foreach (var field in new HeaderFields(octets))
                if (field.Is("Authentication-Results"u8) && AuthenticationResults.Parse(field.Value) is { AuthservId.Length: > 0 } read) names.Add(read.AuthservId);
            foreach (var name in names.Distinct(StringComparer.OrdinalIgnoreCase))
                Assert.Equal(names.Count(n => n.Equals(name, StringComparison.OrdinalIgnoreCase)),
                    AuthenticationResults.Claiming(octets, name.ToUpperInvariant()).Count);
            Assert.Empty(AuthenticationResults.Claiming(octets, "mail.nobody.example"));
        }
    }

    // A reason is compared where the case names one.
    private static string Shown(AuthenticationResults read, JsonArray expected) => $"{read.AuthservId} v{read.Version} i{read.Instance} "
        + string.Join(
            "; ", read.Results.Select((r, i) =>
            $"{r.Method}/{r.MethodVersion}={r.Result} {(i < expected.Count && expected[i]!["reason"] is not null ? r.Reason : "")} "
            + string.Join(' ', r.Properties.Select(p => $"{p.Key}={p.Value}"))));

    private static string Expected(JsonObject one) =>
        $"{(string?)one["authserv_id"]} v{(int?)one["version"] ?? 1} i{(int?)one["instance"] ?? 0} "
        + string.Join("; ", one["results"]!.AsArray().Select(r =>
            $"{(string)r!["method"]!}/{(int?)r["method_version"] ?? 1}={(string)r["result"]!} {(string?)r["reason"]} "
            + string.Join(' ', r["properties"]!.AsObject().Select(p => $"{p.Key}={(string)p.Value!}"))));
}
