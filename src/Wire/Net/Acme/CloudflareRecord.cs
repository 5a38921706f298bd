using System.Text;
using System.Text.Json.Nodes;
using Aviso.Dns;

namespace Aviso.Net;

/// <summary>A record as Cloudflare holds it.</summary>
/// <param name="Record">Null for a type, or a content, that we do not read: it is left alone.</param>
/// <param name="IsProxied">Cloudflare answers in its place.</param>
public sealed record CloudflareRecord(string Id, string Name, string Type, DnsRecord? Record, bool IsProxied)
{
    internal static CloudflareRecord Read(JsonObject from)
    {
        var (name, type) = (AcmeJson.Text(from, "name"), AcmeJson.Text(from, "type"));
        var record = DnsTypes.Parse(type) is { } known
            ? RecordText.Parse(name, Number(from, "ttl"), known, Content(from, known)) : null;
        return new(AcmeJson.Text(from, "id"), DnsName.Normalize(name) ?? name, type, record,
            from["proxied"] is JsonValue proxied && proxied.TryGetValue<bool>(out var value) && value);
    }

    internal static JsonObject Write(DnsRecord record, string comment)
    {
        var json = new JsonObject
        {
            ["type"] = DnsTypes.NameOf(record.Type),
            ["name"] = record.Name,
            ["ttl"] = record.Ttl,
            ["comment"] = comment,
        };
        switch (record)
        {
            case MxRecord mx:
                (json["content"], json["priority"]) = (mx.Exchange, mx.Preference);
                break;
            case TxtRecord txt:
                json["content"] = RecordText.Quoted(txt.Text);
                break;
            case CnameRecord cname:
                (json["content"], json["proxied"]) = (cname.Target, false);
                break;
            case ARecord or AaaaRecord:
                (json["content"], json["proxied"]) = (RecordText.Of(record), false);
                break;
            case SrvRecord srv:
                json["data"] = new JsonObject
                {
                    ["priority"] = srv.Priority,
                    ["weight"] = srv.Weight,
                    ["port"] = srv.Port,
                    ["target"] = srv.Target,
                };
                break;
            case TlsaRecord tlsa:
                json["data"] = new JsonObject
                {
                    ["usage"] = tlsa.Usage,
                    ["selector"] = tlsa.Selector,
                    ["matching_type"] = tlsa.MatchingType,
                    ["certificate"] = Convert.ToHexStringLower(tlsa.Data),
                };
                break;
            case CaaRecord caa:
                json["data"] = new JsonObject
                {
                    ["flags"] = caa.Flags,
                    ["tag"] = caa.Tag,
                    ["value"] = Encoding.Latin1.GetString(caa.Value),
                };
                break;
            default:
                json["content"] = RecordText.Of(record);
                break;
        }
        return json;
    }

    // As in a zone file; what has parts stands in `data`.
    private static string Content(JsonObject from, DnsType type)
    {
        var (content, data) = (AcmeJson.Text(from, "content"), from["data"] as JsonObject);
        return (type, data) switch
        {
            (DnsType.Mx, _) => $"{Number(from, "priority")} {content}",
            (DnsType.Txt, _) => RecordText.Unquote(content),
            (DnsType.Srv, { }) =>
                $"{Number(data, "priority")} {Number(data, "weight")} {Number(data, "port")} {AcmeJson.Text(data, "target")}",
            (DnsType.Tlsa, { }) =>
                $"{Number(data, "usage")} {Number(data, "selector")} {Number(data, "matching_type")} {AcmeJson.Text(data, "certificate")}",
            (DnsType.Caa, { }) => RecordText.Of(new CaaRecord("x", 0, (byte)Math.Min(Number(data, "flags"), 255),
                AcmeJson.Text(data, "tag"),
                Encoding.Latin1.GetBytes(AcmeJson.Text(data, "value")))),
            _ => content,
        };
    }

    private static uint Number(JsonObject from, string name) => from[name] is JsonValue value && value.TryGetValue<uint>(out var number)
        ? number : 0;
}
