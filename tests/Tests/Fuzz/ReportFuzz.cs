using System.Text;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Mime;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Reports of strangers: read or refused with a reason, and what was read is written and read back alike.</summary>
public static class ReportFuzz
{
    private static readonly DmarcReport Report = new()
    {
        Organization = "r.example",
        Email = "dmarc@r.example",
        ReportId = "1",
        Begin = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000),
        End = DateTimeOffset.FromUnixTimeSeconds(1_790_086_399),
        Published = new("d.example", "reject", "none", "", true, false, 100, "1"),
        Rows =
        [
            new()
            {
                SourceIp = System.Net.IPAddress.Parse("2001:db8::1"), Count = 3, Disposition = "none", DkimPass = true,
                    HeaderFrom = "d.example", EnvelopeFrom = "d.example",
                Reasons = [new("mailing_list", "x & <y>")], Dkim = [new("d.example", "s", "pass", "")],
                    Spf = [new("d.example", "mfrom", "fail")],
            },
        ],
    };

    [Fact]
    public static void Aggregate_reports_never_break_the_reader()
    {
        foreach (var octets in Mutator.Mutate(DmarcReportWriter.Write(Report), 800, 3))
        {
            var report = DmarcReport.Parse(octets, Work(), out var problem);
            Assert.True(report is not null || problem.Length > 0);
            if (report is not null) Assert.NotNull(DmarcReport.Parse(DmarcReportWriter.Write(report), Work(), out _));
        }
    }

    [Fact]
    public static void Tls_reports_never_break_the_reader()
    {
        var seed = new TlsReport
        {
            Organization = "r",
            Start = DateTimeOffset.UnixEpoch,
            End = DateTimeOffset.UnixEpoch,
            ReportId = "1",
            Policies = [new("sts", "d.example", ["version: STSv1"], ["*.d.example"], 1, 2,
                [new("certificate-expired", "192.0.2.1", "mx", "", 2, "", "")])],
        }.Write();
        foreach (var octets in Mutator.Mutate(seed, 800, 5))
        {
            var report = TlsReport.Parse(octets, Work(), out var problem);
            Assert.True(report is not null || problem.Length > 0);
            if (report is not null) Assert.NotNull(TlsReport.Parse(report.Write(), Work(), out _));
        }
    }

    [Fact]
    public static void Archives_and_feedback_never_break_the_reader()
    {
        var seed = Encoding.ASCII.GetBytes("Content-Type: application/gzip; name=a.gz\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + "H4sIAAAAAAAAA0vOz0nVUShJLS5RSMsvUjDUMVQw0lEwVjDRMVUwU7BQsFSwUjDUMdQxVjDVMVMwBwCYyLJRMgAAAA==\r\n");
        var feedback =
            "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nSource-IP: 192.0.2.1\r\nArrival-Date: Tue, 5 Oct 2021 17:37:02 +1300\r\n"u8.ToArray();
        foreach (var octets in Mutator.Mutate(seed, 400, 9).Concat(Mutator.Mutate(feedback, 400, 9)))
            FoundReport.Find(MimeScannerTests.Scan(octets), ComposerTests.Reader(octets), Work());
    }

    [Fact]
    public static void A_zip_bomb_is_not_opened()
    {
        using var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 40; i++) gzip.Write(zeros);
        }
        var said = new List<string>();
        Assert.Empty(ReportArchive.Open(packed.ToArray(), Work(), said.Add));
        Assert.Equal(["more than 4 MB inside"], said);
    }

    private static WorkBudget Work() => new(WorkLimits.Report, TimeProvider.System);
}
