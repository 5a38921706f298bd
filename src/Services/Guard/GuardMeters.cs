using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>What Guard counts. No addresses in labels.</summary>
internal static class GuardMeters
{
    private static readonly Meter Meter = new("Aviso.Guard");

    [ModuleInitializer]
    internal static void Publish() => Instruments.StartAtZero(() =>
    {
        foreach (var reason in (Reason[])[Reason.LoginFailed, Reason.RelayDenied])
            Internal.Add(0, new KeyValuePair<string, object?>("evidence", reason.Word));
    });

    private static readonly Counter<long> Decided =
        Meter.CreateCounter<long>("aviso_guard_decisions_total", description: "Decisions taken, by origin and scenario.");

    private static readonly Counter<long> Refused =
        Meter.CreateCounter<long>("aviso_guard_refused_total", description: "Connections refused, by listener kind and reason.");

    private static readonly Counter<long> Limited = Meter.CreateCounter<long>(
        "aviso_guard_limited_total", description: "Refusals because one client or its network did too much, by limit.");

    private static readonly string[] Words =
        ["connections", "messages", "recipients", "refused-recipients", "commands", "login-connections", "failed-logins"];

    private static readonly Counter<long> Seen =
        Meter.CreateCounter<long>("aviso_guard_evidence_total", description: "Evidence heard, by kind of evidence.");

    private static readonly Counter<long> Spared = Meter.CreateCounter<long>(
        "aviso_guard_spared_total", description: "Scenarios that fired for a client that automation may not ban, by why.");

    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "aviso_guard_dropped_total", description: "Decisions that did not fit: there are as many as are kept already.");

    private static readonly Counter<long> Internal = Meter.CreateCounter<long>(
        "aviso_guard_internal_failures_total",
            description: "Failed logins and refused relaying from our own networks, by kind of evidence: something of ours has lost its password.");

    private static readonly Gauge<long> Active =
        Meter.CreateGauge<long>("aviso_guard_decisions", description: "Decisions that hold now, by origin.");

    private static readonly Gauge<double> Age =
        Meter.CreateGauge<double>("aviso_guard_lapi_age_seconds", "s", "Time since the last answer of the CrowdSec engine.");

    private static readonly Counter<long> Pulls = Meter.CreateCounter<long>(
        "aviso_guard_lapi_pulls_total", description: "Questions to the CrowdSec engine for its decisions, by result.");

    private static readonly Counter<long> Ignored = Meter.CreateCounter<long>(
        "aviso_guard_lapi_ignored_total", description: "Decisions of the CrowdSec engine that do not hold here, by reason.");

    private static readonly Counter<long> Alerts =
        Meter.CreateCounter<long>("aviso_guard_alerts_total", description: "Alerts for the CrowdSec engine, by what became of them.");

    private static readonly Gauge<long> Waiting =
        Meter.CreateGauge<long>("aviso_guard_alerts_waiting", description: "Alerts that the CrowdSec engine has not taken yet.");

    private static readonly Counter<long> Lines = Meter.CreateCounter<long>(
        "aviso_compatibility_log_lines_total", description: "Lines for engines that read logs, by what became of them.");

    private static readonly Counter<long> Nfts =
        Meter.CreateCounter<long>("aviso_guard_nftables_updates_total", description: "Updates of the kernel's sets, by result.");

    private static readonly Gauge<long> NftSize =
        Meter.CreateGauge<long>("aviso_guard_nftables_elements", description: "Addresses and networks in the kernel's sets.");

    public static void CompatibilityLines(string result, int count) =>
        Lines.Add(count, new KeyValuePair<string, object?>("result", result));

    public static void Nft(string result) => Nfts.Add(1, new KeyValuePair<string, object?>("result", result));

    public static void NftElements(int count) => NftSize.Record(count);

    public static void Pulled(string result) => Pulls.Add(1, new KeyValuePair<string, object?>("result", result));

    public static void EngineIgnored(string reason) => Ignored.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public static void Alert(string result, int count = 1) => Alerts.Add(count, new KeyValuePair<string, object?>("result", result));

    public static void AlertsWaiting(int count) => Waiting.Record(count);

    public static void Decision(Decision decision) => Decided.Add(1, new("origin", decision.Origin), new("scenario", decision.Scenario));

    /// <summary>An engine's scenario may be any text: it is no label.</summary>
    public static void EngineDecision(Decision decision) => Decided.Add(1, new("origin", decision.Origin), new("scenario", "engine"));

    public static void Refuse(ListenerKind kind, string reason) =>
        Refused.Add(1, new("kind", ListenerKinds.Name(kind)), new("reason", reason));

    public static void Limit(ClientRate rate) => Limited.Add(1, new KeyValuePair<string, object?>("limit", Words[(int)rate]));

    public static void GuessedAccount() => Limited.Add(1, new KeyValuePair<string, object?>("limit", "account-logins"));

    public static void Evidence(string what) => Seen.Add(1, new KeyValuePair<string, object?>("evidence", what));

    public static void Spare(string why) => Spared.Add(1, new KeyValuePair<string, object?>("reason", why));

    public static void Full() => Dropped.Add(1);

    public static void OwnTrouble(string what) => Internal.Add(1, new KeyValuePair<string, object?>("evidence", what));

    public static void Hold(string origin, long count) => Active.Record(count, new KeyValuePair<string, object?>("origin", origin));

    public static void LapiAge(TimeSpan age) => Age.Record(age.TotalSeconds);
}
