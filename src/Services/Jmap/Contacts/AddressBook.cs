using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>An AddressBook (RFC 9610 §2), as it is kept.</summary>
internal sealed record AddressBook(string Id, string Name)
{
    public static readonly IReadOnlyList<string> Properties =
        ["id", "name", "description", "sortOrder", "isDefault", "isSubscribed", "shareWith", "myRights"];

    /// <summary>Octets of a name (RFC 9610 §2), and characters of a description.</summary>
    private const int MostName = 255, MostDescription = 10_000;

    public string? Description { get; init; }

    public int SortOrder { get; init; }

    /// <summary>True for exactly one of an account.</summary>
    public bool IsDefault { get; init; }

    public bool IsSubscribed { get; init; } = true;

    /// <summary>The same with one property of a client's.</summary>
    /// <exception cref="SetFailure">invalidProperties, or forbidden.</exception>
    public AddressBook With(string property, JsonElement value) => property switch
    {
        "name" => this with { Name = NameOf(value) },
        "description" => this with { Description = DescriptionOf(value) },
        "sortOrder" => this with { SortOrder = OrderOf(value) },
        "isSubscribed" => this with { IsSubscribed = Flag(property, value) },
        // RFC 9610 §2.3: only for who has mayShare, and nobody has.
        "shareWith" => value.ValueKind == JsonValueKind.Null ? this : throw new SetFailure(new("forbidden", "nothing is shared here")),
        // RFC 8620 §5.3: a client may send back what it got.
        "id" when value.ValueKind == JsonValueKind.String && value.ValueEquals(Id) => this,
        "isDefault" when value.ValueKind is JsonValueKind.True or JsonValueKind.False && value.GetBoolean() == IsDefault => this,
        "id" or "isDefault" or "myRights" => throw Wrong(property, "set by the server"),
        _ => throw Wrong(property, "not known"),
    };

    public void Write(Utf8JsonWriter writer, Func<string, bool> wants, JmapUser user)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        if (wants("name")) writer.WriteString("name"u8, Name);
        if (wants("description")) writer.WriteString("description"u8, Description);
        if (wants("sortOrder")) writer.WriteNumber("sortOrder"u8, SortOrder);
        if (wants("isDefault")) writer.WriteBoolean("isDefault"u8, IsDefault);
        if (wants("isSubscribed")) writer.WriteBoolean("isSubscribed"u8, IsSubscribed);
        if (wants("shareWith")) writer.WriteNull("shareWith"u8);
        if (wants("myRights")) WriteRights(writer, user);
        writer.WriteEndObject();
    }

    /// <summary>What becomes another when the default does.</summary>
    public void WriteDefault(Utf8JsonWriter writer, JmapUser user)
    {
        writer.WriteBoolean("isDefault"u8, IsDefault);
        WriteRights(writer, user);
    }

    public byte[] Kept()
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, Id);
            writer.WriteString("name"u8, Name);
            if (Description is not null) writer.WriteString("description"u8, Description);
            writer.WriteNumber("sortOrder"u8, SortOrder);
            writer.WriteBoolean("isDefault"u8, IsDefault);
            writer.WriteBoolean("isSubscribed"u8, IsSubscribed);
            writer.WriteEndObject();
        }
        return octets.WrittenSpan.ToArray();
    }

    public static AddressBook Read(ReadOnlyMemory<byte> kept)
    {
        using var document = InternetJson.ParseOwn(kept);
        var root = document.RootElement;
        return new(root.GetProperty("id"u8).GetString() ?? "", root.GetProperty("name"u8).GetString() ?? "")
        {
            Description = root.TryGetProperty("description"u8, out var description) ? description.GetString() : null,
            SortOrder = root.GetProperty("sortOrder"u8).GetInt32(),
            IsDefault = root.GetProperty("isDefault"u8).GetBoolean(),
            IsSubscribed = root.GetProperty("isSubscribed"u8).GetBoolean(),
        };
    }

    /// <summary>Are these the rights that the user has: a client may send back what it got (RFC 8620 §5.3).</summary>
    public bool HasRights(JsonElement value, JmapUser user) => value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 4
        && Rights(user).All(right => value.TryGetProperty(right.Name, out var given)
            && given.ValueKind == (right.Has ? JsonValueKind.True : JsonValueKind.False));

    private void WriteRights(Utf8JsonWriter writer, JmapUser user)
    {
        writer.WriteStartObject("myRights"u8);
        foreach (var (name, has) in Rights(user)) writer.WriteBoolean(name, has);
        writer.WriteEndObject();
    }

    private (string Name, bool Has)[] Rights(JmapUser user) =>
        [("mayRead", true), ("mayWrite", user.MayChange), ("mayShare", false), ("mayDelete", user.MayChange && !IsDefault)];

    private static string NameOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: > 0 } name)
            throw Wrong("name", "empty, or no string");
        return Encoding.UTF8.GetByteCount(name) <= MostName ? name : throw Wrong("name", $"longer than {MostName} octets");
    }

    private static string? DescriptionOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String when value.GetString() is { Length: <= MostDescription } text => text,
        _ => throw Wrong("description", $"no string of at most {MostDescription} characters"),
    };

    // RFC 9610 §2: below 2^31; null is its default (RFC 8620 §5.3).
    private static int OrderOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => 0,
        JsonValueKind.Number when value.TryGetInt32(out var order) && order >= 0 => order,
        _ => throw Wrong("sortOrder", "no integer from 0 to 2147483647"),
    };

    private static bool Flag(string property, JsonElement value) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(property, "neither true nor false");

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
