using System.Text.Json.Serialization;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>What is remembered of a source as a whole, one document an account and label.</summary>
/// <param name="Place">Where it was last.</param>
/// <param name="Subscriptions">As they were there at the last run.</param>
/// <param name="Scripts">Digest of each script that was taken.</param>
internal sealed record MovedSource(string Place, IReadOnlyList<string>? Subscriptions, IReadOnlyDictionary<string, string> Scripts)
{
    public const string Kind = "moved-in-source";

    public static async Task<MovedSource?> LoadAsync(IDocumentRows rows, AccountId account, string label, CancellationToken cancel) =>
        (await rows.GetDocumentAsync(account, Kind, label, cancel))?.Read(MovingJson.Default.MovedSource);

    public Task SaveAsync(IDocumentRows rows, AccountId account, string label, long now, CancellationToken cancel) =>
        rows.ChangeDocumentsAsync([Documents.Of(new(account, Kind, label), this, MovingJson.Default.MovedSource, now)], [], cancel);
}

[JsonSerializable(typeof(MovedSource))]
internal sealed partial class MovingJson : JsonSerializerContext;
