using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>A report about TLS on the way to one domain's mail servers (RFC 8460 §4).</summary>
public sealed record TlsReport
{
    public const int MostPolicies = 1000;
    public const int MostFailures = 5_000;

    public required string Organization { get; init; }

    public required DateTimeOffset Start { get; init; }

    public required DateTimeOffset End { get; init; }

    public string Contact { get; init; } = "";

    public required string ReportId { get; init; }

    public required IReadOnlyList<TlsReportPolicy> Policies { get; init; }

    /// <summary>There were more policies, or more failures, than are read (<see cref="MostPolicies"/>, <see cref="MostFailures"/> in
    /// all).</summary>
    public bool IsCut { get; init; }

    /// <summary>False when something counts more sessions than anybody opens: then nothing of it is summed.</summary>
    public bool IsBelievable => Policies.All(p => p.Successful < ReportText.MostCount && p.Failed < ReportText.MostCount
        && p.Failures.All(f => f.Count < ReportText.MostCount));

    /// <summary>Reads a report; numbers may be text, lists may be single values, names are put into lower case.</summary>
    /// <param name="problem">Why it is none.</param>
    /// <exception cref="WorkSpentException">It would cost more than a report may.</exception>
    public static TlsReport? Parse(ReadOnlySpan<byte> json, WorkBudget work, out string problem)
    {
        if (json.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || json.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            json = Encoding.UTF8.GetBytes(ReportText.Decode(json));
        work.Take(json.Length / 4);
        try
        {
            if (TlsReportReader.Read(json.StartsWith("\uFEFF"u8) ? json[3..] : json, work) is { } report)
            {
                problem = "";
                return report;
            }
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

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>What happened under one policy.</summary>
/// <param name="Type">sts, tlsa or no-policy-found (RFC 8460 §4.2).</param>
/// <param name="Lines">The policy as it was found.</param>
/// <param name="MxHosts">mx patterns of an STS policy.</param>
public sealed record TlsReportPolicy(
    string Type, string Domain, IReadOnlyList<string> Lines, IReadOnlyList<string> MxHosts, long Successful, long Failed,
    IReadOnlyList<TlsFailure> Failures)
{
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
