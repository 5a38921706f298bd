using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IDocumentRows
{
    private const int MostDocumentOctets = 16 << 20;
    private const int ExpiredDocumentsAChange = 1000;

    private long Now => _options.Clock.GetUtcNow().ToUnixTimeSeconds();

    public async Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            using var row = db.Use(Statements.GetDocument).Add(owner.Value).Add(kind).Add(name).Add(Now);
            return row.Step() ? new Document(new(owner, kind, name), row.Bytes(0), row.Int(1), row.Int(2)) : null;
        },
        cancel);

    public async Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            using var row = db.Use(Statements.ListDocuments).Add(owner.Value).Add(kind).Add(Now);
            return ReadDocuments(row, kind);
        },
        cancel);

    public async Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            using var row = db.Use(Statements.ListDocumentsOfKind).Add(kind).Add(Now);
            return ReadDocuments(row, kind);
        },
        cancel);

    public async Task<IReadOnlyList<DocumentKey>> ListDocumentKeysAsync(string kind, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            var keys = new List<DocumentKey>();
            using var row = db.Use(Statements.ListDocumentKeysOfKind).Add(kind).Add(Now);
            while (row.Step()) keys.Add(new(new(row.Int(0)), kind, row.Text(1)));
            return keys;
        },
        cancel);

    public Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        foreach (var document in set) Check(document);
        return ChangeAsync(
            batch =>
            {
                foreach (var key in remove)
                {
                    batch.Db.Use(Statements.RemoveDocument).Add(key.Owner.Value).Add(key.Kind).Add(key.Name).Run();
                    batch.Journal.DocumentGone(key);
                }
                foreach (var document in set) Set(batch, document);
                return 0;
            },
            refused: null);
    }

    public Task<bool> AddDocumentAsync(Document document, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Check(document);
        return ChangeAsync(
            batch =>
            {
                using (var row = batch.Db.Use(Statements.GetDocument).Add(document.Key.Owner.Value).Add(document.Key.Kind).Add(document.Key.Name).Add(batch.Now))
                {
                    if (row.Step()) return false;
                }
                Set(batch, document);
                return true;
            },
            refused: null);
    }

    /// <summary>Documents whose time is over go.</summary>
    internal async Task ExpireDocumentsAsync(CancellationToken cancel)
    {
        while (await _reads.ReadAsync(db => db.Use(Statements.HasExpiredDocument).Add(Now).Number() is not null, cancel))
        {
            await ChangeAsync(
                batch => batch.Db.Use(Statements.ExpireDocuments).Add(batch.Now).Add(ExpiredDocumentsAChange).RunCounting(), refused: null);
        }
    }

    internal static void Set(WriteBatch batch, Document document)
    {
        batch.Db.Use(Statements.SetDocument).Add(document.Key.Owner.Value).Add(document.Key.Kind).Add(document.Key.Name).Add(document.Value)
            .Add(document.ChangedAt).Add(document.ExpiresAt).Run();
        batch.Journal.Document(document);
    }

    private static void Check(Document document) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThan(document.Value.Length, MostDocumentOctets, nameof(document));

    private static List<Document> ReadDocuments(Statement row, string kind)
    {
        var documents = new List<Document>();
        while (row.Step()) documents.Add(new(new(new(row.Int(0)), kind, row.Text(1)), row.Bytes(2), row.Int(3), row.Int(4)));
        return documents;
    }
}
