using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Store;
using Aviso.Tests.Unit.Mime;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public sealed class ReportBookTests
{
    private static readonly DateTimeOffset Now = new(2026, 9, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly BodySpool Spool = new(Path.GetTempPath(), long.MaxValue);

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    private sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (All) All.Add(formatter(state, exception));
        }
    }

    private readonly FakeDocuments _documents = new(new At(Now));
    private readonly Lines _log = new();
    private readonly ReportBook _book;

    public ReportBookTests() => _book = new(_documents, new At(Now), _log);

    [Fact]
    public async Task One_strangers_counts_do_not_break_the_summary_and_are_named()
    {
        await ReadAsync(Report("evil.example", Now.AddDays(-1), Now, "9223372036854775807", "9223372036854775807"));
        await ReadAsync(Report("good.example", Now.AddDays(-1), Now, "999999999", "5"));
        await ReadAsync(Encoding.ASCII.GetBytes("""
            Content-Type: application/tlsrpt+json

            {"organization-name":"evil-tls.example","report-id":"t","policies":[{"policy":{"policy-domain":"d.example"},"summary":{"total-successful-session-count":9223372036854775807,"total-failure-session-count":9223372036854775807}}]}
            """.ReplaceLineEndings("\r\n")));
        var summary = ReportSummary.Of(await _book.ListAsync(Now.AddDays(-3), default));
        Assert.Equal(1_000_000_004, Assert.Single(summary.Domains).Messages);
        Assert.Empty(summary.Tls);
        Assert.Equal(["evil.example 1 about d.example", "evil-tls.example t"], summary.LeftOut);
        Assert.Equal(2, _log.All.Count(l => l.Contains("nobody can believe", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Sums_stay_at_the_largest_number()
    {
        var rows = Enumerable.Repeat(long.MaxValue / 3, 5);
        Assert.Equal(long.MaxValue, rows.Total());
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_report_belongs_to_the_days_until_its_end()
    {
        await ReadAsync(Report("weeks.example", Now.AddDays(-25), Now.AddDays(-1), "1"));
        await ReadAsync(Report("epoch.example", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, "1"));
        await ReadAsync(Report("ahead.example", Now.AddDays(900), Now.AddDays(901), "1"));
        var kept = await _book.ListAsync(Now.AddDays(-3), default);
        Assert.Equal(
            ["ahead.example", "epoch.example", "weeks.example"], kept.Dmarc.Select(d => d.Organization).Order(StringComparer.Ordinal));
        // Each is told in one line.
        Assert.Equal(3, _log.All.Count);
    }

    [Fact]
    public async Task What_cannot_be_read_is_an_event_and_shown()
    {
        Assert.True(await ReadAsync("From: Reporter <r@r.example>\r\nSubject: Report Domain: d.example\r\n\r\nnothing\r\n"u8.ToArray()));
        var unread = Assert.Single(ReportSummary.Of(await _book.ListAsync(Now.AddDays(-3), default)).Unread);
        Assert.Equal(
            ("Reporter <r@r.example>", "its subject says that it is a report, and nothing in it is one"), (unread.Sender, unread.Problem));
        Assert.Contains("could not be read", Assert.Single(_log.All), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_with_a_thousand_rows_that_fail_is_one_line()
    {
        var rows = string.Concat(Enumerable.Range(0, 1000).Select(i => Row("quarantine", $"192.0.{i / 250}.{i % 250}", "2")));
        await ReadAsync(WithRows("r.example", Now.AddDays(-1), Now, rows));
        Assert.Contains("put 2000 of 2000 messages", Assert.Single(_log.All), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reports_are_read_one_after_the_other_and_what_waits_is_bounded()
    {
        using var stop = new CancellationTokenSource();
        var intake = new ReportIntake(_book, Spool, _log);
        var message = Report("r.example", Now.AddDays(-1), Now, "1");
        using (var body = Body(message))
        {
            for (var i = 0; i < ReportIntake.MostWaiting + 3; i++) intake.Take(body, MimeScannerTests.Scan(message));
        }
        Assert.Equal(3, _log.All.Count(l => l.Contains("others wait to be read", StringComparison.Ordinal)));
        var running = intake.RunAsync(stop.Token);
        await intake.IdleAsync(TestContext.Current.CancellationToken);
        Assert.Single((await _book.ListAsync(Now.AddDays(-3), default)).Dmarc);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(0, Spool.InFlight);
    }

    // Age was the only bound, and anybody may send reports.
    [Fact]
    public async Task So_many_reports_are_kept_and_the_oldest_go_first_which_is_said()
    {
        const string Kind = "report-dmarc";
        var cancel = TestContext.Current.CancellationToken;
        var shelf = new ReportShelf(_documents, new At(Now), _log);
        var began = Now.ToUnixTimeSeconds() - 100_000;
        await _documents.ChangeDocumentsAsync(
            [.. Enumerable.Range(0, ReportShelf.Most).Select(i => new Document(new(default, Kind, $"name{i}"), [], began + i))], [], cancel);
        foreach (var name in new[] { "new", "newer", "newer" }) await shelf.PutAsync(Kind, name, [1], TimeSpan.FromDays(400), cancel);
        var names = (await _documents.ListDocumentsAsync(default, Kind, cancel)).Select(d => d.Key.Name).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(ReportShelf.Most, names.Count);
        Assert.Superset(new HashSet<string>(StringComparer.Ordinal) { "new", "newer", "name2" }, names);
        Assert.DoesNotContain("name0", names);
        Assert.DoesNotContain("name1", names);
        Assert.Contains("10000 reports (report-dmarc) are kept", Assert.Single(_log.All), StringComparison.Ordinal);
    }

    private async Task<bool> ReadAsync(byte[] message)
    {
        using var body = Body(message);
        return await _book.ReadAsync(body, MimeScannerTests.Scan(message), default);
    }

    private static SpooledBody Body(byte[] message)
    {
        var body = Spool.Begin();
        body.Write(message);
        return body;
    }

    private static string Row(string disposition, string address, string count) =>
        $"<record><row><source_ip>{address}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row></record>";

    private static byte[] Report(string who, DateTimeOffset begin, DateTimeOffset end, params string[] counts) =>
        WithRows(who, begin, end, string.Concat(counts.Select(c => Row("none", "192.0.2.1", c))));

    private static byte[] WithRows(string who, DateTimeOffset begin, DateTimeOffset end, string rows) => Encoding.ASCII.GetBytes(
        $"Content-Type: text/xml\r\n\r\n<feedback><report_metadata><org_name>{who}</org_name><report_id>1</report_id><date_range><begin>{begin.ToUnixTimeSeconds()}</begin>"
        + $"<end>{end.ToUnixTimeSeconds()}</end></date_range></report_metadata><policy_published><domain>d.example</domain><p>none</p></policy_published>{rows}</feedback>\r\n");
}
