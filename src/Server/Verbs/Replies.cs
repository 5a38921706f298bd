using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Admin;

namespace Aviso.Verbs;

/// <summary>What the services answer, as the admin socket says it: names in snake_case, a row for each thing.</summary>
internal static class Replies
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static JsonNode? Node<T>(T value) => JsonSerializer.SerializeToNode(value, Json);

    public static AdminReply One<T>(T value) => AdminReply.Done(Node(value));

    public static AdminReply Rows<T>(IEnumerable<T> rows) => One(rows.ToList());

    public static AdminReply Answer(VerbAnswer answer) => answer.Ok ? AdminReply.Done(answer.Text) : AdminReply.No(answer.Text);

    public static async Task<AdminReply> Answer(Task<VerbAnswer> doing) => Answer(await doing);
}
