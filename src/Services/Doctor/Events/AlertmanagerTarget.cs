using System.Text.Json.Nodes;

namespace Aviso.Doctor;

/// <summary>
/// Alertmanager's API v2. It forgets alerts that are not repeated, as Prometheus does: what stands is told again every few minutes, and
/// ends by itself when this server falls silent.
/// </summary>
public sealed class AlertmanagerTarget(Uri server, FindingBook book, Func<Severity> from, EventSource source, EventPost post) : IEventTarget
{
    /// <summary>How often what stands is told again.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Holds = TimeSpan.FromMinutes(16);

    public string Name => EventText.Target("alertmanager", server);

    public string Kind => "alertmanager";

    public Task<string?> SendAsync(IReadOnlyList<DoctorEvent> events, CancellationToken cancel)
    {
        var now = source.Clock.GetUtcNow();
        var until = (now + Holds).ToUnixTimeSeconds();
        return PostAsync(events.Select(e => Alert(e.Code, e.SeverityWord, e.Subject, e.Says, e.Evidence, e.Fix, e.Since,
            e.IsRaised ? until : e.At)), cancel);
    }

    /// <summary>Everything that stands. Null, or why it was not taken.</summary>
    public Task<string?> RepeatAsync(CancellationToken cancel)
    {
        var until = (source.Clock.GetUtcNow() + Holds).ToUnixTimeSeconds();
        var alerts = book.Standing.Where(s => s.Acknowledged is null && s.Finding.Code.Severity >= from()).Select(s => Alert(
            s.Finding.Code.Word, s.Finding.Code.Severity.ToString().ToLowerInvariant(), s.Finding.Subject, s.Finding.Says,
                s.Finding.Evidence,
            s.Finding.Fix, s.Since.ToUnixTimeSeconds(), until)).ToList();
        return alerts.Count == 0 ? Task.FromResult<string?>(null) : PostAsync(alerts, cancel);
    }

    private Task<string?> PostAsync(IEnumerable<JsonObject> alerts, CancellationToken cancel) =>
        post.SendAsync(new(server.AbsoluteUri.TrimEnd('/') + "/api/v2/alerts"),
            EventPost.Utf8(new JsonArray([.. alerts.Select(a => (JsonNode)a)]).ToJsonString()), "application/json", [], cancel);

    private JsonObject Alert(
        string code, string severity, string subject, string says, string evidence, string fix, long starts, long ends) => new()
        {
            ["labels"] = new JsonObject
            {
                ["alertname"] = "AvisoFinding",
                ["code"] = code,
                ["severity"] = severity,
                ["subject"] = subject,
                ["instance"] = source.HostName(),
            },
            ["annotations"] = new JsonObject { ["summary"] = says, ["description"] = evidence, ["fix"] = fix },
            ["startsAt"] = DoctorEvent.Time(starts),
            ["endsAt"] = DoctorEvent.Time(ends),
        };
}
