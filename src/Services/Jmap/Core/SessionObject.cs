using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The Session object (RFC 8620 §2), from what is in memory.</summary>
internal sealed class SessionObject
{
    private readonly MethodTable _table;
    private readonly byte[] _digest;

    public SessionObject(MethodTable table)
    {
        _table = table;
        _digest = SHA256.HashData(Octets(writer => WriteCapabilities(writer, "")));
    }

    public byte[] Write(JmapUser user, string origin) => Octets(writer =>
    {
        writer.WriteStartObject();
        writer.WritePropertyName("capabilities"u8);
        WriteCapabilities(writer, origin);
        WriteWhatIsTheUsers(user, writer);
        writer.WriteString("apiUrl"u8, origin + JmapPaths.Api);
        writer.WriteString("downloadUrl"u8, $"{origin}{JmapPaths.Download}{{accountId}}/{{blobId}}/{{name}}?type={{type}}");
        writer.WriteString("uploadUrl"u8, $"{origin}{JmapPaths.Upload}{{accountId}}/");
        writer.WriteString("eventSourceUrl"u8,
            $"{origin}{JmapPaths.EventSource}?types={{types}}&closeafter={{closeafter}}&ping={{ping}}");
        writer.WriteString("state"u8, StateFor(user));
        writer.WriteEndObject();
    });

    /// <summary>Changes when anything else of the session does.</summary>
    public string StateFor(JmapUser user) => Convert.ToHexStringLower(SHA256.HashData(Octets(writer =>
    {
        writer.WriteStartObject();
        writer.WriteBase64String("capabilities"u8, _digest);
        WriteWhatIsTheUsers(user, writer);
        writer.WriteEndObject();
    })).AsSpan(0, 8));

    private void WriteCapabilities(Utf8JsonWriter writer, string origin)
    {
        writer.WriteStartObject();
        foreach (var capability in _table.Capabilities)
        {
            writer.WriteStartObject(capability.Uri);
            capability.Server(writer, origin);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private void WriteWhatIsTheUsers(JmapUser user, Utf8JsonWriter writer)
    {
        var id = user.Account.ToString();
        var mine = _table.Capabilities.Where(c => c.HasAccounts && c.IsFor(user)).ToList();
        writer.WriteStartObject("accounts"u8);
        writer.WriteStartObject(id);
        writer.WriteString("name"u8, user.Address);
        writer.WriteBoolean("isPersonal"u8, true);
        writer.WriteBoolean("isReadOnly"u8, !user.MayChange);
        writer.WriteStartObject("accountCapabilities"u8);
        foreach (var capability in mine)
        {
            writer.WriteStartObject(capability.Uri);
            capability.Account(writer, user);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteStartObject("primaryAccounts"u8);
        foreach (var capability in mine.Where(c => c.HasPrimaryAccount)) writer.WriteString(capability.Uri, id);
        writer.WriteEndObject();
        writer.WriteString("username"u8, user.Address);
    }

    private static byte[] Octets(Action<Utf8JsonWriter> write)
    {
        var octets = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing)) write(writer);
        return octets.WrittenSpan.ToArray();
    }
}
