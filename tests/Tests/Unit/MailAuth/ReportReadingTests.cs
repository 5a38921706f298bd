using System.Text;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Tests.Battery;
using Aviso.Tests.Unit.Mime;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

/// <summary>Reports as reporters send them: every container, type, encoding and date, and what is no report at all.</summary>
public sealed class ReportReadingTests
{
    private const string Xml = """
        <?xml version="1.0"?><feedback><report_metadata><org_name>r.example</org_name><report_id>1</report_id><date_range><begin>BEGIN</begin><end>END</end></date_range></report_metadata>
        <policy_published><domain>d.example</domain><p>none</p></policy_published>
        <record><row><source_ip>192.0.2.1</source_ip><count>COUNT</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
        <identifiers><header_from>d.example</header_from></identifiers></record></feedback>
        """;

    private static string Report(string begin = "1790000000", string end = "1790086399", string count = "3") =>
        Xml.Replace("BEGIN", begin, StringComparison.Ordinal).Replace("END", end, StringComparison.Ordinal)
            .Replace("COUNT", count, StringComparison.Ordinal);

    [Theory]
    [InlineData("1790000000.0", "1790086399.5")]
    [InlineData("1790000000000", "1790086399000")]
    [InlineData("2026-09-21T14:13:20Z", "2026-09-22T14:13:19+00:00")]
    [InlineData(" 1790000000 ", "1790086399")]
    public void Dates_are_read_in_seconds_with_fractions_milliseconds_and_words(string begin, string end)
    {
        var report = DmarcReport.Parse(Encoding.UTF8.GetBytes(Report(begin, end)), WorkBudget.Once(), out _)!;
        Assert.Equal((1_790_000_000, 1_790_086_399), (report.Begin.ToUnixTimeSeconds(), report.End.ToUnixTimeSeconds()));
    }

    [Theory]
    [InlineData("utf-16le")]
    [InlineData("utf-16be")]
    [InlineData("utf-16le without mark")]
    [InlineData("iso-8859-1")]
    public void Every_encoding_of_xml_is_read(string encoding)
    {
        var text = Report().Replace("r.example", "Ü.example", StringComparison.Ordinal);
        byte[] octets = encoding switch
        {
            "utf-16le" => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(text)],
            "utf-16be" => [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(text)],
            "iso-8859-1" => Encoding.Latin1.GetBytes(
                text.Replace("version=\"1.0\"", "version=\"1.0\" encoding=\"ISO-8859-1\"", StringComparison.Ordinal)),
            _ => Encoding.Unicode.GetBytes(text),
        };
        Assert.Equal("Ü.example", DmarcReport.Parse(octets, WorkBudget.Once(), out _)!.Organization);
        Assert.NotNull(Find(Message("application/octet-stream", octets))!.Dmarc);
    }

    public static TheoryData<string, string> Containers => new()
    {
        { "application/octet-stream", "gz" }, { "application/x-compressed", "gz" }, { "application/x-compressed", "zip" }, { "application/gzip; name=a.xml.gz", "gz gz" },
        { "application/zip", "zip beside" }, { "application/zip", "zip gz" }, { "text/plain", "plain" }, { "application/octet-stream", "plain" }, { "text/xml", "plain" }, { "application/x-zip", "zip prefix" },
    };

    [Theory]
    [MemberData(nameof(Containers))]
    public void A_report_is_found_by_its_octets_whatever_it_is_called(string type, string container)
    {
        var octets = Encoding.UTF8.GetBytes(Report());
        octets = container switch
        {
            "gz" => Bombs.Gzip(octets),
            "gz gz" => Bombs.Gzip(Bombs.Gzip(octets)),
            "zip" => Bombs.Zip(("r.xml", octets)),
            "zip gz" => Bombs.Zip(("r.xml.gz", Bombs.Gzip(octets))),
            "zip beside" =>
                Bombs.Zip(("__MACOSX/._r.xml", "\0\u0005\u0016\a"u8.ToArray()), ("readme.txt", "hello"u8.ToArray()), ("r.xml", octets)),
            "zip prefix" => [.. "PK\u0003\u0004"u8, .. Bombs.Zip(("r.xml", octets))],
            _ => octets,
        };
        Assert.Equal("d.example", Find(Message(type, octets))?.Dmarc?.Published.Domain);
    }

    [Fact]
    public void What_says_that_it_is_a_report_and_is_none_is_said()
    {
        Assert.Equal("its subject says that it is a report, and nothing in it is one",
            Find("Subject: Report Domain: d.example Submitter: r.example\r\n\r\nsee our portal\r\n"u8.ToArray())!.Problem);
        Assert.Contains("wants a password", Find(Message("application/zip", Locked()))!.Problem, StringComparison.Ordinal);
        Assert.Null(Find("Subject: hello\r\n\r\n{ a letter }\r\n"u8.ToArray()));
        Assert.Null(Find(Message("application/octet-stream", "<p>a page</p>"u8.ToArray())));
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("99999999999999999999999999")]
    [InlineData("1e30")]
    public void A_count_that_nobody_can_believe_is_marked(string count)
    {
        var report = DmarcReport.Parse(Encoding.UTF8.GetBytes(Report(count: count)), WorkBudget.Once(), out _)!;
        Assert.False(report.IsBelievable);
        Assert.True(report.Rows[0].Count <= 1_000_000_000);
        Assert.True(DmarcReport.Parse(Encoding.UTF8.GetBytes(Report(count: "999999999")), WorkBudget.Once(), out _)!.IsBelievable);
    }

    public static TheoryData<string> BombNames => [.. ReportBombs.All.Keys];

    [Theory]
    [MemberData(nameof(BombNames))]
    public void A_bomb_in_a_report_costs_a_bounded_time_and_memory_and_is_said(string name)
    {
        var message = ReportBombs.All[name]();
        Assert.True(message.Length <= 10 << 20);
        var root = MimeScannerTests.Scan(message);
        FoundReport? found = null;
        var cost = Cost.Of(() =>
            found = FoundReport.Find(root, ComposerTests.Reader(message), new(WorkLimits.Report, TimeProvider.System)));
        Assert.True(found is { Problem: not null } or { Dmarc.IsCut: true } or { Tls.IsCut: true } || name.StartsWith("honest", StringComparison.Ordinal), "nobody says that not all of it was read");
        cost.AssertBounded(name);
    }

    private static FoundReport? Find(byte[] message) =>
        FoundReport.Find(MimeScannerTests.Scan(message), ComposerTests.Reader(message), new(WorkLimits.Report, TimeProvider.System));

    private static byte[] Message(string type, byte[] octets) => Encoding.ASCII.GetBytes(
        $"Subject: x\r\nContent-Type: {type}\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks)}\r\n");

    private static byte[] Locked()
    {
        var zip = Bombs.Zip(("r.xml", "x"u8.ToArray()));
        zip[6] |= 1;
        zip[zip.AsSpan().IndexOf("PK\u0001\u0002"u8) + 8] |= 1;
        return zip;
    }
}
