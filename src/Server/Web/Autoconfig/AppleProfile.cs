using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;

namespace Aviso.Web;

/// <summary>
/// A configuration profile (Apple Configuration Profile Reference, Mail payload) that sets up mail on iPhones, iPads and Macs. The device
/// asks for the password itself. Its identifiers follow from the address, so that a new one takes the place of the old.
/// </summary>
internal static class AppleProfile
{
    public static byte[] Write(MailDoors doors, MailDoor incoming, MailDoor outgoing, string address)
    {
        var name = doors.HostName;
        using var octets = new MemoryStream();
        using (var xml = XmlWriter.Create(octets, new() { Indent = true, Encoding = new UTF8Encoding(false) }))
        {
            xml.WriteDocType("plist", "-//Apple//DTD PLIST 1.0//EN", "http://www.apple.com/DTDs/PropertyList-1.0.dtd", null);
            xml.WriteStartElement("plist");
            xml.WriteAttributeString("version", "1.0");
            xml.WriteStartElement("dict");
            Payload(xml, "Configuration", $"{name}.{address}", address);
            Text(xml, "PayloadOrganization", name);
            Text(xml, "PayloadDescription", $"Mail of {address}");
            Key(xml, "PayloadContent");
            xml.WriteStartElement("array");
            xml.WriteStartElement("dict");
            Payload(xml, "com.apple.mail.managed", $"{name}.{address}.mail", address);
            Text(xml, "EmailAccountType", incoming.Kind == MailDoorKind.Pop3 ? "EmailTypePOP" : "EmailTypeIMAP");
            Text(xml, "EmailAccountDescription", address);
            Text(xml, "EmailAddress", address);
            Server(xml, "Incoming", name, incoming, address);
            Server(xml, "Outgoing", name, outgoing, address);
            Flag(xml, "OutgoingPasswordSameAsIncomingPassword");
            xml.WriteEndDocument();
        }
        return octets.ToArray();
    }

    private static void Payload(XmlWriter xml, string type, string identifier, string display)
    {
        Text(xml, "PayloadType", type);
        Key(xml, "PayloadVersion");
        xml.WriteElementString("integer", "1");
        Text(xml, "PayloadIdentifier", identifier);
        Text(xml, "PayloadUUID", new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(identifier)).AsSpan(0, 16)).ToString().ToUpperInvariant());
        Text(xml, "PayloadDisplayName", display);
    }

    private static void Server(XmlWriter xml, string way, string host, MailDoor door, string address)
    {
        Text(xml, $"{way}MailServerAuthentication", "EmailAuthPassword");
        Text(xml, $"{way}MailServerHostName", host);
        Key(xml, $"{way}MailServerPortNumber");
        xml.WriteElementString("integer", door.Port.ToString(CultureInfo.InvariantCulture));
        // Both kinds of TLS: the device finds out which one the port speaks.
        Flag(xml, $"{way}MailServerUseSSL");
        Text(xml, $"{way}MailServerUsername", address);
    }

    private static void Key(XmlWriter xml, string key) => xml.WriteElementString("key", key);

    private static void Text(XmlWriter xml, string key, string value)
    {
        Key(xml, key);
        xml.WriteElementString("string", value);
    }

    private static void Flag(XmlWriter xml, string key)
    {
        Key(xml, key);
        xml.WriteStartElement("true");
        xml.WriteEndElement();
    }
}
