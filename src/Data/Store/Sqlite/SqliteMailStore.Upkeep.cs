namespace Aviso.Store;

public sealed partial class SqliteMailStore
{
    private Task KeepUpAsync(CancellationToken stop) => Task.CompletedTask;

    private void OpenSearch()
    {
    }

    private Task CloseSearchAsync() => Task.CompletedTask;

    public ISearchIndex SearchIndex => throw new NotSupportedException();

    public async IAsyncEnumerable<StoreFinding> CheckAsync(
        StoreCheckDepth depth, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        yield break;
    }
}
