using System.Globalization;
using Aviso.Dns;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>The plan for those who keep their DNS elsewhere.</summary>
public sealed class DnsExportTests
{
    private static readonly IReadOnlyList<PlanLine> Lines =
        [.. DnsPlan.Of(PlanFacts.Full with { Domains = ["example.org"] }).Select(s => Comparison.Of(s, new([]), []))];

    [Fact]
    public void Lines_of_a_zone_file_are_the_records_of_the_plan()
    {
        var read = DnsExport.Zone(Lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] != ';').Select(Record).ToList();
        Assert.Equal(Lines.SelectMany(l => l.Wanted.Select(w => $"{l.Name} {l.Type} {w}")), read);

        static string Record(string line)
        {
            var words = line.Split(' ', 5);
            Assert.Equal(("IN", 3600u), (words[2], uint.Parse(words[1], CultureInfo.InvariantCulture)));
            var type = DnsTypes.Parse(words[3])!.Value;
            return $"{words[0].TrimEnd('.')} {type} {(type == DnsType.Txt ? RecordText.Unquote(words[4]) : words[4])}";
        }
    }

    [Theory]
    [InlineData(5, "cloudflare_dns_record", "data = {")]
    [InlineData(4, "cloudflare_record", "data {")]
    public void Terraform_has_one_resource_of_its_own_name_for_each_record(int version, string resource, string data)
    {
        var text = DnsExport.Terraform(Lines, version);
        var names = text.Split('\n').Where(l => l.StartsWith($"resource \"{resource}\" ", StringComparison.Ordinal)).ToList();
        Assert.Equal(Lines.Sum(l => l.Wanted.Count), names.Count);
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Contains("  " + data, text, StringComparison.Ordinal);
        Assert.Contains("zone_id  = var.zone_ids[\"example.org\"]", text, StringComparison.Ordinal);
        Assert.Contains("  content  = \"\\\"v=DMARC1; p=none; rua=mailto:postmaster@example.org\\\"\"", text, StringComparison.Ordinal);
        Assert.Equal(text.Count(c => c == '{'), text.Count(c => c == '}'));
    }

    [Fact]
    public void External_dns_gets_what_it_knows_and_the_rest_as_comments()
    {
        var text = DnsExport.ExternalDns(Lines);
        Assert.StartsWith("apiVersion: externaldns.k8s.io/v1alpha1\nkind: DNSEndpoint\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "  - dnsName: \"example.org\"\n    recordTTL: 3600\n    recordType: MX\n    targets:\n    - \"10 mail.example.org\"\n", text,
            StringComparison.Ordinal);
        Assert.Contains("  # external-dns knows no such record: _25._tcp.mail.example.org. 3600 IN TLSA ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("recordType: CAA", text, StringComparison.Ordinal);
    }
}
