using System.Globalization;
using System.Text;
using System.Xml;
using Microsoft.AspNetCore.WebUtilities;

namespace Aviso.Web;

/// <summary>
/// What Thunderbird, K-9, FairEmail, Evolution and others ask for (draft-bucksch-autoconfig): config-v1.1.xml under autoconfig.DOMAIN,
/// under the domain itself, and under our own name. In the clear too: some ask only there, and nothing in it is secret.
/// </summary>
internal sealed class AutoconfigPages(MailDoors doors, MailDomains domains)
{
    public IReadOnlyList<WebRow> Rows => [Row("/mail/config-v1.1.xml"), Row("/.well-known/autoconfig/mail/config-v1.1.xml")];

    private WebRow Row(string path) => new(WebKinds.Public, HostRule.MailDomain, WebRow.Read, path, (exchange, _) =>
    {
        // Programs that know the whole address say it; else the name they ask names the domain.
        var address = QueryHelpers.ParseQuery(exchange.Request.QueryString).TryGetValue("emailaddress", out var values) ? values.ToString()
            : "";
        return (address.Length > 0 ? domains.OfAddress(address) : domains.Of(exchange.Host)) is { } domain
            ? exchange.AnswerAsync(200, "text/xml; charset=utf-8", Write(domain))
            : exchange.AnswerAsync(404, WebExchange.Plain, "no such mail domain here\n");
    })
    {
        InTheClear = true,
    };

    private string Write(string domain)
    {
        var text = new Utf8Text();
        using (var xml = XmlWriter.Create(text, new() { Indent = true }))
        {
            xml.WriteStartElement("clientConfig");
            xml.WriteAttributeString("version", "1.1");
            xml.WriteStartElement("emailProvider");
            xml.WriteAttributeString("id", domain);
            xml.WriteElementString("domain", domain);
            xml.WriteElementString("displayName", domain);
            xml.WriteElementString("displayShortName", domain);
            foreach (var door in doors.All) Write(xml, door);
            xml.WriteEndDocument();
        }
        return text.ToString();
    }

    private void Write(XmlWriter xml, MailDoor door)
    {
        xml.WriteStartElement(door.Kind == MailDoorKind.Submission ? "outgoingServer" : "incomingServer");
        xml.WriteAttributeString("type", door.Kind switch { MailDoorKind.Imap => "imap", MailDoorKind.Pop3 => "pop3", _ => "smtp" });
        xml.WriteElementString("hostname", doors.HostName);
        xml.WriteElementString("port", door.Port.ToString(CultureInfo.InvariantCulture));
        xml.WriteElementString("socketType", door.IsImplicitTls ? "SSL" : "STARTTLS");
        xml.WriteElementString("authentication", "password-cleartext");
        xml.WriteElementString("username", "%EMAILADDRESS%");
        xml.WriteEndElement();
    }
}

/// <summary>Text that says of itself in an XML declaration what it will be sent as.</summary>
internal sealed class Utf8Text() : StringWriter(CultureInfo.InvariantCulture)
{
    public override Encoding Encoding => Encoding.UTF8;
}
