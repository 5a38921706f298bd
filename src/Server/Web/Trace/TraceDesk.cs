using Aviso.Trace;

namespace Aviso.Web;

/// <summary>Who may ask for traces, each for what is theirs: an administrator for all, an owner for the own, a link for one. A search
/// reads files: a few run at once, off the threads of others.</summary>
internal sealed class TraceDesk(TraceFinder finder, TraceLinks links, string hostName) : IDisposable
{
    private readonly SemaphoreSlim _places = new(2);

    public Task<IReadOnlyList<MessageTrace>> FindAsync(
        TraceQuery query, Func<MessageTrace, MessageTrace?> shows, CancellationToken cancel) =>
        RunAsync(() => finder.Find(query, shows, cancel), cancel);

    public Task<MessageTrace?> OneAsync(string id, CancellationToken cancel) => RunAsync(() => finder.One(id, cancel), cancel);

    /// <summary>The address of a page that shows the safe lines of a trace until then.</summary>
    public string Link(string id, DateTimeOffset ends) => $"https://{hostName}{SharedTracePage.Path}{links.Make(id, ends)}";

    /// <summary>The trace that a link names; null when it is none, or over.</summary>
    public async Task<MessageTrace?> SharedAsync(string name, CancellationToken cancel) =>
        links.Read(name) is { } id ? await OneAsync(id, cancel) : null;

    public void Dispose() => _places.Dispose();

    private async Task<T> RunAsync<T>(Func<T> search, CancellationToken cancel)
    {
        await _places.WaitAsync(cancel);
        try
        {
            return await Task.Run(search, cancel);
        }
        finally
        {
            _places.Release();
        }
    }
}
