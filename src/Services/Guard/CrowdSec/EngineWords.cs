using System.Text.Json;
using System.Text.Json.Serialization;
namespace Aviso.Guard;

/// <summary>One decision as the engine writes it.</summary>
/// <param name="Duration">What remains, as Go writes durations; negative when it is over.</param>
public sealed record EngineDecision(
    long Id, string? Origin, string? Scenario, string? Scope, string? Type, string? Value, string? Duration, bool Simulated = false);

/// <summary>One answer of the decision stream. Both lists may be missing: JSON null.</summary>
public sealed record EngineStream(IReadOnlyList<EngineDecision>? New, IReadOnlyList<EngineDecision>? Deleted);

/// <summary>What came of asking the engine.</summary>
public enum EngineResult
{
    Ok,

    /// <summary>No answer, or one that says it can't right now.</summary>
    Away,

    /// <summary>It does not know the key or the login.</summary>
    NotKnown,

    /// <summary>It does not take what was sent, and will not take it later.</summary>
    NotTaken,
}

/// <param name="Problem">For the log; empty when all is well. Holds no secret.</param>
public readonly record struct EngineReply<T>(EngineResult Result, T? Value, string Problem);

/// <summary>How answers are read: names in any case, numbers in quotes too.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EngineStream))]
internal sealed partial class EngineJson : JsonSerializerContext;
