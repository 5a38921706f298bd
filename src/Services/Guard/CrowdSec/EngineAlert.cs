using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>What the engine is told of one scenario that fired here. It decides what follows.</summary>
/// <param name="Id">A UUID; newer engines show it.</param>
/// <param name="Client">The address; of an IPv6 client the address itself, because engines decide about addresses.</param>
/// <param name="Leak">As Go writes durations.</param>
/// <param name="Service">The listener's kind, such as "imaps".</param>
/// <param name="Word">What was seen last, such as "login-failed".</param>
/// <param name="User">Whom the login was for; null when it was none.</param>
public sealed record EngineAlert(
    string Id, string Scenario, string Client, int Events, int Capacity, string Leak, string Service, string Word, string? User, DateTimeOffset At)
{
    /// <summary>The same client and scenario are one alert while it waits.</summary>
    public string Name => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Scenario}\0{Client}")).AsSpan(0, 16));

    public static EngineAlert Of(Firing firing) => new(Guid.NewGuid().ToString(), firing.Scenario.Name, Networks.Normal(firing.Last.Client).ToString(), firing.Events,
        firing.Scenario.Capacity, GoDuration.Format(firing.Scenario.Leak), ListenerKinds.Name(firing.Last.Kind),
        firing.Last.What.EvidenceWord ?? firing.Last.What.Word, firing.User, firing.Decision.Since);

    /// <summary>As the engine's API wants it; without decisions, so that the engine's profiles decide.</summary>
    public JsonObject ToJson()
    {
        var at = At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        return new()
        {
            ["uuid"] = Id,
            ["kind"] = "crowdsec",
            ["scenario"] = Scenario,
            ["scenario_hash"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Scenario} {Capacity} {Leak}"))),
            ["scenario_version"] = "0.1",
            ["message"] = $"Ip {Client} performed '{Scenario}' ({Events} events) at {at}",
            ["events_count"] = Events,
            ["capacity"] = Capacity,
            ["leakspeed"] = Leak,
            ["simulated"] = false,
            ["remediation"] = true,
            ["start_at"] = at,
            ["stop_at"] = at,
            ["labels"] = new JsonArray("service:" + Service),
            ["source"] = new JsonObject { ["scope"] = "Ip", ["value"] = Client, ["ip"] = Client },
            ["events"] = new JsonArray(new JsonObject { ["timestamp"] = at, ["meta"] = new JsonArray([.. Meta().Select(m => (JsonNode)new JsonObject { ["key"] = m.Key, ["value"] = m.Value })]) }),
        };
    }

    private IEnumerable<(string Key, string Value)> Meta()
    {
        yield return ("source_ip", Client);
        yield return ("service", Service);
        yield return ("log_type", "aviso_" + Word.Replace('-', '_'));
        if (User is not null) yield return ("target_user", User);
    }
}

[JsonSerializable(typeof(EngineAlert))]
internal sealed partial class AlertJson : JsonSerializerContext;
