using Aviso.Settings;

namespace Aviso.Server;

/// <summary>The log. It was there before every part, so that all of them can be heard, and is closed after them.</summary>
internal sealed class LogPart(LogWriter lines) : IPart
{
    public string Name => "log";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel) =>
        Task.FromResult<IPart>(new LogPart(site.The<LogWriter>()));

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        (lines.Format, lines.Level) = (now.Log.Format, now.Log.Level);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public ValueTask DisposeAsync() => lines.DisposeAsync();
}
