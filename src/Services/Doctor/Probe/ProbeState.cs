using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>What is remembered of probes over a restart: one document of the server. Never changed, replaced.</summary>
internal sealed record ProbeState
{
    private static readonly DocumentKey Key = new(default, "probe", "state");

    /// <summary>Change of the account up to which arrivals were looked at.</summary>
    public long Seen { get; init; }

    public IReadOnlyDictionary<string, ProbeMemory> Ways { get; init; } = new Dictionary<string, ProbeMemory>();

    /// <summary>Sent, not come when it was waited for; when they come they are taken away.</summary>
    public IReadOnlyList<MissingProbe> Missing { get; init; } = [];

    public static async Task<ProbeState> LoadAsync(IDocumentRows rows, CancellationToken cancel)
    {
        var document = await rows.GetDocumentAsync(Key.Owner, Key.Kind, Key.Name, cancel);
        try
        {
            return document is null ? new() : JsonSerializer.Deserialize(document.Value, ProbeJson.Default.ProbeState) ?? new();
        }
        catch (JsonException)
        {
            return new();
        }
    }

    public Task SaveAsync(IDocumentRows rows, DateTimeOffset now, CancellationToken cancel) =>
        rows.ChangeDocumentsAsync([new(Key, JsonSerializer.SerializeToUtf8Bytes(this, ProbeJson.Default.ProbeState),
            now.ToUnixTimeSeconds())], [], cancel);
}

/// <summary>The last run of one way.</summary>
/// <param name="LastSent">Unix seconds UTC.</param>
/// <param name="LastCame">Unix seconds UTC of the end of the last run that came through; 0: none did.</param>
internal sealed record ProbeMemory(long LastSent, long LastCame, ProbeResult? Last);

/// <param name="SentAt">Unix seconds UTC.</param>
internal sealed record MissingProbe(string Marker, string Route, long SentAt);

[JsonSerializable(typeof(ProbeState))]
internal sealed partial class ProbeJson : JsonSerializerContext;
