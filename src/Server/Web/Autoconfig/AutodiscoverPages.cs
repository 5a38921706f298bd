using System.Globalization;
using System.Xml;
using Microsoft.AspNetCore.Http;

namespace Aviso.Web;

/// <summary>What Outlook asks for: Autodiscover in plain XML (MS-OXDSCLI §2.2.3, §2.2.4). The password that it sends along is not
/// looked at.</summary>
internal sealed class AutodiscoverPages(MailDoors doors, MailDomains domains, TimeProvider clock)
{
    private const string Envelope = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
    private const string Outlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

    // Kestrel compares paths octet by octet, programs write them in two ways.
    public IReadOnlyList<WebRow> Rows => [Row("/autodiscover/autodiscover.xml"), Row("/Autodiscover/Autodiscover.xml")];

    private WebRow Row(string path) => new(WebKinds.Public, HostRule.MailDomain, ["POST"], path, AnswerAsync);

    private async Task AnswerAsync(WebExchange exchange, CancellationToken cancel)
    {
        var address = await AddressAsync(exchange, cancel);
        await exchange.AnswerAsync(200, "text/xml; charset=utf-8", Write(xml =>
        {
            if (address.Length > 0 && domains.OfAddress(address) is not null) WriteAccount(xml, address);
            else WriteError(xml);
        }));
    }

    /// <summary>The address that is asked about; empty when there is none to be read.</summary>
    private static async Task<string> AddressAsync(WebExchange exchange, CancellationToken cancel)
    {
        // A question has no entities to expand, and nothing in it is looked up.
        var settings = new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit, MaxCharactersInDocument = 16 << 10 };
        try
        {
            using var xml = XmlReader.Create(exchange.Request.Body, settings);
            while (await xml.ReadAsync().WaitAsync(cancel))
            {
                if (xml is { NodeType: XmlNodeType.Element, LocalName: "EMailAddress" })
                    return (await xml.ReadElementContentAsStringAsync()).Trim();
            }
        }
        catch (Exception e) when (e is XmlException or BadHttpRequestException or InvalidOperationException)
        {
            // None.
        }
        return "";
    }

    private static string Write(Action<XmlWriter> response)
    {
        var text = new Utf8Text();
        using (var xml = XmlWriter.Create(text, new() { Indent = true }))
        {
            xml.WriteStartElement("Autodiscover", Envelope);
            response(xml);
            xml.WriteEndDocument();
        }
        return text.ToString();
    }

    private void WriteAccount(XmlWriter xml, string address)
    {
        xml.WriteStartElement("Response", Outlook);
        xml.WriteStartElement("Account");
        xml.WriteElementString("AccountType", "email");
        xml.WriteElementString("Action", "settings");
        foreach (var kind in (MailDoorKind[])[MailDoorKind.Imap, MailDoorKind.Pop3, MailDoorKind.Submission])
        {
            if (doors.First(kind) is { } door) WriteProtocol(xml, door, address);
        }
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private void WriteProtocol(XmlWriter xml, MailDoor door, string address)
    {
        xml.WriteStartElement("Protocol");
        xml.WriteElementString("Type", door.Kind switch { MailDoorKind.Imap => "IMAP", MailDoorKind.Pop3 => "POP3", _ => "SMTP" });
        xml.WriteElementString("Server", doors.HostName);
        xml.WriteElementString("Port", door.Port.ToString(CultureInfo.InvariantCulture));
        xml.WriteElementString("LoginName", address);
        xml.WriteElementString("DomainRequired", "off");
        xml.WriteElementString("SPA", "off");
        xml.WriteElementString("SSL", "on");
        xml.WriteElementString("Encryption", door.IsImplicitTls ? "SSL" : "TLS");
        xml.WriteElementString("AuthRequired", "on");
        if (door.Kind == MailDoorKind.Submission)
        {
            xml.WriteElementString("UsePOPAuth", "on");
            xml.WriteElementString("SMTPLast", "off");
        }
        xml.WriteEndElement();
    }

    // §2.2.4.1.1.3: 600 is a request that is not valid, or about nobody here.
    private void WriteError(XmlWriter xml)
    {
        xml.WriteStartElement("Response", Envelope);
        xml.WriteStartElement("Error");
        xml.WriteAttributeString("Time", clock.GetUtcNow().ToString("HH:mm:ss.fffffff", CultureInfo.InvariantCulture));
        xml.WriteAttributeString("Id", "0");
        xml.WriteElementString("ErrorCode", "600");
        xml.WriteElementString("Message", "Invalid Request");
        xml.WriteStartElement("DebugData");
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }
}
