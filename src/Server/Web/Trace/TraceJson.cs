using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Trace;

namespace Aviso.Web;

/// <summary>Traces as JSON: the same for the admin socket and for owners, but for how names of several words are joined.</summary>
/// <param name="isCamel">messageId, as everything on the web; else message_id.</param>
internal sealed class TraceJson(bool isCamel)
{
    public static readonly TraceJson Admin = new(false), Web = new(true);

    public JsonArray Of(IEnumerable<MessageTrace> traces) => [.. traces.Select(t => Of(t))];

    private JsonNode Of(MessageTrace trace) => new JsonObject
    {
        ["id"] = trace.Id,
        ["began"] = trace.Began,
        ["state"] = TraceWords.Of(trace.State),
        [Name("is_final")] = trace.IsFinal,
        [Name("message_id")] = trace.MessageId,
        ["sender"] = trace.Sender,
        ["recipients"] = new JsonArray([.. trace.Recipients.Select(r => (JsonNode)r)]),
        ["subject"] = trace.Subject,
        ["events"] = new JsonArray([.. trace.Events.Select(e => Of(e))]),
    };

    private JsonNode Of(TraceEvent one)
    {
        var evidence = new JsonObject();
        foreach (var group in one.Evidence.GroupBy(e => e.Field))
        {
            var texts = group.Select(e => e.Text).ToList();
            evidence[Name(TraceFieldRules.Word(group.Key))] = texts is [var only]
                ? only : new JsonArray([.. texts.Select(t => (JsonNode)t)]);
        }
        return new JsonObject
        {
            ["at"] = one.At,
            ["kind"] = TraceKinds.Word(one.Kind),
            ["says"] = TraceKinds.Title(one.Kind),
            ["evidence"] = evidence,
        };
    }

    private string Name(string word) => isCamel ? JsonNamingPolicy.CamelCase.ConvertName(
        string.Concat(word.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]))) : word;
}
