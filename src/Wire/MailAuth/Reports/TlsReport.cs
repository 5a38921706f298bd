using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.MailAuth;

/// <summary>A report about TLS on the way to one domain's mail servers (RFC 8460 §4).</summary>
public sealed record TlsReport
{
    public const int MostPolicies = 1000;
    public const int MostFailures = 10_000;

    private const int MostOctets = 32 << 20;

    public required string Organization { get; init; }

    public required DateTimeOffset Start { get; init; }

    public required DateTimeOffset End { get; init; }

    public string Contact { get; init; } = "";

    public required string ReportId { get; init; }

    public required IReadOnlyList<TlsReportPolicy> Policies { get; init; }

    /// <summary>Reads a report; numbers may be text, lists may be single values, names are put into lower case.</summary>
    /// <param name="problem">Why it is none.</param>
    public static TlsReport? Parse(ReadOnlySpan<byte> json, out string problem)
    {
        problem = "";
        if (json.Length > MostOctets)
        {
            problem = $"the report has more than {MostOctets >> 20} MB";
            return null;
        }
        try
        {
            var root = JsonNode.Parse(json.StartsWith("\uFEFF"u8) ? json[3..] : json, null, new() { MaxDepth = 16, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (root is JsonObject report && report["policies"] is JsonArray policies) return Read(report, policies);
            problem = "no TLS report: an object with \"policies\" was looked for";
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            problem = "not JSON: " + e.Message;
        }
        return null;
    }

    /// <returns>The JSON of RFC 8460 §4.4 in UTF-8.</returns>
    public byte[] Write()
    {
        var report = new JsonObject
        {
            ["organization-name"] = Organization,
            ["date-range"] = new JsonObject { ["start-datetime"] = Time(Start), ["end-datetime"] = Time(End) },
            ["contact-info"] = Contact,
            ["report-id"] = ReportId,
            ["policies"] = new JsonArray([.. Policies.Select(p => p.ToJson())]),
        };
        return Encoding.UTF8.GetBytes(report.ToJsonString());
    }

    private static TlsReport Read(JsonObject report, JsonArray policies)
    {
        var range = report["date-range"] as JsonObject;
        return new()
        {
            Organization = Text(report, "organization-name"),
            Start = Time(Text(range, "start-datetime")),
            End = Time(Text(range, "end-datetime")),
            Contact = Text(report, "contact-info"),
            ReportId = Text(report, "report-id"),
            Policies = [.. policies.OfType<JsonObject>().Take(MostPolicies).Select(TlsReportPolicy.Read)],
        };
    }

    internal static string Text(JsonObject? parent, string name) => parent?[name] switch
    {
        JsonValue value => value.ToString(),
        _ => "",
    };

    internal static IReadOnlyList<string> Texts(JsonObject? parent, string name) => parent?[name] switch
    {
        JsonArray list => [.. list.OfType<JsonValue>().Select(v => v.ToString())],
        JsonValue value => [value.ToString()],
        _ => [],
    };

    internal static long Number(JsonObject? parent, string name) =>
        long.TryParse(Text(parent, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    internal static string Host(JsonObject? parent, string name) => Text(parent, name).TrimEnd('.').ToLowerInvariant();

    private static DateTimeOffset Time(string text) => DateTimeOffset.TryParse(
        text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : DateTimeOffset.UnixEpoch;

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>What happened under one policy.</summary>
/// <param name="Type">sts, tlsa or no-policy-found (RFC 8460 §4.2).</param>
/// <param name="Lines">The policy as it was found.</param>
/// <param name="MxHosts">mx patterns of an STS policy.</param>
public sealed record TlsReportPolicy(
    string Type, string Domain, IReadOnlyList<string> Lines, IReadOnlyList<string> MxHosts, long Successful, long Failed, IReadOnlyList<TlsFailure> Failures)
{
    internal static TlsReportPolicy Read(JsonObject one)
    {
        var policy = one["policy"] as JsonObject;
        var summary = one["summary"] as JsonObject;
        return new(
            TlsReport.Text(policy, "policy-type").ToLowerInvariant(), TlsReport.Host(policy, "policy-domain"), TlsReport.Texts(policy, "policy-string"),
            TlsReport.Texts(policy, "mx-host"), TlsReport.Number(summary, "total-successful-session-count"), TlsReport.Number(summary, "total-failure-session-count"),
            [.. ((one["failure-details"] as JsonArray)?.OfType<JsonObject>() ?? []).Take(TlsReport.MostFailures).Select(TlsFailure.Read)]);
    }

    internal JsonNode ToJson()
    {
        var policy = new JsonObject { ["policy-type"] = Type };
        if (Lines.Count > 0) policy["policy-string"] = new JsonArray([.. Lines.Select(l => JsonValue.Create(l))]);
        policy["policy-domain"] = Domain;
        if (MxHosts.Count == 1) policy["mx-host"] = MxHosts[0];
        else if (MxHosts.Count > 1) policy["mx-host"] = new JsonArray([.. MxHosts.Select(h => JsonValue.Create(h))]);
        var one = new JsonObject
        {
            ["policy"] = policy,
            ["summary"] = new JsonObject { ["total-successful-session-count"] = Successful, ["total-failure-session-count"] = Failed },
        };
        if (Failures.Count > 0) one["failure-details"] = new JsonArray([.. Failures.Select(f => f.ToJson())]);
        return one;
    }
}

/// <param name="Result">starttls-not-supported, certificate-expired... (RFC 8460 §4.3); unknown words are kept.</param>
/// <param name="Count">Sessions that failed so; 1 when the reporter does not say.</param>
public sealed record TlsFailure(string Result, string SendingIp, string MxHost, string ReceivingIp, long Count, string Reason, string More)
{
    internal static TlsFailure Read(JsonObject one) => new(
        TlsReport.Text(one, "result-type").ToLowerInvariant(), TlsReport.Text(one, "sending-mta-ip"), TlsReport.Host(one, "receiving-mx-hostname"),
        TlsReport.Text(one, "receiving-ip"), one.ContainsKey("failed-session-count") ? TlsReport.Number(one, "failed-session-count") : 1,
        TlsReport.Text(one, "failure-reason-code"), TlsReport.Text(one, "additional-information"));

    internal JsonNode ToJson()
    {
        var one = new JsonObject { ["result-type"] = Result };
        if (SendingIp.Length > 0) one["sending-mta-ip"] = SendingIp;
        if (MxHost.Length > 0) one["receiving-mx-hostname"] = MxHost;
        if (ReceivingIp.Length > 0) one["receiving-ip"] = ReceivingIp;
        one["failed-session-count"] = Count;
        if (Reason.Length > 0) one["failure-reason-code"] = Reason;
        if (More.Length > 0) one["additional-information"] = More;
        return one;
    }
}
