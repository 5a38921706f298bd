using System.Text;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Blob/upload (RFC 9404 §4.1): a blob out of texts, base64 and pieces of other blobs.</summary>
internal sealed class BlobUpload(BlobShelf shelf, JmapLimits limits) : IMethod
{
    public string Name => "Blob/upload";

    public string Capability => Capabilities.Blob;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        if (reader.Find("create") is null) throw MethodFailure.InvalidArgument("create", "missing");
        var create = SetArguments.Objects(reader, "create");
        reader.End();
        if (create.Count > limits.MaxObjectsInSet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInSet} objects");
        var answer = new SetAnswer(call);
        foreach (var (creationId, value) in create)
        {
            try
            {
                var type = TypeOf(value);
                using var made = new MemoryStream();
                foreach (var source in Sources(value)) await AddAsync(call, source, made, cancel);
                made.Position = 0;
                if (await shelf.Uploads.KeepAsync(call.Account, made, cancel) is not var (id, size)) throw TooLarge();
                answer.Created(creationId, BlobId.OfUpload(id).ToString(), writer =>
                {
                    writer.WriteString("type"u8, type);
                    writer.WriteNumber("size"u8, size);
                });
            }
            catch (SetFailure failure)
            {
                answer.NotCreated(creationId, failure.Error);
            }
        }
        call.Answer.WriteStartObject();
        call.Answer.WriteString("accountId"u8, call.Account.ToString());
        answer.WriteCreated();
        call.Answer.WriteEndObject();
    }

    private static string? TypeOf(JsonElement value)
    {
        if (value.EnumerateObject().FirstOrDefault(
            m => m.Name is not ("data" or "type")) is { Value.ValueKind: not JsonValueKind.Undefined } other)
            throw new SetFailure(SetError.InvalidProperty(other.Name, "not known"));
        if (!value.TryGetProperty("type"u8, out var type) || type.ValueKind == JsonValueKind.Null) return null;
        return type.ValueKind == JsonValueKind.String ? type.GetString()
            : throw new SetFailure(SetError.InvalidProperty("type", "no string"));
    }

    private static IEnumerable<JsonElement> Sources(JsonElement value)
    {
        if (!value.TryGetProperty("data"u8, out var list) || list.ValueKind != JsonValueKind.Array)
            throw new SetFailure(SetError.InvalidProperty("data", "no list"));
        return list.GetArrayLength() <= BlobFeature.MaxDataSources ? list.EnumerateArray()
            : throw new SetFailure(new("tooLarge", $"more than {BlobFeature.MaxDataSources} data sources"));
    }

    // RFC 9404 §4.1: one of data:asText, data:asBase64 and blobId; a range only of a blob.
    private async Task AddAsync(Call call, JsonElement source, MemoryStream into, CancellationToken cancel)
    {
        if (source.ValueKind != JsonValueKind.Object) throw Wrong("a data source is no object");
        var names = source.EnumerateObject().Select(m => m.Name).ToList();
        if (names is ["data:asText"]) Add(into, Encoding.UTF8.GetBytes(Text(source, "data:asText")));
        else if (names is ["data:asBase64"])
        {
            if (!source.TryGetProperty("data:asBase64"u8, out var given) || given.ValueKind != JsonValueKind.String
                || !given.TryGetBytesFromBase64(out var octets)) throw Wrong("data:asBase64 is no base64");
            Add(into, octets);
        }
        else if (names.Contains("blobId") && names.All(n => n is "blobId" or "offset" or "length"))
            await AddBlobAsync(call, source, into, cancel);
        else throw Wrong("a data source has one of data:asText, data:asBase64 and blobId, the last with offset and length");
    }

    private async Task AddBlobAsync(Call call, JsonElement source, MemoryStream into, CancellationToken cancel)
    {
        var id = Text(source, "blobId");
        using var blob = await shelf.OpenAsync(call.User, call.Account, call.Created.Resolve(id) ?? "", cancel);
        if (blob is null)
        {
            throw new SetFailure(new("blobNotFound", $"there is no blob {id}")
            {
                More = writer => writer.WriteTexts("notFound"u8, [id]),
            });
        }
        var offset = Unsigned(source, "offset") ?? 0;
        var length = Unsigned(source, "length") ?? Math.Max(0, blob.Size - offset);
        if (offset > blob.Size || length > blob.Size - offset)
            throw Wrong($"the range ends beyond the {blob.Size} octets of {id}");
        if (into.Length + length > limits.MaxSizeUpload) throw TooLarge();
        var octets = new byte[length];
        Add(into, octets.AsSpan(0, blob.ReadAll(offset, octets)));
    }

    private void Add(MemoryStream into, ReadOnlySpan<byte> octets)
    {
        if (into.Length + octets.Length > limits.MaxSizeUpload) throw TooLarge();
        into.Write(octets);
    }

    private SetFailure TooLarge() => new(new("tooLarge", $"longer than {limits.MaxSizeUpload} octets"));

    private static SetFailure Wrong(string why) => new(SetError.InvalidProperty("data", why));

    private static string Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() ?? ""
            : throw Wrong($"{name} is no string");

    private static long? Unsigned(JsonElement of, string name)
    {
        if (!of.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 ? number
            : throw Wrong($"{name} is no UnsignedInt");
    }
}
