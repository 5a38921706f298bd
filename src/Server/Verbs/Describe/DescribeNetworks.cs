using System.Net;
using System.Text.Json.Nodes;
using Aviso.Settings;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Networks that are not strangers.</summary>
internal sealed class DescribeNetworks(Func<ServerSettings> settings) : IDescribed
{
    public string Title => "Networks";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var networks = settings().Networks;
        List<JsonObject> rows =
        [
            .. Rows(networks.Internal, "internal", "ours: never banned, and a refusal of one is a finding"),
            .. Rows(networks.TrustedRelays, "trusted relay", "hands over mail of others, which is judged by the client before it"),
            .. Rows(networks.Proxies, "proxy", "says by PROXY or X-Forwarded-For who connects"),
            .. Rows(networks.CleartextLogin, "cleartext login", "may log in without TLS"),
        ];
        part.Say(rows.Count == 0 ? "Everybody is a stranger: no networks are named." : "These are not strangers.").Table("networks", rows);
        return Task.CompletedTask;
    }

    private static IEnumerable<JsonObject> Rows(IReadOnlyList<IPNetwork> networks, string kind, string means) =>
        networks.Select(n => Row(("network", n.ToString()), ("kind", kind), ("means", means)));
}
