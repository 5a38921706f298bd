using System.Buffers;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What an upload is answered (RFC 8620 §6.1).</summary>
internal static class UploadAnswer
{
    public static JmapReply Write(AccountId account, BlobId id, string type, long size)
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("accountId"u8, account.ToString());
            writer.WriteString("blobId"u8, id.ToString());
            writer.WriteString("type"u8, type);
            writer.WriteNumber("size"u8, size);
            writer.WriteEndObject();
        }
        return new(201, JmapReply.Json, octets.WrittenMemory);
    }
}
