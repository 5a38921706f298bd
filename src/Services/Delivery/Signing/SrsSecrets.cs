using System.Globalization;
using System.Security.Cryptography;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>The secrets that rewritten senders (SRS) are signed with, kept in the store: a new one now and then.</summary>
public static class SrsSecrets
{
    private const string Kind = "srs-secret";
    private const int Most = 3;

    // A secret lasts longer than any bounce under way.
    private static readonly TimeSpan Lasts = TimeSpan.FromDays(180);

    /// <summary>The newest first: it signs, older ones verify until no bounce can come any more.</summary>
    public static async Task<IReadOnlyList<byte[]>> OfAsync(IDocumentRows documents, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var kept = (await documents.ListDocumentsAsync(default, Kind, cancel)).OrderByDescending(d => d.ChangedAt).ToList();
        if (kept.Count == 0 || now - kept[0].ChangedAt > Lasts.TotalSeconds)
        {
            var name = now.ToString("D12", CultureInfo.InvariantCulture);
            var made = new Document(new(default, Kind, name), RandomNumberGenerator.GetBytes(32), now);
            await documents.ChangeDocumentsAsync([made], [.. kept.Skip(Most - 1).Select(d => d.Key)], cancel);
            kept.Insert(0, made);
        }
        return [.. kept.Take(Most).Select(d => d.Value)];
    }
}
