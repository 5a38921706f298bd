using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Base;
using Aviso.Doctor;
using Aviso.Settings;
using Aviso.Tests.Unit.Delivery;
using Aviso.Tests.Unit.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Events on their way out, to a sink on loopback.</summary>
public sealed class EventDeskTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly FakeDocuments _documents;
    private readonly HttpSink _sink = new();
    private readonly EventPost _post = new();
    private readonly EventSource _source;

    public EventDeskTests() => (_documents, _source) = (new(_clock), new(() => "mail.example.org", _clock));

    public void Dispose()
    {
        _sink.Dispose();
        _post.Dispose();
    }

    private async Task<(FindingBook Book, EventDesk Desk)> OpenAsync(Func<FindingBook, IEventTarget> target, Func<DateTimeOffset,
        bool>? quiet = null)
    {
        var book = await FindingBook.OpenAsync(_documents, _clock, NullLogger.Instance, default);
        var desk = new EventDesk(book, _documents, new IdSource(_clock), _clock, NullLogger.Instance)
        {
            Options = new([target(book)], Severity.Warning, quiet ?? (_ => false)),
        };
        await desk.OpenAsync(default);
        return (book, desk);
    }

    private Task<(FindingBook Book, EventDesk Desk)> WebhookAsync(string? secret = null, Func<DateTimeOffset, bool>? quiet = null) =>
        OpenAsync(_ => new WebhookTarget(new(_sink.Url + "/hook?x=1"), secret, _source, _post), quiet);

    private static Task RaiseAsync(FindingBook book, FindingCode code, string subject) =>
        book.RaiseAsync(new(code, subject, $"{subject} is wrong", "seen so", "Mend it."), TimeSpan.FromHours(1), default);

    private async Task LaterAsync(EventDesk desk, double seconds = 4)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        await desk.StepAsync(default);
    }

    private List<JsonNode> Told => [.. _sink.Requests.SelectMany(r => JsonNode.Parse(r.Text)!["events"]!.AsArray().Select(e => e!))];

    [Fact]
    public async Task A_webhook_hears_of_the_beginning_and_the_end_in_signed_json()
    {
        var (book, desk) = await WebhookAsync("s3cret");
        await RaiseAsync(book, FindingCode.QueueOld, "elsewhere.example");
        await LaterAsync(desk);
        var request = Assert.Single(_sink.Requests);
        Assert.Equal(("POST", "/hook?x=1", "application/json"), (request.Method, request.Path, request.Headers["Content-Type"]));
        byte[] signed = [.. Encoding.ASCII.GetBytes(request.Headers["X-Aviso-Timestamp"] + "."), .. request.Body];
        Assert.Equal("sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData("s3cret"u8, signed)), request.Headers["X-Aviso-Signature"]);
        var raised = Assert.Single(Told);
        Assert.Equal(("raised", "queue-old", "warning", "elsewhere.example"),
            ($"{raised["state"]}", $"{raised["code"]}", $"{raised["severity"]}", $"{raised["subject"]}"));
        Assert.Equal("mail.example.org", $"{JsonNode.Parse(request.Text)!["host"]}");
        _clock.Advance(TimeSpan.FromHours(2));
        await book.EndAsync(default);
        await LaterAsync(desk);
        Assert.Equal("cleared", $"{Told[1]["state"]}");
        // Nothing is told twice.
        await LaterAsync(desk, 600);
        Assert.Equal(2, Told.Count);
        Assert.Empty(await _documents.ListDocumentsAsync("doctor-event", default));
    }

    [Fact]
    public async Task What_comes_at_once_goes_together_and_of_one_code_nothing_more_within_a_minute()
    {
        var (book, desk) = await WebhookAsync();
        for (var i = 0; i < 5; i++) await RaiseAsync(book, FindingCode.QueueOld, $"{i}.example");
        await RaiseAsync(book, FindingCode.DiskFull, "/data");
        await LaterAsync(desk);
        Assert.Single(_sink.Requests);
        Assert.Equal(6, Told.Count);
        for (var i = 5; i < 9; i++)
        {
            await RaiseAsync(book, FindingCode.QueueOld, $"{i}.example");
            await LaterAsync(desk, 10);
        }
        Assert.Single(_sink.Requests);
        await LaterAsync(desk, 30);
        Assert.Equal(2, _sink.Requests.Count);
        Assert.Equal(10, Told.Count);
    }

    [Fact]
    public async Task A_target_that_is_away_gets_everything_once_it_is_back_and_is_a_finding_meanwhile()
    {
        var (book, desk) = await WebhookAsync();
        _sink.Status = 503;
        await RaiseAsync(book, FindingCode.QueueOld, "elsewhere.example");
        for (var i = 0; i < 100; i++) await LaterAsync(desk, 10);
        // Tried with growing pauses: 10, 20, 40... seconds.
        Assert.InRange(_sink.Requests.Count, 5, 9);
        var seen = new Sightings();
        await new EventCheck(desk, _clock).LookAsync(seen, default);
        Assert.Equal(FindingCode.EventsNotDelivered, Assert.Single(seen.Found).Code);
        // Over a restart too.
        (book, desk) = await WebhookAsync();
        _sink.Status = 200;
        await LaterAsync(desk);
        Assert.Equal(Told[0]["id"]!.ToString(), Told[^1]["id"]!.ToString());
        Assert.Empty(await _documents.ListDocumentsAsync("doctor-event", default));
        seen = new Sightings();
        await new EventCheck(desk, _clock).LookAsync(seen, default);
        Assert.Empty(seen.Found);
    }

    [Fact]
    public async Task After_three_days_it_is_given_up()
    {
        var (book, desk) = await WebhookAsync();
        _sink.Status = 500;
        await RaiseAsync(book, FindingCode.QueueOld, "elsewhere.example");
        for (var hour = 0; hour < 80; hour++) await LaterAsync(desk, 3600);
        Assert.Empty(await _documents.ListDocumentsAsync("doctor-event", default));
    }

    [Fact]
    public async Task In_quiet_hours_only_errors_go_out()
    {
        var isQuiet = true;
        var (book, desk) = await WebhookAsync(quiet: _ => isQuiet);
        await RaiseAsync(book, FindingCode.QueueOld, "elsewhere.example");
        await RaiseAsync(book, FindingCode.DiskFull, "/data");
        await LaterAsync(desk);
        Assert.Equal("disk-full", $"{Assert.Single(Told)["code"]}");
        isQuiet = false;
        await LaterAsync(desk);
        Assert.Equal("queue-old", $"{Told[1]["code"]}");
    }

    [Theory]
    [InlineData(null, "03:00", false)]
    [InlineData("22:00-07:00", "23:30", true)]
    [InlineData("22:00-07:00", "07:00", false)]
    [InlineData("22:00-07:00", "06:59", true)]
    [InlineData("12:00-13:00", "12:30", true)]
    [InlineData("12:00-13:00", "13:30", false)]
    public void Hours_may_cross_midnight(string? hours, string time, bool isQuiet) =>
        Assert.Equal(isQuiet, EventsMapping.IsQuiet(hours, TimeSpan.Parse(time, System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public async Task Information_is_told_to_nobody()
    {
        var (book, desk) = await WebhookAsync();
        await RaiseAsync(book, FindingCode.ResolverNoDnssec, "resolver");
        await LaterAsync(desk);
        Assert.Empty(_sink.Requests);
    }

    [Fact]
    public async Task Ntfy_gets_title_priority_and_text()
    {
        var (book, desk) = await OpenAsync(_ => new NtfyTarget(new(_sink.Url + "/mail"), "tk_1", _source, _post));
        await RaiseAsync(book, FindingCode.DiskFull, "/data");
        await LaterAsync(desk);
        var request = Assert.Single(_sink.Requests);
        Assert.Equal(("/mail", "mail.example.org: disk-full", "4", "Bearer tk_1"),
            (request.Path, request.Headers["Title"], request.Headers["Priority"], request.Headers["Authorization"]));
        Assert.Equal("error disk-full: /data is wrong.\nSeen: seen so\nTo do: Mend it.", request.Text);
    }

    [Fact]
    public async Task Gotify_gets_a_message_with_a_priority()
    {
        var (book, desk) = await OpenAsync(_ => new GotifyTarget(new(_sink.Url + "/gotify/"), "A.bc", _source, _post));
        await RaiseAsync(book, FindingCode.QueueOld, "elsewhere.example");
        await LaterAsync(desk);
        var request = Assert.Single(_sink.Requests);
        Assert.Equal(("/gotify/message", "A.bc"), (request.Path, request.Headers["X-Gotify-Key"]));
        var json = JsonNode.Parse(request.Text)!;
        Assert.Equal(("mail.example.org: queue-old", 5), ($"{json["title"]}", json["priority"]!.GetValue<int>()));
        Assert.Contains("elsewhere.example is wrong", $"{json["message"]}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alertmanager_is_told_again_what_stands_and_once_that_it_ended()
    {
        var (book, desk) = await OpenAsync(book => new AlertmanagerTarget(new(_sink.Url), book, () => Severity.Warning, _source, _post));
        await RaiseAsync(book, FindingCode.QueueOld, "elsewhere.example");
        await LaterAsync(desk);
        await LaterAsync(desk, 400);
        Assert.All(_sink.Requests, r => Assert.Equal("/api/v2/alerts", r.Path));
        Assert.Equal(2, _sink.Requests.Count);
        foreach (var request in _sink.Requests)
        {
            var alert = Assert.Single(JsonNode.Parse(request.Text)!.AsArray())!;
            Assert.Equal(("AvisoFinding", "queue-old", "warning", "elsewhere.example"),
                ($"{alert["labels"]!["alertname"]}", $"{alert["labels"]!["code"]}", $"{alert["labels"]!["severity"]}",
                    $"{alert["labels"]!["subject"]}"));
            Assert.Equal("2026-01-01T00:00:00Z", $"{alert["startsAt"]}");
        }
        _clock.Advance(TimeSpan.FromHours(2));
        await book.EndAsync(default);
        await LaterAsync(desk);
        var last = Assert.Single(JsonNode.Parse(_sink.Requests[^1].Text)!.AsArray())!;
        Assert.True(DateTimeOffset.Parse($"{last["endsAt"]}", System.Globalization.CultureInfo.InvariantCulture) <= _clock.GetUtcNow());
    }
}
