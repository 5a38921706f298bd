using System.Text.Json.Serialization;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>What is remembered of a source as a whole, one document an account and label; from the first message on, for a run may be
/// killed.</summary>
/// <param name="Place">Where it was last.</param>
/// <param name="Subscriptions">As they were there when a run last came to its end.</param>
/// <param name="Scripts">Digest of each script that was taken.</param>
internal sealed record MovedSource(string Place, IReadOnlyList<string>? Subscriptions, IReadOnlyDictionary<string, string> Scripts)
{
    public const string Kind = "moved-in-source";

    /// <summary>A run has come to its end: what people have beside mail was brought.</summary>
    public bool HasEnded { get; init; }

    /// <summary>Ids of the mailboxes here by their names there: people rename and delete them.</summary>
    public IReadOnlyDictionary<string, long>? Mailboxes { get; init; }

    public static MovedSource At(string place) => new(place, null, new Dictionary<string, string>());

    /// <summary>
    /// What is missing at one place was not deleted at another: mail of a place that was never read is not compared with what was taken
    /// elsewhere until somebody says that it is the same. An archive says nothing of deletion and may lie anywhere.
    /// </summary>
    /// <returns>Why nothing can be begun; null: it can.</returns>
    public static string? WhyNot(MovedSource? before, MailSource source, MoveWishes wishes) =>
        before is null || before.Place == source.Place || wishes.Label is not null || !source.TellsOfDeletion ? null
            : $"the last run under {source.Kind} read {before.Place}: say --label {source.Kind} when both are the same mail, another "
                + "--label when not";

    public static async Task<MovedSource?> LoadAsync(IDocumentRows rows, AccountId account, string label, CancellationToken cancel) =>
        (await rows.GetDocumentAsync(account, Kind, label, cancel))?.Read(MovingJson.Default.MovedSource);

    public Task SaveAsync(IDocumentRows rows, AccountId account, string label, long now, CancellationToken cancel) =>
        rows.ChangeDocumentsAsync([Documents.Of(new(account, Kind, label), this, MovingJson.Default.MovedSource, now)], [], cancel);
}

[JsonSerializable(typeof(MovedSource))]
internal sealed partial class MovingJson : JsonSerializerContext;
