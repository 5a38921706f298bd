namespace Aviso.Store;

public sealed partial class SqliteMailStore
{
    private Task KeepUpAsync(CancellationToken stop) => Task.CompletedTask;

    private void OpenSearch()
    {
    }

    private Task CloseSearchAsync() => Task.CompletedTask;

    public ISearchIndex SearchIndex => throw new NotSupportedException();
}
