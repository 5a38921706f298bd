using System.Buffers;
using System.Text.Json;
using Aviso.Base;

namespace Aviso.Jmap;

/// <summary>An address of RFC 8621 §4.1.2.3.</summary>
internal sealed record EmailAddressValue(string? Name, string Email);

/// <summary>An Identity (RFC 8621 §6), as it is kept.</summary>
/// <param name="Email">An address, or * and a domain for every address in it.</param>
internal sealed record Identity(string Id, string Email)
{
    public static readonly IReadOnlyList<string> Properties =
        ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"];

    /// <summary>Characters of a name, and of a signature.</summary>
    private const int MostName = 500, MostSignature = 64 * 1024;

    private const int MostAddresses = 100;

    public string Name { get; init; } = "";

    public IReadOnlyList<EmailAddressValue>? ReplyTo { get; init; }

    public IReadOnlyList<EmailAddressValue>? Bcc { get; init; }

    public string TextSignature { get; init; } = "";

    public string HtmlSignature { get; init; } = "";

    public bool MayDelete { get; init; } = true;

    /// <summary>The same with one property of a client's; fails with invalidProperties.</summary>
    public Identity With(string property, JsonElement value) => property switch
    {
        "name" => this with { Name = Text(property, value, MostName) },
        "replyTo" => this with { ReplyTo = Addresses(property, value) },
        "bcc" => this with { Bcc = Addresses(property, value) },
        "textSignature" => this with { TextSignature = Text(property, value, MostSignature) },
        "htmlSignature" => this with { HtmlSignature = Text(property, value, MostSignature) },
        "email" when value.ValueKind == JsonValueKind.String && value.GetString() == Email => this,
        "id" when value.ValueKind == JsonValueKind.String && value.GetString() == Id => this,
        "mayDelete" when value.ValueKind is JsonValueKind.True or JsonValueKind.False && value.GetBoolean() == MayDelete => this,
        "email" or "id" or "mayDelete" => throw Wrong(property, "cannot be changed"),
        _ => throw Wrong(property, "not known"),
    };

    /// <summary>Is it an address that somebody could send as.</summary>
    public static bool IsEmail(string text) => text.StartsWith("*@", StringComparison.Ordinal)
        ? MailAddress.TryParse("a" + text[1..], out _) : MailAddress.TryParse(text, out _);

    public void Write(Utf8JsonWriter writer, Func<string, bool> wants)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        if (wants("name")) writer.WriteString("name"u8, Name);
        if (wants("email")) writer.WriteString("email"u8, Email);
        if (wants("replyTo")) Write(writer, "replyTo"u8, ReplyTo);
        if (wants("bcc")) Write(writer, "bcc"u8, Bcc);
        if (wants("textSignature")) writer.WriteString("textSignature"u8, TextSignature);
        if (wants("htmlSignature")) writer.WriteString("htmlSignature"u8, HtmlSignature);
        if (wants("mayDelete")) writer.WriteBoolean("mayDelete"u8, MayDelete);
        writer.WriteEndObject();
    }

    public byte[] Kept()
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing)) Write(writer, static _ => true);
        return octets.WrittenSpan.ToArray();
    }

    public static Identity Read(ReadOnlyMemory<byte> kept)
    {
        using var document = InternetJson.ParseOwn(kept);
        var root = document.RootElement;
        var read = new Identity(root.GetProperty("id"u8).GetString() ?? "", root.GetProperty("email"u8).GetString() ?? "")
        {
            MayDelete = root.GetProperty("mayDelete"u8).GetBoolean(),
        };
        foreach (var property in root.EnumerateObject()) read = read.With(property.Name, property.Value);
        return read;
    }

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<EmailAddressValue>? addresses)
    {
        if (addresses is null)
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartArray(name);
        foreach (var address in addresses)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, address.Name);
            writer.WriteString("email"u8, address.Email);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static string Text(string property, JsonElement value, int most)
    {
        if (value.ValueKind == JsonValueKind.Null) return "";
        if (value.ValueKind != JsonValueKind.String) throw Wrong(property, "no string");
        var text = value.GetString() ?? "";
        return text.Length <= most ? text : throw Wrong(property, $"longer than {most} characters");
    }

    private static List<EmailAddressValue>? Addresses(string property, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MostAddresses)
            throw Wrong(property, $"no list of at most {MostAddresses} addresses");
        return [.. value.EnumerateArray().Select(one => Address(property, one))];
    }

    private static EmailAddressValue Address(string property, JsonElement one)
    {
        if (one.ValueKind != JsonValueKind.Object || one.EnumerateObject().Any(m => m.Name is not ("name" or "email")))
            throw Wrong(property, "an address has a name and an email");
        if (!one.TryGetProperty("email"u8, out var email) || email.ValueKind != JsonValueKind.String)
            throw Wrong(property, "an address without email");
        string? name = null;
        if (one.TryGetProperty("name"u8, out var given) && given.ValueKind != JsonValueKind.Null)
            name = given.ValueKind == JsonValueKind.String ? given.GetString() : throw Wrong(property, "a name is no string");
        var text = email.GetString() ?? "";
        return MailAddress.TryParse(text, out _) ? new(name, text) : throw Wrong(property, $"{text} is no address");
    }

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
