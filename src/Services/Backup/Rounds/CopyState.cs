using System.Text.Json.Serialization;

namespace Aviso.Backup;

/// <summary>How it stands with one target.</summary>
/// <param name="WholeAt">When all that there was had arrived; null: never in this process.</param>
/// <param name="Waiting">Octets that wait to be sent.</param>
/// <param name="ProvenAt">Of which moment the last backup is that a drill found whole.</param>
/// <param name="DrilledAt">When the last drill ended, whatever came of it.</param>
/// <param name="DrillProblem">What it found; null: nothing.</param>
public sealed record CopyState(
    string Name, string Where, DateTimeOffset? WholeAt, string? Problem, DateTimeOffset? FailsSince, long Waiting, long SentOctets,
    DateTimeOffset? ProvenAt, DateTimeOffset? DrilledAt, string? DrillProblem);

/// <summary>What is remembered of drills, in the store. Unix milliseconds UTC; 0: never.</summary>
public sealed record DrillMemory(long ProvenAt, long DrilledAt, string? Problem)
{
    internal const string Kind = "backup-drill";
}

[JsonSerializable(typeof(DrillMemory))]
internal sealed partial class BackupJson : JsonSerializerContext;
