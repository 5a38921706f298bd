using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Schema;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Mime;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>suites/reports: aggregate, TLS and feedback reports of many senders.</summary>
public sealed class ReportSuite
{
    [Fact]
    public void Aggregate_reports_hold_what_the_suite_says()
    {
        var read = 0;
        foreach (var file in Files("dmarc-aggregate/mail-auth", "*.xml", "*.eml"))
        {
            var expected = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(file, ".json")))!;
            var report = Dmarc(file);
            Assert.True(report is not null, file);
            Compare(expected, report, Path.GetFileName(file));
            read++;
        }
        Assert.Equal(10, read);
    }

    [Fact]
    public void Odd_aggregate_reports_are_read_or_refused_with_a_reason()
    {
        string[] refused = ["invalid_xml.xml"];
        foreach (var file in Files("dmarc-aggregate", "*.xml", "*.eml", "*.gz", "*.zip"))
        {
            var report = Read(file, out var problem)?.Dmarc;
            if (refused.Contains(Path.GetFileName(file))) Assert.True(report is null && problem.Length > 0, file);
            else
            {
                Assert.True(report is not null, $"{file}: {problem}");
                Assert.True(report.Rows.Count > 0 && report.Published.Domain.Length > 0 && report.ReportId.Length > 0, file);
            }
        }
    }

    [Fact]
    public void The_same_report_in_three_containers_is_the_same()
    {
        var texts = Files("dmarc-aggregate/parsedmarc/container", "nice-input*")
            .Select(f => Encoding.UTF8.GetString(DmarcReportWriter.Write(Read(f, out _)!.Dmarc!))).ToList();
        Assert.Equal(3, texts.Count);
        Assert.Single(texts.Distinct());
    }

    [Fact]
    public void Reports_we_write_are_valid_by_the_schema_and_read_back_alike()
    {
        var schemas = new XmlSchemaSet();
        // As printed its types are looked for outside of its own namespace.
        var text = File.ReadAllText(Path.Combine(Suites.Find("reports"), "dmarc-aggregate", "rua-schema.xsd"))
            .Replace("targetNamespace=", $"xmlns=\"{DmarcReportWriter.Namespace}\" targetNamespace=", StringComparison.Ordinal);
        using (var xsd = XmlReader.Create(new StringReader(text))) schemas.Add(DmarcReportWriter.Namespace, xsd);
        foreach (var file in Files("dmarc-aggregate", "*.xml", "*.eml"))
        {
            if (Read(file, out _)?.Dmarc is not { } report || report.Rows.Any(Unlike) || report.Published.Policy.Length == 0) continue;
            var octets = DmarcReportWriter.Write(report);
            using var reader = XmlReader.Create(new MemoryStream(octets), new() { ValidationType = ValidationType.Schema, Schemas = schemas });
            while (reader.Read()) { }
            Assert.Equal(Encoding.UTF8.GetString(octets),
                Encoding.UTF8.GetString(DmarcReportWriter.Write(DmarcReport.Parse(octets, WorkBudget.Once(), out _)!)));
        }

        // What only others write: words that the schema does not know.
        static bool Unlike(DmarcRow row) => row.Disposition is not ("none" or "quarantine" or "reject") || row.SourceIp is null
            || row.Reasons.Any(r =>
                r.Type is not ("trusted_forwarder" or "mailing_list" or "local_policy" or "policy_test_mode" or "other"))
            || row.Spf.Any(s => s.Result is "unknown" or "error" or "hardfail" or "")
                || row.Dkim.Any(d => d.Result is "unknown" or "" or "invalid");
    }

    [Fact]
    public void Tls_reports_hold_what_the_suite_says()
    {
        foreach (var file in Files("tlsrpt/mail-auth", "*.eml"))
        {
            var expected = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(file, ".json")))!;
            var report = Read(file, out var problem)?.Tls;
            Assert.True(report is not null, $"{file}: {problem}");
            Assert.Equal((string)expected["report-id"]!, report.ReportId);
            Assert.Equal((string)expected["organization-name"]!, report.Organization);
            var policies = expected["policies"]!.AsArray();
            Assert.Equal(policies.Count, report.Policies.Count);
            for (var i = 0; i < policies.Count; i++)
            {
                Assert.Equal((long)policies[i]!["summary"]!["total-successful-session-count"]!, report.Policies[i].Successful);
                Assert.Equal((long)policies[i]!["summary"]!["total-failure-session-count"]!, report.Policies[i].Failed);
                Assert.Equal(policies[i]!["failure-details"]?.AsArray().Count ?? 0, report.Policies[i].Failures.Count);
            }
        }
    }

    [Fact]
    public void Tls_reports_of_every_kind_are_read_and_written_alike()
    {
        foreach (var file in Files("tlsrpt", "*.json", "*.eml").Where(f =>
            !(f.Contains("mail-auth", StringComparison.Ordinal) && f.EndsWith(".json", StringComparison.Ordinal))))
        {
            var report = Read(file, out var problem)?.Tls;
            Assert.True(report is not null, $"{file}: {problem}");
            Assert.Equal(Encoding.UTF8.GetString(report.Write()),
                Encoding.UTF8.GetString(TlsReport.Parse(report.Write(), WorkBudget.Once(), out _)!.Write()));
        }
    }

    [Fact]
    public void A_tls_report_of_ours_has_the_members_of_the_example()
    {
        var example = File.ReadAllBytes(Path.Combine(Suites.Find("reports"), "tlsrpt", "parsedmarc", "rfc8460.json"));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(example), JsonNode.Parse(TlsReport.Parse(example, WorkBudget.Once(), out _)!.Write())));
    }

    [Fact]
    public void Feedback_reports_hold_what_the_suite_says()
    {
        foreach (var file in Files("arf/mail-auth", "*.eml"))
        {
            var expected = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(file, ".json")))!;
            var report = Read(file, out var problem)?.Feedback;
            Assert.True(report is not null, $"{file}: {problem}");
            Assert.Equal(((string)expected["feedback_type"]!).ToLowerInvariant(), report.Type.Replace("-", "", StringComparison.Ordinal));
            Assert.Equal((string?)expected["source_ip"], report.SourceIp?.ToString());
            Assert.Equal((long)expected["incidents"]!, report.Incidents);
            Assert.Equal(expected["arrival_date"] is { } at ? (long?)at : null, report.ArrivalDate?.ToUnixTimeSeconds());
            Assert.Equal(((string?)expected["original_mail_from"] ?? "").Trim('<', '>'), report.OriginalMailFrom);
            Assert.Equal((string?)expected["dkim_domain"] ?? "", report.DkimDomain);
            Assert.Equal(expected["reported_domain"]!.AsArray().Select(d => (string)d!), report.ReportedDomains);
        }
    }

    [Fact]
    public void Other_feedback_mail_never_breaks_the_reader()
    {
        foreach (var file in Files("arf/parsedmarc", "*.eml")) Read(file, out _);
        foreach (var file in Directory.EnumerateFiles(Suites.Find("bounces"), "*.eml", SearchOption.AllDirectories))
            Assert.Null(Read(file, out _)?.Dmarc);
    }

    private static void Compare(JsonNode expected, DmarcReport report, string name)
    {
        var about = expected["report_metadata"]!;
        Assert.Equal((string)about["org_name"]!, report.Organization);
        Assert.Equal((string)about["report_id"]!, report.ReportId);
        Assert.Equal((long)about["date_range"]!["begin"]!, report.Begin.ToUnixTimeSeconds());
        Assert.Equal((string)expected["policy_published"]!["domain"]!, report.Published.Domain);
        var records = expected["record"]!.AsArray();
        Assert.True(records.Count == report.Rows.Count, name);
        for (var i = 0; i < records.Count; i++)
        {
            var (record, row) = (records[i]!, report.Rows[i]);
            Assert.Equal((string)record["row"]!["source_ip"]!, row.SourceIp?.ToString());
            Assert.Equal((long)record["row"]!["count"]!, row.Count);
            var evaluated = record["row"]!["policy_evaluated"]!;
            Assert.Equal(((string)evaluated["disposition"]!).ToLowerInvariant(), row.Disposition);
            Assert.Equal((string)evaluated["dkim"]! == "Pass", row.DkimPass);
            Assert.Equal((string)evaluated["spf"]! == "Pass", row.SpfPass);
            Assert.Equal((string)record["identifiers"]!["header_from"]!, row.HeaderFrom);
            var dkim = record["auth_results"]!["dkim"]!.AsArray();
            Assert.Equal(dkim.Select(d => (string)d!["domain"]!), row.Dkim.Select(d => d.Domain));
            Assert.Equal(dkim.Select(d => ((string)d!["result"]!).ToLowerInvariant()), row.Dkim.Select(d => d.Result));
            var spf = record["auth_results"]!["spf"]!.AsArray();
            Assert.Equal(spf.Select(s => ((string)s!["result"]!).ToLowerInvariant()), row.Spf.Select(s => s.Result));
        }
    }

    private static DmarcReport? Dmarc(string file) => Read(file, out _)?.Dmarc;

    private static FoundReport? Read(string file, out string problem)
    {
        var octets = File.ReadAllBytes(file);
        if (!file.EndsWith(".eml", StringComparison.Ordinal))
        {
            octets = Message(octets, Path.GetFileName(file));
        }
        else if (octets.AsSpan().IndexOf("\r\n"u8) < 0)
        {
            octets = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(octets).Replace("\n", "\r\n", StringComparison.Ordinal));
        }
        var found = FoundReport.Find(
            MimeScannerTests.Scan(octets), ComposerTests.Reader(octets), new(WorkLimits.Report, TimeProvider.System));
        problem = found?.Problem ?? (found is null ? "nothing looks like a report" : "");
        return found;
    }

    private static byte[] Message(byte[] octets, string name) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"Content-Type: application/octet-stream; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks)}\r\n"));

    private static IEnumerable<string> Files(string folder, params string[] patterns) => patterns.SelectMany(pattern =>
        Directory.EnumerateFiles(Path.Combine(Suites.Find("reports"), folder), pattern, SearchOption.AllDirectories)).Order(
            StringComparer.Ordinal);
}
