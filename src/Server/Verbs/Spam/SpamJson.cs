using System.Text.Json.Nodes;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Verbs;

/// <summary>A verdict as the verbs print it.</summary>
internal static class SpamJson
{
    public static JsonObject Of(SpamVerdict verdict, AccountId account) => new()
    {
        ["score"] = verdict.ScoreFor(account),
        ["action"] = verdict.ActionFor(account).ToString().ToLowerInvariant(),
        ["waits_for"] = new JsonArray([.. verdict.Owed.Select(o => (JsonNode)o)]),
        ["tag_at"] = verdict.Required,
        ["reject_at"] = verdict.RejectAt,
        ["symbols"] = new JsonArray([.. verdict.SymbolsFor(account).Select(s => (JsonNode)new JsonObject
        {
            ["name"] = s.Name,
            ["score"] = s.Score,
            ["reason"] = s.Reason,
        })]),
        ["skipped"] = new JsonArray([.. verdict.Skipped.Select(s => (JsonNode)s)]),
    };
}
