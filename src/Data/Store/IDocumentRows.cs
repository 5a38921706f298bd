namespace Aviso.Store;

/// <summary>
/// Small named values that other parts keep in the store: Sieve scripts, signing keys, certificates, decisions, reports, "seen before"
/// marks. The store does not look inside. An expired document is never given out and goes with the next upkeep.
/// </summary>
public interface IDocumentRows
{
    /// <summary>Null when there is none or its time is over.</summary>
    Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel);

    /// <summary>All of one owner and kind, by name in octet order.</summary>
    Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel);

    /// <summary>All of a kind, of every owner: by owner, then by name.</summary>
    Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel);

    /// <summary>The names of all of a kind, of every owner, in the order of the other; their values are not read.</summary>
    async Task<IReadOnlyList<DocumentKey>> ListDocumentKeysAsync(string kind, CancellationToken cancel) =>
        [.. (await ListDocumentsAsync(kind, cancel)).Select(document => document.Key)];

    /// <summary>Writes and removes in one transaction: a new active script and the end of the old one are one change.</summary>
    Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel);

    /// <summary>True when there was none (or only an expired one) and now there is: who comes first wins.</summary>
    Task<bool> AddDocumentAsync(Document document, CancellationToken cancel);
}

/// <summary>Names a document.</summary>
/// <param name="Owner">Whose it is and with whom it goes; <c>default</c> for the server's own.</param>
/// <param name="Kind">The part and what it is, such as "sieve" or "dkim-key".</param>
/// <param name="Name">Unique within owner and kind; compared octet by octet.</param>
public sealed record DocumentKey(AccountId Owner, string Kind, string Name);

/// <param name="Value">At most 16 MiB.</param>
/// <param name="ChangedAt">Unix seconds UTC.</param>
/// <param name="ExpiresAt">Unix seconds UTC, or 0: never.</param>
public sealed record Document(DocumentKey Key, byte[] Value, long ChangedAt, long ExpiresAt = 0);
