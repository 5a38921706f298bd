using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Blob/lookup (RFC 9404 §4.3): where blobs are used.</summary>
internal sealed class BlobLookup(BlobShelf shelf, IMailStore store, JmapLimits limits) : IMethod
{
    public string Name => "Blob/lookup";

    public string Capability => Capabilities.Blob;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var types = reader.TextsOrNull("typeNames") ?? throw MethodFailure.InvalidArgument("typeNames", "missing");
        var ids = reader.TextsOrNull("ids") ?? throw MethodFailure.InvalidArgument("ids", "missing");
        reader.End();
        if (ids.Count > limits.MaxObjectsInGet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInGet} ids");
        // RFC 9404 §4.3: a type that is not known, or has no use of blobs.
        if (types.FirstOrDefault(t => !BlobFeature.TypeNames.Contains(t)) is { } other)
            throw new MethodFailure("unknownDataType", $"{other} is not looked in");
        var (writer, notFound) = (call.Answer, new List<string>());
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteStartArray("list"u8);
        foreach (var id in ids)
        {
            if (await UsesAsync(call, id, cancel) is not { } uses)
            {
                notFound.Add(id);
                continue;
            }
            writer.WriteStartObject();
            writer.WriteString("id"u8, id);
            writer.WriteStartObject("matchedIds"u8);
            foreach (var type in types) writer.WriteTexts(System.Text.Encoding.UTF8.GetBytes(type), uses.GetValueOrDefault(type, []));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteTexts("notFound"u8, notFound);
        writer.WriteEndObject();
    }

    /// <summary>Ids by type; null when there is no such blob.</summary>
    private async Task<IReadOnlyDictionary<string, string[]>?> UsesAsync(Call call, string id, CancellationToken cancel)
    {
        var resolved = call.Created.Resolve(id) ?? "";
        using (var blob = await shelf.OpenAsync(call.User, call.Account, resolved, cancel))
        {
            if (blob is null || !BlobId.TryParse(resolved, out var parsed)) return null;
            if (parsed.Kind == BlobKind.Script)
            {
                var found = await shelf.Scripts.FindAsync(call.Account, parsed, cancel);
                return new Dictionary<string, string[]> { ["SieveScript"] = [.. found.Select(s => s.Id)] };
            }
            if (parsed.Kind == BlobKind.Card) return new Dictionary<string, string[]> { ["ContactCard"] = [CardBlobs.CardOf(parsed)] };
            if (parsed.Kind == BlobKind.Upload) return new Dictionary<string, string[]>();
            var email = new EmailId(parsed.Value);
            if ((await store.EmailsAsync(call.Account, [email], cancel))[0] is not { } stored) return null;
            return new Dictionary<string, string[]> { ["Email"] = [email.ToString()], ["Thread"] = [stored.Thread.ToString()] };
        }
    }
}
