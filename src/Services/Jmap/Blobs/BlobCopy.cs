namespace Aviso.Jmap;

/// <summary>Blob/copy (RFC 8620 §6.3).</summary>
internal sealed class BlobCopy(BlobShelf shelf, JmapLimits limits) : IMethod
{
    public string Name => "Blob/copy";

    public string Capability => Capabilities.Core;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var from = CopyArguments.FromAccount(call, reader);
        var ids = reader.TextsOrNull("blobIds") ?? throw MethodFailure.InvalidArgument("blobIds", "missing");
        reader.End();
        if (ids.Count > limits.MaxObjectsInSet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInSet} blobs");
        var writer = call.Answer;
        var notCopied = new List<(string Id, SetError Error)>();
        writer.WriteStartObject();
        writer.WriteString("fromAccountId"u8, from);
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteStartObject("copied"u8);
        foreach (var id in ids)
        {
            if (await CopyAsync(call, id, cancel) is { } made) writer.WriteString(id, made);
            else notCopied.Add((id, SetError.NotFound));
        }
        writer.WriteEndObject();
        writer.WriteStartObject("notCopied"u8);
        foreach (var (id, error) in notCopied)
        {
            writer.WritePropertyName(id);
            error.Write(writer);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private async Task<string?> CopyAsync(Call call, string id, CancellationToken cancel)
    {
        using var blob = await shelf.OpenAsync(call.User, call.User.Account, id, cancel);
        if (blob is null) return null;
        var at = 0L;
        var kept = await shelf.Uploads.KeepAsync(call.Account, (into, _) =>
        {
            var count = blob.Read(at, into.Span);
            at += count;
            return new(count);
        }, cancel);
        return kept is var (made, _) ? BlobId.OfUpload(made).ToString() : null;
    }
}
