using System.Text.Json.Nodes;
using Aviso.Admin;

namespace Aviso.Verbs;

/// <summary>What other verbs answer: a number stands in one place, whoever shows it.</summary>
internal sealed class DescribeAsk(AdminHandlers admin)
{
    /// <summary>Rows, or the sentence that says why there are none.</summary>
    public async Task<(IReadOnlyList<JsonObject> Rows, string? Problem)> RowsAsync(string call, CancellationToken cancel)
    {
        var reply = await admin.CallAsync(new(call, []), cancel);
        return ([.. (reply.Result as JsonArray ?? []).OfType<JsonObject>()], reply.Error);
    }

    /// <summary>The same rows with these columns, in this order.</summary>
    public static IEnumerable<JsonObject> Only(IEnumerable<JsonObject> rows, params string[] columns) =>
        rows.Select(row => new JsonObject(columns.Select(c => KeyValuePair.Create(c, row[c]?.DeepClone()))));
}
