using System.Globalization;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Doctor;

namespace Aviso.Verbs;

/// <summary>What `aviso doctor` asks of the running server.</summary>
internal sealed class DoctorCalls(DoctorRounds rounds, FindingBook book)
{
    public void Add(AdminHandlers admin) => admin
        .Add("doctor.look", LookAsync)
        .Add("doctor.list", (_, _) => Task.FromResult(AdminReply.Done(Output.Rows(book.Standing.Select(Short)))))
        .Add("doctor.acknowledge", AcknowledgeAsync, changes: true);

    private async Task<AdminReply> LookAsync(AdminCall call, CancellationToken cancel)
    {
        FindingCode? only = null;
        if (call.Text("only") is { } word && (only = FindingCode.Find(word)) is null) return Unknown(word);
        await rounds.LookAsync(c => only is null || c.Codes.Contains(only), cancel);
        await book.EndAsync(cancel);
        var looked = rounds.States.Where(s => only is null || s.Check.Codes.Contains(only)).Select(s => (JsonNode)s.Check.LooksAt);
        return AdminReply.Done(new JsonObject
        {
            ["findings"] = Output.Rows(book.Standing.Where(s => only is null || s.Finding.Code == only).Select(Whole)),
            ["cleared"] = Output.Rows((await book.ClearedAsync(cancel)).Where(c => only is null || c.Standing.Finding.Code == only)
                .Select(c => new JsonObject
                {
                    ["code"] = c.Standing.Finding.Code.Word,
                    ["subject"] = c.Standing.Finding.Subject,
                    ["since"] = Time(c.Standing.Since),
                    ["cleared"] = Time(c.At),
                })),
            ["looked_at"] = new JsonArray([.. looked]),
        });
    }

    private async Task<AdminReply> AcknowledgeAsync(AdminCall call, CancellationToken cancel)
    {
        var word = call.Text("code") ?? "";
        if (FindingCode.Find(word) is not { } code) return Unknown(word);
        var count = await book.AcknowledgeAsync(code, call.Text("subject"), cancel);
        return count == 0 ? AdminReply.No($"nothing of {word} stands that is not acknowledged; `aviso doctor` shows what does")
            : AdminReply.Done(count == 1 ? "acknowledged: nothing more is told of it until it clears"
                : $"{count} acknowledged: nothing more is told of them until they clear");
    }

    private static AdminReply Unknown(string word) =>
        AdminReply.No($"there is no finding {word}{Base.Nearest.Hint(word, FindingCode.All.Select(c => c.Word))}; `aviso doctor codes` "
            + $"lists them");

    private static JsonObject Short(StandingFinding standing) => new()
    {
        ["severity"] = Word(standing),
        ["code"] = standing.Finding.Code.Word,
        ["subject"] = standing.Finding.Subject,
        ["says"] = standing.Finding.Says,
        ["since"] = Time(standing.Since),
        ["acknowledged"] = standing.Acknowledged is { } at ? Time(at) : "",
    };

    private static JsonObject Whole(StandingFinding standing)
    {
        var row = Short(standing);
        row["evidence"] = standing.Finding.Evidence;
        row["fix"] = standing.Finding.Fix;
        row["act"] = standing.Finding.Act;
        row["link"] = $"docs/doctor.md#{standing.Finding.Code.Word}";
        row["counts"] = standing.Counts;
        return row;
    }

    private static string Word(StandingFinding standing) => standing.Finding.Code.Severity.ToString().ToLowerInvariant();

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
