using System.Text.Json.Nodes;
using Aviso.Delivery;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>How mail leaves: relays with what is left of their quotas, and which mail goes by which.</summary>
internal sealed class DescribeRelays(DescribeAsk ask, Func<ServerSettings> settings, Func<SwitchedRelay?> switched) : IDescribed
{
    public string Title => "Relays";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var (now, (rows, problem)) = (settings(), await ask.RowsAsync("relay.list", cancel));
        if (problem is not null) part.Say(problem);
        part.Say(now.Outbound.Capture is { } capture ? $"`outbound.capture` gives all mail for elsewhere to {capture}."
            : now.Routes.Count == 0 ? "All mail goes directly to the MX of its domain."
            : "The first route that fits takes a message; what fits none goes directly to the MX of its domain.");
        if (switched() is { IsInForce: true } change)
            part.Say($"{change.To} takes what the routes give to {change.From}, since "
                + $"{Time(DateTimeOffset.FromUnixTimeSeconds(change.At))}.");
        part.Table("relays", rows.Select(row => With(row, now.Relays.FirstOrDefault(r => r.Name == $"{row["relay"]}"))));
        part.Table("routes", now.Routes.Select(r => Row(("from", r.From), ("to", r.To), ("relay", r.Relay),
            ("goes by", RoutesMapping.Now(r.Relay, switched()) is var by && by != r.Relay ? by : ""))));
    }

    private static JsonObject With(JsonObject row, RelaySection? relay)
    {
        var shown = (JsonObject)row.DeepClone();
        shown["tls"] = relay is null ? "" : Word(relay.Tls);
        shown["login"] = relay?.Username?.ToString() ?? "none";
        return shown;
    }
}
