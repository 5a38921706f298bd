using Aviso.Settings;
using Aviso.Web;

namespace Aviso.Server;

/// <summary>Metrics: before any other part makes its instruments' first measurements.</summary>
internal sealed class MetricsPart(MetricsRegistry registry) : IPart
{
    public string Name => "metrics";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel) =>
        Task.FromResult<IPart>(new MetricsPart(site.Put(new MetricsRegistry())));

    public ValueTask DisposeAsync()
    {
        registry.Dispose();
        return default;
    }
}
