using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Xml;

namespace Aviso.MailAuth;

/// <summary>Writes an aggregate report as RFC 7489 appendix C and its successor want it: every element, in their order.</summary>
public static class DmarcReportWriter
{
    public const string Namespace = "urn:ietf:params:xml:ns:dmarc-2.0";

    /// <returns>The XML document in UTF-8.</returns>
    public static byte[] Write(DmarcReport report)
    {
        using var octets = new MemoryStream();
        using (var xml = XmlWriter.Create(octets, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false) }))
        {
            // The schema qualifies the root only.
            xml.WriteStartElement("f", "feedback", Namespace);
            Metadata(xml, report);
            Published(xml, report.Published);
            foreach (var row in report.Rows) Record(xml, row);
            xml.WriteEndElement();
        }
        return octets.ToArray();
    }

    private static void Metadata(XmlWriter xml, DmarcReport report)
    {
        xml.WriteStartElement("report_metadata");
        xml.WriteElementString("org_name", Clean(report.Organization));
        xml.WriteElementString("email", Clean(report.Email));
        if (report.Contact.Length > 0) xml.WriteElementString("extra_contact_info", Clean(report.Contact));
        xml.WriteElementString("report_id", Clean(report.ReportId));
        xml.WriteStartElement("date_range");
        xml.WriteElementString("begin", Number(report.Begin.ToUnixTimeSeconds()));
        xml.WriteElementString("end", Number(report.End.ToUnixTimeSeconds()));
        xml.WriteEndElement();
        foreach (var error in report.Errors) xml.WriteElementString("error", Clean(error));
        xml.WriteEndElement();
    }

    private static void Published(XmlWriter xml, DmarcPublished published)
    {
        xml.WriteStartElement("policy_published");
        xml.WriteElementString("domain", Clean(published.Domain));
        xml.WriteElementString("adkim", published.StrictDkim ? "s" : "r");
        xml.WriteElementString("aspf", published.StrictSpf ? "s" : "r");
        if (published.Policy.Length > 0) xml.WriteElementString("p", published.Policy);
        if (published.SubdomainPolicy.Length > 0) xml.WriteElementString("sp", published.SubdomainPolicy);
        if (published.NonexistentPolicy.Length > 0) xml.WriteElementString("np", published.NonexistentPolicy);
        if (published.FailureOptions.Length > 0) xml.WriteElementString("fo", Clean(published.FailureOptions));
        xml.WriteEndElement();
    }

    private static void Record(XmlWriter xml, DmarcRow row)
    {
        xml.WriteStartElement("record");
        xml.WriteStartElement("row");
        xml.WriteElementString("source_ip", Address(row.SourceIp ?? IPAddress.Any));
        xml.WriteElementString("count", Number(row.Count));
        xml.WriteStartElement("policy_evaluated");
        xml.WriteElementString("disposition", row.Disposition);
        xml.WriteElementString("dkim", row.DkimPass ? "pass" : "fail");
        xml.WriteElementString("spf", row.SpfPass ? "pass" : "fail");
        foreach (var reason in row.Reasons)
        {
            xml.WriteStartElement("reason");
            xml.WriteElementString("type", reason.Type);
            if (reason.Comment.Length > 0) xml.WriteElementString("comment", Clean(reason.Comment));
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteStartElement("identifiers");
        if (row.EnvelopeTo.Length > 0) xml.WriteElementString("envelope_to", Clean(row.EnvelopeTo));
        xml.WriteElementString("envelope_from", Clean(row.EnvelopeFrom));
        xml.WriteElementString("header_from", Clean(row.HeaderFrom));
        xml.WriteEndElement();
        Results(xml, row);
        xml.WriteEndElement();
    }

    private static void Results(XmlWriter xml, DmarcRow row)
    {
        xml.WriteStartElement("auth_results");
        foreach (var dkim in row.Dkim)
        {
            xml.WriteStartElement("dkim");
            xml.WriteElementString("domain", Clean(dkim.Domain));
            xml.WriteElementString("selector", Clean(dkim.Selector));
            xml.WriteElementString("result", dkim.Result);
            if (dkim.Explanation.Length > 0) xml.WriteElementString("human_result", Clean(dkim.Explanation));
            xml.WriteEndElement();
        }
        // RFC 7489 appendix C: there is always at least one SPF result.
        foreach (var spf in row.Spf.DefaultIfEmpty(new(row.EnvelopeFrom, "mfrom", "none")))
        {
            xml.WriteStartElement("spf");
            xml.WriteElementString("domain", Clean(spf.Domain));
            xml.WriteElementString("scope", spf.Scope == "helo" ? "helo" : "mfrom");
            xml.WriteElementString("result", spf.Result);
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    }

    // The schema's pattern knows IPv6 in its long form only.
    private static string Address(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        var octets = address.GetAddressBytes();
        return string.Join(':',
            Enumerable.Range(0, 8).Select(i => ((octets[2 * i] << 8) | octets[(2 * i) + 1]).ToString("x", CultureInfo.InvariantCulture)));
    }

    // XML 1.0 has no place for most control characters; a stranger's domain may hold them.
    private static string Clean(string text) =>
        string.Concat(text.EnumerateRunes().Where(r => r.Value is 9 or 10 or 13 or (>= 32 and not 0xFFFE and not 0xFFFF)));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
