using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Aviso.Accounts;
using Aviso.Admin;

namespace Aviso.Verbs;

/// <summary>What the services answer, as the admin socket says it: names in snake_case, a row for each thing.</summary>
internal static class Replies
{
    /// <param name="type">Of <see cref="AdminJson"/>.</param>
    public static AdminReply One<T>(T value, JsonTypeInfo<T> type) => AdminReply.Done(JsonSerializer.SerializeToNode(value, type));

    public static AdminReply Rows<T>(IEnumerable<T> rows, JsonTypeInfo<T> type) =>
        AdminReply.Done(new JsonArray([.. rows.Select(r => JsonSerializer.SerializeToNode(r, type))]));

    public static AdminReply Answer(VerbAnswer answer) => answer.Ok ? AdminReply.Done(answer.Text) : AdminReply.No(answer.Text);

    public static async Task<AdminReply> Answer(Task<VerbAnswer> doing) => Answer(await doing);
}
