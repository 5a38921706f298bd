using System.Net;
using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.MailAuth;
using Aviso.Net;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests.Unit.Base;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>What mail teaches: reports about us, reports of ours, traps.</summary>
public sealed class FilteredReportTests : FilteredScene
{
    [Fact]
    public async Task A_report_to_the_postmaster_is_kept_and_the_days_count_becomes_a_report_of_ours()
    {
        var xml = Convert.ToBase64String(DmarcReportWriter.Write(new()
        {
            Organization = "receiver.example",
            ReportId = "7",
            Begin = Store.Clock.GetUtcNow().AddDays(-1),
            End = Store.Clock.GetUtcNow(),
            Published = new("example.org", "none", "", "", false, false, 100, ""),
            Rows = [new() { SourceIp = IPAddress.Parse("192.0.2.99"), Count = 5, Disposition = "quarantine", HeaderFrom = "example.org" }],
        }), Base64FormattingOptions.InsertLineBreaks);
        await SendAsync("Subject: Report Domain: example.org\r\nContent-Type: text/xml; name=\"a!example.org!1!2.xml\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + xml + "\r\n", "postmaster@example.org");
        await Intake.IdleAsync(default);
        var (dmarc, _, _, _) = await Reports.ListAsync(Store.Clock.GetUtcNow().AddDays(-3), default);
        Assert.Equal(5, Assert.Single(dmarc).Rows.Sum(r => r.Count));

        for (var i = 0; i < 3; i++) await SendAsync(Plain, "alice@example.org");
        Store.Clock.Advance(TimeSpan.FromDays(1));
        var sender = new ReportSender(new("mail.example.org", "postmaster@example.org", true), Tally, new(Store.Store, Store.Clock), Store.Store, new(), new Router([]), Zone,
            new IdSource(Store.Clock), Store.Clock, NullLogger.Instance);
        await sender.OnceAsync(default);
        var (_, text) = await QueuedAsync("agg@sender.example");
        var octets = Encoding.UTF8.GetBytes(text);
        var found = FoundReport.Find(Unit.Mime.MimeScannerTests.Scan(octets), Unit.Mime.ComposerTests.Reader(octets), new(WorkLimits.Report, TimeProvider.System))?.Dmarc;
        Assert.Equal(("sender.example", 3L), (found!.Published.Domain, found.Rows.Sum(r => r.Count)));
        await sender.OnceAsync(default);
        Assert.Single(await Store.Store.ListQueueAsync(new(Recipient: "agg@sender.example"), 10, default));
    }

    [Fact]
    public async Task Mail_to_a_trap_is_taken_and_goes_to_nobody_but_teaches()
    {
        using var file = RowFile.Open(Path.Combine(Store.Folder, "spam.db"), Store.Clock, NullLogger.Instance);
        using var words = new LearnedWords(file, Store.Clock, NullLogger.Instance);
        await using var reputation = new Reputation(file, Store.Clock);
        var heard = new Heard();
        var traps = new SpamTraps(Store.Clock, NullLogger.Instance) { Words = words, Reputation = reputation, Evidence = heard };
        traps.Declare(["Trap@example.org", "old-*@caught.example", "trap@elsewhere.example"]);
        Make(f => f with { Traps = traps });
        Filter.Score = 20;
        Assert.Null((await SendAsync(Plain, "trap@example.org")).Recipients[0]);
        await words.SettleAsync();
        Assert.Equal((0, 1), words.Learned);
        Assert.Equal([new(ListenerKind.Smtp, IPAddress.Parse("192.0.2.7"), Reason.SpamTrap)], heard.All);
        Assert.True(reputation.Of(Reputation.Name('d', "sender.example", true))!.Value.Spam > 0);

        // With a person among the recipients it is filed, and the sender hears nothing of it; a pattern wins over a catch-all, and over nobody.
        Assert.All((await SendAsync(Plain.Replace("<1@", "<2@", StringComparison.Ordinal), "alice@example.org", "OLD-1@caught.example")).Recipients, Assert.Null);
        await OneAsync("alice@example.org", "Junk");
        Assert.Empty(await ReadAsync("keeper@example.org", "INBOX"));
        await words.SettleAsync();
        Assert.Equal((0, 2), words.Learned);

        // A bounce says that somebody else used the trap's name.
        Assert.Null((await SendAsync(Plain, ["trap@example.org"], from: "")).Recipients[0]);
        Assert.Equal(2, heard.All.Count);

        // A login is not fooled, and a domain that is not ours has no traps.
        var elsewhere = Begin("x@sender.example", "192.0.2.7");
        Assert.Equal(554, (await RcptAsync(elsewhere, new(Addresses.Of("trap@elsewhere.example"), null, null)))!.Code);
        var login = Begin("alice@example.org", "192.0.2.7", "alice@example.org");
        Assert.Equal(550, (await RcptAsync(login, new(Addresses.Of("trap@example.org"), null, null)))!.Code);

        // What one network teaches has an end.
        for (var i = 0; i < 20; i++) await SendAsync(Plain.Replace("hello", $"hello {i}", StringComparison.Ordinal), "trap@example.org");
        await words.SettleAsync();
        Assert.Equal((0, 5), words.Learned);
    }

    private sealed class Heard : IEvidence
    {
        public List<Evidence> All { get; } = [];

        public void Report(Evidence evidence) => All.Add(evidence);
    }
}
