using System.Text.Json;
using System.Text.Unicode;

namespace Aviso.Jmap;

/// <summary>Blob/get (RFC 9404 §4.2).</summary>
internal sealed class BlobGet(BlobShelf shelf, JmapLimits limits) : IMethod
{
    private const string Digest = "digest:";

    // Of one blob; the answer as a whole has its own limit.
    private const long MostData = 16 << 20;

    private static readonly IReadOnlyList<string> Default = ["data", "size"];

    public string Name => "Blob/get";

    public string Capability => Capabilities.Blob;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, IsProperty);
        var (offset, length) = (reader.UnsignedOrNull("offset") ?? 0, reader.UnsignedOrNull("length"));
        reader.End();
        // There is no list of all blobs.
        if (get.Ids is null) throw MethodFailure.InvalidArgument("ids", "null: blobs are asked for by their ids");
        var (properties, notFound) = (get.Properties ?? Default, new List<string>());
        GetAnswer.Begin(call, JmapState.Of(0));
        foreach (var id in get.Ids)
        {
            using var blob = await shelf.OpenAsync(call.User, call.Account, call.Created.Resolve(id) ?? "", cancel);
            if (blob is null) notFound.Add(id);
            else Write(call.Answer, id, blob, properties, offset, length);
        }
        GetAnswer.End(call, notFound);
    }

    private static bool IsProperty(string name) => name is "data" or "data:asText" or "data:asBase64" or "size"
        || (name.StartsWith(Digest, StringComparison.Ordinal) && BlobDigest.Algorithms.Contains(name[Digest.Length..]));

    private static void Write(
        Utf8JsonWriter writer, string id, Blob blob, IReadOnlyList<string> properties, long offset, long? length)
    {
        var (from, isTruncated) = (Math.Min(offset, blob.Size), offset > blob.Size || length > blob.Size - offset);
        var count = Math.Min(length ?? long.MaxValue, blob.Size - from);
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        if (properties.Any(p => p.StartsWith("data", StringComparison.Ordinal))) WriteData(writer, blob, properties, from, count);
        foreach (var digest in properties.Where(p => p.StartsWith(Digest, StringComparison.Ordinal)))
            writer.WriteString(digest, BlobDigest.Of(digest[Digest.Length..], blob, from, count));
        // RFC 9404 §4.2: of the whole blob.
        if (properties.Contains("size")) writer.WriteNumber("size"u8, blob.Size);
        if (isTruncated) writer.WriteBoolean("isTruncated"u8, true);
        writer.WriteEndObject();
    }

    private static void WriteData(Utf8JsonWriter writer, Blob blob, IReadOnlyList<string> properties, long from, long count)
    {
        if (count > MostData) throw MethodFailure.RequestTooLarge($"more than {MostData} octets of a blob: download it, or ask for ranges");
        var octets = new byte[count];
        var data = octets.AsSpan(0, blob.ReadAll(from, octets));
        var (wantsText, either) = (properties.Contains("data:asText"), properties.Contains("data"));
        var isText = (wantsText || either) && Utf8.IsValid(data);
        if (wantsText || (either && isText))
        {
            if (isText) writer.WriteString("data:asText"u8, data);
            else writer.WriteNull("data:asText"u8);
        }
        if (properties.Contains("data:asBase64") || (either && !isText)) writer.WriteBase64String("data:asBase64"u8, data);
        if ((wantsText || either) && !isText) writer.WriteBoolean("isEncodingProblem"u8, true);
    }
}
