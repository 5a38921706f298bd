using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>
/// Tells a Pushgateway and an Uptime Kuma monitor how a run ended. A run that failed sends no duration and no time of success: those of the
/// last success stay there, and only what is true now changes.
/// </summary>
internal sealed class ProbePush(HttpClient http, TimeProvider clock, ILogger log)
{
    public const string Success = "email_roundtrip_success", Duration = "email_roundtrip_duration_seconds",
        LastSuccess = "email_roundtrip_last_success_timestamp";

    private const int MostWords = 250;
    private static readonly TimeSpan[] Waits = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(25)];

    public async Task TellAsync(ProbeOptions options, IReadOnlyList<(string Route, ProbeMemory Memory)> standing, CancellationToken cancel)
    {
        if (options.Gateway is { } gateway)
            await TryAsync("pushgateway", () =>
                new(HttpMethod.Post, gateway) { Content = new StringContent(Text(standing), Encoding.UTF8, "text/plain") }, cancel);
        if (options.Kuma is { } kuma) await TryAsync("kuma", () => new(HttpMethod.Get, Kuma(kuma, standing)), cancel);
    }

    /// <summary>Prometheus text (0.0.4), without timestamps, which a Pushgateway refuses.</summary>
    internal static string Text(IReadOnlyList<(string Route, ProbeMemory Memory)> standing)
    {
        var text = new StringBuilder();
        Family(Success, standing.Where(w => w.Memory.Last is not null).Select(w => (w.Route, w.Memory.Last!.Came ? 1d : 0d)));
        Family(Duration, standing.Where(w => w.Memory.Last is { Came: true }).Select(w => (w.Route, w.Memory.Last!.Took.TotalSeconds)));
        Family(LastSuccess, standing.Where(w => w.Memory.LastCame > 0).Select(w => (w.Route, (double)w.Memory.LastCame)));
        return text.ToString();

        void Family(string name, IEnumerable<(string Route, double Value)> samples)
        {
            foreach (var (i, (route, value)) in samples.Index())
            {
                if (i == 0) text.Append("# TYPE ").Append(name).Append(" gauge\n");
                text.Append(CultureInfo.InvariantCulture, $"{name}{{route=\"{route}\"}} {value}\n");
            }
        }
    }

    /// <summary>status, msg and ping (milliseconds) of Kuma's push monitors.</summary>
    internal static Uri Kuma(Uri monitor, IReadOnlyList<(string Route, ProbeMemory Memory)> standing)
    {
        var broken = standing.Select(w => w.Memory.Last).Where(l => l is { Came: false }).ToList();
        var said = broken.Count == 0 ? "OK" : string.Join("; ", broken.Select(b => $"{b!.Route}: {b.FailedStage}: {b.Problem}"));
        var ping = standing.Where(w => w.Memory.Last is { Came: true }).Select(w =>
            w.Memory.Last!.Took.TotalMilliseconds).DefaultIfEmpty(0).Max();
        var status = broken.Count == 0 ? "up" : "down";
        var text = Uri.EscapeDataString(said.Length > MostWords ? said[..MostWords] : said);
        return new UriBuilder(monitor)
        {
            Query = string.Create(CultureInfo.InvariantCulture, $"status={status}&msg={text}&ping={ping:0}"),
        }.Uri;
    }

    private async Task TryAsync(string to, Func<HttpRequestMessage> request, CancellationToken cancel)
    {
        for (var tries = 0; ; tries++)
        {
            string why;
            try
            {
                using var asked = request();
                using var answer = await http.SendAsync(asked, cancel);
                if (answer.IsSuccessStatusCode) return;
                why = $"it answers {(int)answer.StatusCode}";
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                why = e.Message;
            }
            if (tries == Waits.Length)
            {
                ProbeMeters.PushFailed(to);
                log.ProbeNotPushed(to, why);
                return;
            }
            await Task.Delay(Waits[tries], clock, cancel);
        }
    }
}
