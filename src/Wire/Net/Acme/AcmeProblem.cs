using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>Turns an authority's problem documents (RFC 8555 §6.7, RFC 9457) into failures that say what to do.</summary>
internal static class AcmeProblem
{
    private const string Prefix = "urn:ietf:params:acme:error:";

    // The label of a metric must not grow with what somebody else writes.
    private static readonly Dictionary<string, string> Hints = new(StringComparer.Ordinal)
    {
        ["accountDoesNotExist"] = "the account is made anew at the next try",
        ["alreadyReplaced"] = "the next try does not mention the old certificate",
        ["badCSR"] = "",
        ["badNonce"] = "",
        ["caa"] = "a CAA record of the domain names other authorities only: add one for this authority, or remove it",
        ["connection"] =
            "the authority must reach this server under every address the name has; with an AAAA record it uses IPv6 and does not "
            + "fall back, so listen on \"[::]\" and open the port for IPv6 too, or remove the AAAA record",
        ["dns"] = "the authority cannot look the name up: check its A and AAAA records and its DNSSEC from outside",
        ["externalAccountRequired"] = "this authority wants `eab_key_id` and `eab_key`, which its web pages give to your account",
        ["incorrectResponse"] = "something else answers for the name: compare its A and AAAA records with this server's addresses",
        ["invalidContact"] = "`tls.acme.contact` is not accepted",
        ["malformed"] = "",
        ["orderNotReady"] = "",
        ["rateLimited"] = "the authority's limit is reached; nothing needs to be done but waiting, or naming a second authority",
        ["rejectedIdentifier"] = "the authority does not give certificates for this name: is it a public name of yours?",
        ["serverInternal"] = "the authority has a fault of its own; it is tried again",
        ["tls"] = "the handshake on port 443 failed: does something else answer there?",
        ["unauthorized"] =
            "something else answers for the name, or an old answer is cached: compare its A, AAAA and TXT records with what is set here",
        ["unsupportedContact"] = "`tls.acme.contact` is not accepted",
        ["unsupportedIdentifier"] = "the authority does not give certificates for such names",
        ["userActionRequired"] = "the authority wants its terms read and agreed to on its web pages",
    };

    public static AcmeFailure Read(JsonObject? problem, int status, string what, TimeSpan? retryAfter)
    {
        var type = AcmeJson.Text(problem, "type");
        var name = type.StartsWith(Prefix, StringComparison.Ordinal) ? type[Prefix.Length..] : "";
        var detail = AcmeJson.Text(problem, "detail") is { Length: > 0 } said ? said : $"status {status}";
        foreach (var sub in AcmeJson.Objects(problem, "subproblems").Take(10))
            detail += $"; {AcmeJson.Text(sub["identifier"] as JsonObject, "value")}: {AcmeJson.Text(sub, "detail")}";
        var hint = Hints.GetValueOrDefault(name, "");
        return new(Hints.ContainsKey(name) ? name : status >= 500 ? "serverInternal" : "other",
            Clean($"{what}: {detail}") + (hint.Length > 0 ? $". What to do: {hint}" : ""), retryAfter);
    }

    public static bool Is(AcmeFailure? failure, string reason) => failure?.Reason == reason;

    // What a stranger wrote goes into a log line: bounded, on one line.
    private static string Clean(string text) =>
        new([.. (text.Length > 600 ? text[..600] + "..." : text).Select(c => char.IsControl(c) ? ' ' : c)]);
}
