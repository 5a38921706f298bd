using System.Text.Json.Nodes;

namespace Aviso.Guard;

/// <summary>A decision in the words of CrowdSec's local API.</summary>
public static class LapiDecision
{
    /// <summary>As CrowdSec's API writes it; the duration is what remains.</summary>
    public static JsonObject Json(Decision decision, DateTimeOffset now) => new()
    {
        ["duration"] = GoDuration.Format(decision.Until - now),
        ["id"] = decision.Id,
        ["origin"] = decision.Origin,
        ["scenario"] = decision.Scenario,
        ["scope"] = decision.Scope,
        ["simulated"] = false,
        ["type"] = decision.Type,
        ["value"] = decision.Value,
    };
}
