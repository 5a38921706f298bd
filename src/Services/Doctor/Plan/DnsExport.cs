using System.Globalization;
using System.Text;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>The plan for those who keep their DNS elsewhere.</summary>
public static class DnsExport
{
    /// <summary>Lines of a zone file (RFC 1035 §5).</summary>
    public static string Zone(IEnumerable<PlanLine> lines)
    {
        var text = new StringBuilder();
        foreach (var group in lines.Where(l => l.Wanted.Count > 0).GroupBy(l => l.Domain))
        {
            text.Append(CultureInfo.InvariantCulture, $"; {group.Key}\n");
            foreach (var line in group)
                foreach (var value in line.Wanted) text.Append(Line(line, value)).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>One record as a line of a zone file.</summary>
    public static string Line(PlanLine line, string value) =>
        $"{line.Name}. {line.Ttl} IN {DnsTypes.NameOf(line.Type)} {(line.Type == DnsType.Txt ? RecordText.Quoted(value) : value)}";

    /// <summary>Terraform resources for Cloudflare.</summary>
    /// <param name="version">Of the provider: 5 calls them cloudflare_dns_record, 4 cloudflare_record.</param>
    public static string Terraform(IEnumerable<PlanLine> lines, int version)
    {
        var text = new StringBuilder(
            "variable \"zone_ids\" {\n  type        = map(string)\n  description = \"Cloudflare's zone ids by zone, such as { "
                + "\\\"example.org\\\" = \\\"0123...\\\" }\"\n}\n");
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in lines)
            foreach (var value in line.Wanted)
                if (RecordText.Parse(line.Name, line.Ttl, line.Type, value) is { } record) Resource(text, used, line, record, version);
        return text.ToString();
    }

    /// <summary>A DNSEndpoint of external-dns.</summary>
    public static string ExternalDns(IEnumerable<PlanLine> lines)
    {
        var text = new StringBuilder(
            "apiVersion: externaldns.k8s.io/v1alpha1\nkind: DNSEndpoint\nmetadata:\n  name: aviso\nspec:\n  endpoints:\n");
        foreach (var line in lines.Where(l => l.Wanted.Count > 0))
        {
            if (line.Type is DnsType.Tlsa or DnsType.Caa)
            {
                foreach (var value in line.Wanted) text.Append("  # external-dns knows no such record: ").Append(Line(line, value))
                    .Append('\n');
                continue;
            }
            text.Append(CultureInfo.InvariantCulture,
                $"  - dnsName: {Text(line.Name)}\n    recordTTL: {line.Ttl}\n    recordType: {DnsTypes.NameOf(line.Type)}\n    targets:\n");
            // It wants hosts without their last dot, but for SRV.
            foreach (var value in line.Wanted) text.Append("    - ").Append(Text(line.Type is DnsType.Mx or DnsType.Cname
                ? value.TrimEnd('.') : value)).Append('\n');
        }
        return text.ToString();
    }

    private static void Resource(StringBuilder text, HashSet<string> used, PlanLine line, DnsRecord record, int version)
    {
        var label = new string([.. $"{line.Name}_{DnsTypes.NameOf(line.Type)}".ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c)
            || c == '_' ? c : '_')]);
        if (!char.IsAsciiLetter(label[0]) && label[0] != '_') label = "_" + label;
        var name = label;
        for (var i = 2; !used.Add(name); i++) name = $"{label}_{i}";
        text.Append(CultureInfo.InvariantCulture,
            $"\nresource \"{(version == 4 ? "cloudflare_record" : "cloudflare_dns_record")}\" \"{name}\" {{\n");
        Put("zone_id", $"var.zone_ids[{Text(PublicSuffixes.Embedded.RegistrableDomain(line.Name) ?? line.Domain)}]");
        Put("name", Text(line.Name));
        Put("type", Text(DnsTypes.NameOf(line.Type)));
        Put("ttl", line.Ttl.ToString(CultureInfo.InvariantCulture));
        Content(record);
        Put("comment", Text("aviso"));
        text.Append("}\n");

        void Content(DnsRecord of)
        {
            switch (of)
            {
                case MxRecord mx:
                    Put("content", Text(mx.Exchange));
                    Put("priority", mx.Preference.ToString(CultureInfo.InvariantCulture));
                    break;
                case TxtRecord txt: Put("content", Text(RecordText.Quoted(txt.Text))); break;
                case CnameRecord cname:
                    Put("content", Text(cname.Target));
                    Put("proxied", "false");
                    break;
                case ARecord or AaaaRecord:
                    Put("content", Text(RecordText.Of(of)));
                    Put("proxied", "false");
                    break;
                case SrvRecord s:
                    Data(("priority", $"{s.Priority}"), ("weight", $"{s.Weight}"), ("port", $"{s.Port}"),
                    ("target", Text(s.Target))); break;
                case TlsaRecord t:
                    Data(("usage", $"{t.Usage}"), ("selector", $"{t.Selector}"), ("matching_type", $"{t.MatchingType}"),
                        ("certificate", Text(Convert.ToHexStringLower(t.Data))));
                    break;
                case CaaRecord c:
                    // Version 5 takes the flags as a number or a text, version 4 as a text.
                    Data(("flags", Text($"{c.Flags}")), ("tag", Text(c.Tag)), ("value", Text(Encoding.Latin1.GetString(c.Value))));
                    break;
                default: Put("content", Text(RecordText.Of(of))); break;
            }
        }

        void Put(string key, string value) => text.Append(CultureInfo.InvariantCulture, $"  {key,-8} = {value}\n");

        // An attribute since version 5, a block before.
        void Data(params (string Key, string Value)[] parts)
        {
            text.Append(version == 4 ? "  data {\n" : "  data = {\n");
            foreach (var (key, value) in parts) text.Append(CultureInfo.InvariantCulture, $"    {key} = {value}\n");
            text.Append("  }\n");
        }
    }

    // HCL and YAML read a JSON string as it is; HCL takes "${" and "%{" for its own.
    private static string Text(string value) => "\"" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"",
        StringComparison.Ordinal)
        .Replace("${", "$${", StringComparison.Ordinal).Replace("%{", "%%{", StringComparison.Ordinal) + "\"";
}
