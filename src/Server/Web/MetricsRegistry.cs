using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Server;

namespace Aviso.Web;

/// <summary>
/// Listens to every instrument of the meters named <c>Aviso.*</c> and writes them as Prometheus text (version 0.0.4). The
/// instrument's name is the full Prometheus name, its tags are the labels. Counters are sums, histograms have buckets.
/// </summary>
public sealed class MetricsRegistry : IDisposable
{
    /// <summary>Label sets of one instrument; more than this are counted in <c>aviso_metric_series_dropped_total</c>.</summary>
    private const int MaxSeries = 1000;

    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] Octets = [1024, 4096, 16384, 65536, 262144, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20];
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000];

    private readonly ConcurrentDictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly Lock _observing = new();
    private long _dropped;

    public MetricsRegistry(string prefix = "Aviso.")
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith(prefix, StringComparison.Ordinal)) return;
            listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument.Name, _ => Family.Of(instrument)));
        };
        _listener.SetMeasurementEventCallback<long>((_, v, tags, family) => Record(family, v, tags));
        _listener.SetMeasurementEventCallback<int>((_, v, tags, family) => Record(family, v, tags));
        _listener.SetMeasurementEventCallback<double>((_, v, tags, family) => Record(family, v, tags));
        _listener.SetMeasurementEventCallback<float>((_, v, tags, family) => Record(family, v, tags));
        _listener.Start();
        Instruments.AreHeard();
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Everything as it is now; asks observable instruments first.</summary>
    public string Write()
    {
        var text = new StringBuilder();
        lock (_observing)
        {
            foreach (var family in _families.Values.Where(f => f.Observed)) family.Clear();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException e)
            {
                // One failing gauge must not hide the others.
                text.Append("# an instrument failed: ").Append(e.InnerExceptions[0].GetType().Name).Append('\n');
            }
            foreach (var family in _families.Values.OrderBy(f => f.Name, StringComparer.Ordinal)) family.Write(text);
        }
        ProcessMetrics.Write(text);
        PrometheusText.Head(
            text, "aviso_metric_series_dropped_total", "counter", "Measurements left out because an instrument has too many label sets.");
        text.Append("aviso_metric_series_dropped_total ").Append(Interlocked.Read(ref _dropped)).Append('\n');
        return text.ToString();
    }

    private void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (state is Family family && !family.Record(value, tags)) Interlocked.Increment(ref _dropped);
    }

    private sealed class Family(string name, string type, string help, bool observed, bool replaces, double[]? bounds)
    {
        private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);

        public string Name => name;

        public bool Observed => observed;

        public static Family Of(Instrument instrument)
        {
            var kind = instrument.GetType().Name;
            var observed = instrument.IsObservable;
            var type = kind.StartsWith("Histogram", StringComparison.Ordinal) ? "histogram"
                : kind.Contains("Gauge", StringComparison.Ordinal) || kind.Contains("UpDown", StringComparison.Ordinal)
                    ? "gauge" : "counter";
            return new(instrument.Name, type, instrument.Description ?? "", observed,
                observed || kind.StartsWith("Gauge", StringComparison.Ordinal), type == "histogram" ? Bounds(instrument) : null);
        }

        private static double[] Bounds(Instrument instrument)
        {
            var advised = instrument switch
            {
                Histogram<double> h => h.Advice?.HistogramBucketBoundaries?.ToArray(),
                Histogram<long> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
                Histogram<int> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
                _ => null,
            };
            return advised is { Length: > 0 } ? advised
                : instrument.Name.EndsWith("_seconds", StringComparison.Ordinal) ? Seconds
                : instrument.Name.EndsWith("_bytes", StringComparison.Ordinal)
                    || instrument.Name.EndsWith("_octets", StringComparison.Ordinal) ? Octets
                : Counts;
        }

        public void Clear() => _series.Clear();

        public bool Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = PrometheusText.Labels(tags);
            if (!_series.TryGetValue(labels, out var series))
            {
                if (_series.Count >= MaxSeries) return false;
                series = _series.GetOrAdd(labels, _ => new Series(bounds));
            }
            series.Record(value, replaces, bounds);
            return true;
        }

        public void Write(StringBuilder text)
        {
            PrometheusText.Head(text, name, type, help);
            // A counter without labels that was never fed says 0, so that alerts on it have something to look at.
            if (_series.IsEmpty && type == "counter") text.Append(name).Append(" 0\n");
            foreach (var (labels, series) in _series.OrderBy(s => s.Key, StringComparer.Ordinal)) series.Write(text, name, labels, bounds);
        }
    }

    private sealed class Series(double[]? bounds)
    {
        private readonly Lock _lock = new();
        private readonly long[]? _buckets = bounds is null ? null : new long[bounds.Length];
        private double _sum;
        private long _count;

        public void Record(double value, bool replaces, double[]? limits)
        {
            lock (_lock)
            {
                _sum = replaces ? value : _sum + value;
                _count++;
                if (_buckets is null) return;
                for (var i = limits!.Length - 1; i >= 0 && value <= limits[i]; i--) _buckets[i]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels, double[]? limits)
        {
            lock (_lock)
            {
                if (_buckets is null)
                {
                    PrometheusText.Sample(text, name, labels, _sum);
                    return;
                }
                var join = labels.Length > 0 ? labels + "," : "";
                for (var i = 0; i < _buckets.Length; i++)
                    PrometheusText.Sample(
                        text, name + "_bucket", $"{join}le=\"{limits![i].ToString(CultureInfo.InvariantCulture)}\"", _buckets[i]);
                PrometheusText.Sample(text, name + "_bucket", join + "le=\"+Inf\"", _count);
                PrometheusText.Sample(text, name + "_sum", labels, _sum);
                PrometheusText.Sample(text, name + "_count", labels, _count);
            }
        }
    }
}

