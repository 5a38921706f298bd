// Top owns the live picture of the running server: what it is asked, and how that is drawn. Rules in here: looking changes nothing and is
// cheap enough for once a second; the picture is a function of two looks, so that a test can draw it.
using System.Globalization;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Doctor;
using Aviso.Net;
using Aviso.Server;
using Aviso.Settings;
using Aviso.Store;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>What `aviso top` asks of the running server.</summary>
internal sealed class TopCalls(
    MailFlow flow, Func<IReadOnlyDictionary<ListenerKind, int>> sessions, IQueueRows queue, FindingBook book, Func<ServerSettings> settings,
    TimeProvider clock)
{
    private const int MostReasons = 5, MostFindings = 20;

    public void Add(AdminHandlers admin) => admin.Add("top.look", LookAsync);

    private async Task<AdminReply> LookAsync(AdminCall call, CancellationToken cancel)
    {
        var (totals, now) = (await queue.QueueTotalsAsync(cancel), clock.GetUtcNow());
        return AdminReply.Done(new JsonObject
        {
            ["at"] = Time(now),
            ["hostname"] = settings().HostName,
            ["version"] = BuildInfo.Version,
            ["sessions"] = Output.Rows(sessions().OrderBy(s => s.Key)
                .Select(s => new JsonObject { ["kind"] = ListenerKinds.Name(s.Key), ["open"] = s.Value })),
            ["queue"] = new JsonObject
            {
                ["messages"] = totals.Messages,
                ["recipients"] = totals.Recipients,
                ["deferred"] = totals.Deferred,
                ["held"] = totals.Held,
                ["oldest_seconds"] = totals.OldestArrival is { } oldest
                    ? Math.Max(0, (now.ToUnixTimeMilliseconds() - oldest) / 1000) : null,
            },
            ["rates"] = Output.Rows(MailFlow.Rated.Select(Rate)),
            ["verdicts"] = Counts(flow.Sums(FlowWord.Verdict)),
            ["refusals"] = Counts(flow.Sums(FlowWord.RefusedFor).Take(MostReasons)),
            ["process"] = Process(),
            ["disk"] = FileSystem.Look(settings().Data) is { } disk
                ? new JsonObject { ["total"] = disk.Total, ["free"] = disk.Free } : null,
            ["findings"] = Output.Rows(book.Standing.Take(MostFindings).Select(s => new JsonObject
            {
                ["severity"] = Word(s.Finding.Code.Severity),
                ["code"] = s.Finding.Code.Word,
                ["says"] = s.Finding.Says,
                ["acknowledged"] = s.Acknowledged is not null,
            })),
            ["findings_count"] = book.Standing.Count,
        });
    }

    private JsonObject Rate(string word)
    {
        var (second, minute) = flow.Rate(word);
        return new() { ["what"] = word, ["second"] = second, ["minute"] = minute, ["total"] = flow.Sum(word) };
    }

    private static JsonArray Counts(IEnumerable<(string Word, long Count)> counts) =>
        Output.Rows(counts.Select(c => new JsonObject { ["word"] = c.Word, ["count"] = c.Count }));

    private static JsonObject Process()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new()
        {
            ["id"] = process.Id,
            ["started"] = Time(new DateTimeOffset(process.StartTime.ToUniversalTime())),
            ["cpu_seconds"] = process.TotalProcessorTime.TotalSeconds,
            ["cores"] = Environment.ProcessorCount,
            ["resident"] = process.WorkingSet64,
            ["heap"] = GC.GetTotalMemory(false),
        };
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
