// Admin owns the local admin socket: DATA/admin.sock, one JSON request a line, one JSON answer a line. Rules: only the
// owner of the process and root may speak; requests are bounded in size and time; every change leaves a line in the log.
using System.Text.Json.Nodes;

namespace Aviso.Admin;

/// <summary>What a verb asks of the running server.</summary>
/// <param name="Verb">Such as <c>queue.list</c>.</param>
/// <param name="Args">Named arguments; never null.</param>
public sealed record AdminCall(string Verb, JsonObject Args)
{
    /// <summary>A text argument, or null.</summary>
    public string? Text(string name) => Args[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public bool Flag(string name) => Args[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    /// <summary>A list of texts; empty when absent.</summary>
    public IReadOnlyList<string> Texts(string name) =>
        Args[name] is JsonArray array ? [.. array.OfType<JsonValue>().Select(v => v.ToString())] : [];
}

/// <summary>An answer. <paramref name="Result"/> of a list is an array of flat objects, one a row.</summary>
/// <param name="Error">A sentence; null when all is well.</param>
public sealed record AdminReply(JsonNode? Result, string? Error)
{
    public bool Ok => Error is null;

    public static AdminReply Done(JsonNode? result = null) => new(result, null);

    public static AdminReply No(string error) => new(null, error);
}

public delegate Task<AdminReply> AdminHandler(AdminCall call, CancellationToken cancel);

/// <summary>
/// The verbs this server answers. Composition adds the handlers; the socket and (where it is safe without a server) the
/// verbs themselves call them.
/// </summary>
public sealed class AdminHandlers
{
    private readonly Dictionary<string, (AdminHandler Handler, bool Changes)> _handlers = new(StringComparer.Ordinal);

    /// <summary>Names of all verbs, sorted.</summary>
    public IReadOnlyList<string> Names => [.. _handlers.Keys.Order(StringComparer.Ordinal)];

    /// <param name="changes">The verb changes something: each call is audited.</param>
    public AdminHandlers Add(string verb, AdminHandler handler, bool changes = false)
    {
        _handlers.Add(verb, (handler, changes));
        return this;
    }

    public bool Changes(string verb) => _handlers.TryGetValue(verb, out var found) && found.Changes;

    public Task<AdminReply> CallAsync(AdminCall call, CancellationToken cancel) =>
        _handlers.TryGetValue(call.Verb, out var found)
            ? found.Handler(call, cancel)
            : Task.FromResult(AdminReply.No($"this server does not know `{call.Verb}`"));
}