/// <summary>The Prometheus text format.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static void Head(StringBuilder text, string name, string type, string help)
    {
        if (help.Length > 0)
            text.Append("# HELP ").Append(name).Append(' ')
                .Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf"
            : value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>Labels without braces, sorted by name.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0) return "";
        var labels = new List<string>(tags.Length);
        foreach (var (key, value) in tags) labels.Add($"{key}=\"{Escape(value?.ToString() ?? "")}\"");
        labels.Sort(StringComparer.Ordinal);
        return string.Join(',', labels);
    }

    private static string Escape(string value) => value.AsSpan().IndexOfAny("\\\"\n") < 0 ? value
        : value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}

/// <summary>Figures of the process itself, under the names Prometheus clients use.</summary>
internal static class ProcessMetrics
{
    public static void Write(StringBuilder text)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        var gc = GC.GetGCMemoryInfo();
        Gauge("process_resident_memory_bytes", "Resident memory.", process.WorkingSet64);
        Gauge("process_open_fds", "Open files and connections.", Directory.Exists("/proc/self/fd")
            ? Directory.GetFileSystemEntries("/proc/self/fd").Length : 0);
        Gauge("process_threads", "Threads.", process.Threads.Count);
        Gauge("process_start_time_seconds", "Start, Unix seconds.",
            new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        PrometheusText.Head(text, "process_cpu_seconds_total", "counter", "Processor time, user and system.");
        PrometheusText.Sample(text, "process_cpu_seconds_total", "", process.TotalProcessorTime.TotalSeconds);
        Gauge("aviso_gc_heap_bytes", "Memory in live and dead managed objects.", GC.GetTotalMemory(false));
        Gauge("aviso_gc_committed_bytes", "Memory the collector holds.", gc.TotalCommittedBytes);
        PrometheusText.Head(text, "aviso_gc_collections_total", "counter", "Collections by generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            PrometheusText.Sample(text, "aviso_gc_collections_total", $"generation=\"{generation}\"", GC.CollectionCount(generation));
        PrometheusText.Head(text, "aviso_gc_pause_seconds_total", "counter", "Time all threads waited for the collector.");
        PrometheusText.Sample(text, "aviso_gc_pause_seconds_total", "", GC.GetTotalPauseDuration().TotalSeconds);
        PrometheusText.Head(text, "aviso_build_info", "gauge", "Always 1; the version is a label.");
        PrometheusText.Sample(text, "aviso_build_info", $"version=\"{BuildInfo.Version}\",runtime=\"{Environment.Version}\"", 1);

        void Gauge(string name, string help, double value)
        {
            PrometheusText.Head(text, name, "gauge", help);
            PrometheusText.Sample(text, name, "", value);
        }
    }
}
