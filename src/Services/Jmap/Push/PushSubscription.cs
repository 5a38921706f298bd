using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>A PushSubscription (RFC 8620 §7.2), as it is kept.</summary>
/// <param name="Credential">What it was made with; it ends with that.</param>
/// <param name="Code">The verification code that was sent to the URL.</param>
/// <param name="Expires">Unix seconds UTC.</param>
internal sealed record PushSubscription(string Id, string Credential, string DeviceClientId, Uri Url, string Code, long Expires)
{
    /// <summary>url and keys are never shown again (RFC 8620 §7.2.1).</summary>
    public static readonly IReadOnlyList<string> Properties = ["id", "deviceClientId", "verificationCode", "expires", "types"];

    public PushKeys? Keys { get; init; }

    /// <summary>The client has shown that it reads what is sent to the URL.</summary>
    public bool IsVerified { get; init; }

    /// <summary>Null: all.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    public void Write(Utf8JsonWriter writer, Func<string, bool> wants)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        if (wants("deviceClientId")) writer.WriteString("deviceClientId"u8, DeviceClientId);
        if (wants("verificationCode")) writer.WriteString("verificationCode"u8, IsVerified ? Code : null);
        if (wants("expires")) writer.WriteString("expires"u8, JsonDates.Utc(Expires));
        if (wants("types")) WriteTypes(writer);
        writer.WriteEndObject();
    }

    public byte[] Kept()
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, Id);
            writer.WriteString("credential"u8, Credential);
            writer.WriteString("device"u8, DeviceClientId);
            writer.WriteString("url"u8, Url.AbsoluteUri);
            writer.WriteString("code"u8, Code);
            writer.WriteNumber("expires"u8, Expires);
            writer.WriteBoolean("verified"u8, IsVerified);
            if (Keys is not null)
            {
                writer.WriteString("p256dh"u8, Base64Url.EncodeToString(Keys.P256dh));
                writer.WriteString("auth"u8, Base64Url.EncodeToString(Keys.Auth));
            }
            WriteTypes(writer);
            writer.WriteEndObject();
        }
        return octets.WrittenSpan.ToArray();
    }

    public static PushSubscription Read(ReadOnlyMemory<byte> kept)
    {
        using var document = InternetJson.ParseOwn(kept);
        var root = document.RootElement;
        return new(Text("id"), Text("credential"), Text("device"), new(Text("url")), Text("code"), root.GetProperty("expires"u8).GetInt64())
        {
            IsVerified = root.GetProperty("verified"u8).GetBoolean(),
            Keys = root.TryGetProperty("p256dh"u8, out _) ? PushKeys.Read(Text("p256dh"), Text("auth")) : null,
            Types = root.GetProperty("types"u8) is { ValueKind: JsonValueKind.Array } list
                ? [.. list.EnumerateArray().Select(t => t.GetString() ?? "")] : null,
        };

        string Text(string name) => root.GetProperty(name).GetString() ?? "";
    }

    private void WriteTypes(Utf8JsonWriter writer)
    {
        if (Types is null) writer.WriteNull("types"u8);
        else writer.WriteTexts("types"u8, Types);
    }
}
