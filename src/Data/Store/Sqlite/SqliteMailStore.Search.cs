using Aviso.Store.Search;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IMailStore
{
    private FullTextIndex? _index;

    public ISearchIndex SearchIndex { get; private set; } = new NoIndex();

    /// <summary>Indexes all that is not indexed yet, account by account.</summary>
    internal async Task IndexAllAsync(CancellationToken cancel)
    {
        if (_index is null) return;
        foreach (var account in await ListAccountsAsync(cancel)) await _index.IndexAsync(account.Id, cancel);
    }

    private void OpenSearch()
    {
        if (!_options.Index) return;
        _index = new(Path.Combine(_options.DataFolder, "search.db"), _options.Clock, _log, LiveEmailsAsync, ExtractAsync);
        SearchIndex = _index;
    }

    private Task CloseSearchAsync()
    {
        _index?.Dispose();
        return Task.CompletedTask;
    }

    private async Task<IReadOnlyList<EmailId>> LiveEmailsAsync(AccountId account, CancellationToken cancel) =>
        await _reads.ReadAsync(
            db =>
            {
                var emails = new List<EmailId>();
                using var row = db.Use(Statements.LiveEmails).Add(account.Value);
                while (row.Step()) emails.Add(new(row.Int(0)));
                return emails;
            },
            cancel);

    private async Task<(string Text, bool Whole)?> ExtractAsync(AccountId account, EmailId email, CancellationToken cancel)
    {
        using var body = await OpenBodyAsync(account, email, cancel);
        if (body is null) return null;
        if (body.Fault is not null) return ("", false);   // never whole in the index: who searches looks at it, and is told
        // With the prefix: SEARCH TEXT finds our trace fields too.
        using var spooled = Spooled(body, from: 0);
        return _options.Reader.ExtractText(spooled, _options.IndexTextLimit);
    }
}
