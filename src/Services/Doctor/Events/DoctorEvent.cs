using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Aviso.Store;

namespace Aviso.Doctor;

/// <summary>Something came up or cleared, for somebody outside of this server. Times are Unix seconds UTC.</summary>
/// <param name="Id">The same at every try: whoever gets it twice knows.</param>
/// <param name="Targets">Names of those who have not had it yet.</param>
public sealed record DoctorEvent(
    string Id, long At, bool IsRaised, string Code, Severity Severity, string Subject, string Says, string Evidence, string Fix, string Act,
    long Since, IReadOnlyList<string> Targets)
{
    internal const string Kind = "doctor-event";

    public static DoctorEvent Of(FindingChange change, string id, IReadOnlyList<string> targets)
    {
        var finding = change.Standing.Finding;
        return new(id, change.At.ToUnixTimeSeconds(), change.IsRaised, finding.Code.Word, finding.Code.Severity, finding.Subject,
            finding.Says,
            finding.Evidence, finding.Fix, finding.Act, change.Standing.Since.ToUnixTimeSeconds(), targets);
    }

    /// <summary>"raised" or "cleared".</summary>
    public string State => IsRaised ? "raised" : "cleared";

    public string SeverityWord => Severity.ToString().ToLowerInvariant();

    /// <summary>One line for people.</summary>
    public string Line => IsRaised ? Says : $"over: {Says}";

    /// <summary>As webhooks get it.</summary>
    public JsonObject Json() => new()
    {
        ["id"] = Id,
        ["state"] = State,
        ["code"] = Code,
        ["severity"] = SeverityWord,
        ["subject"] = Subject,
        ["says"] = Says,
        ["evidence"] = Evidence,
        ["fix"] = Fix,
        ["act"] = Act,
        ["since"] = Time(Since),
        ["at"] = Time(At),
    };

    internal Document Document() => Documents.Of(new(default, Kind, Id), this, EventJson.Default.DoctorEvent, At);

    internal static string Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'",
        System.Globalization.CultureInfo.InvariantCulture);
}

[JsonSerializable(typeof(DoctorEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
