using System.Globalization;
using System.Net;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>Feedback about one message (ARF, RFC 5965; authentication failures, RFC 6591): a complaint or a failed check.</summary>
public sealed record FeedbackReport
{
    /// <summary>abuse, fraud, virus, auth-failure, not-spam, other...</summary>
    public required string Type { get; init; }

    public string UserAgent { get; init; } = "";

    public string OriginalMailFrom { get; init; } = "";

    public IReadOnlyList<string> OriginalRcptTo { get; init; } = [];

    public IReadOnlyList<string> ReportedDomains { get; init; } = [];

    public IReadOnlyList<string> ReportedUris { get; init; } = [];

    public IReadOnlyList<string> AuthenticationResults { get; init; } = [];

    public IPAddress? SourceIp { get; init; }

    public DateTimeOffset? ArrivalDate { get; init; }

    public long Incidents { get; init; } = 1;

    /// <summary>RFC 6591 §3.1: adsp, bodyhash, revoked, signature, spf, dmarc; empty otherwise.</summary>
    public string AuthFailure { get; init; } = "";

    /// <summary>RFC 6591 §3.2.2: delivered, spam, policy, reject, other; empty when not said.</summary>
    public string DeliveryResult { get; init; } = "";

    public string DkimDomain { get; init; } = "";

    public string DkimSelector { get; init; } = "";

    /// <summary>Reads the decoded content of a message/feedback-report part; null without a Feedback-Type (RFC 5965 §3.1).</summary>
    public static FeedbackReport? Parse(ReadOnlySpan<byte> content)
    {
        // Some senders write bare LF; an empty line would end the fields.
        var fields = new Dictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in new HeaderFields(content.TrimStart("\r\n"u8)))
        {
            var name = System.Text.Encoding.ASCII.GetString(field.Name);
            if (!fields.TryGetValue(name, out var values)) fields[name] = values = [];
            if (values.Count < 100) values.Add(HeaderText.Raw(field.Value).Trim());
        }
        if (One("Feedback-Type") is not { Length: > 0 } type) return null;
        return new()
        {
            Type = type.ToLowerInvariant(),
            UserAgent = One("User-Agent"),
            OriginalMailFrom = One("Original-Mail-From").Trim('<', '>'),
            OriginalRcptTo = [.. All("Original-Rcpt-To").Select(r => r.Trim('<', '>'))],
            ReportedDomains = All("Reported-Domain"),
            ReportedUris = All("Reported-URI"),
            AuthenticationResults = All("Authentication-Results"),
            SourceIp = IPAddress.TryParse(One("Source-IP").Split(' ', '(')[0], out var address) ? address : null,
            ArrivalDate = Date(),
            Incidents = long.TryParse(One("Incidents"), NumberStyles.None, CultureInfo.InvariantCulture, out var incidents) ? incidents : 1,
            AuthFailure = One("Auth-Failure").ToLowerInvariant(),
            DeliveryResult = One("Delivery-Result").ToLowerInvariant(),
            DkimDomain = One("DKIM-Domain"),
            DkimSelector = One("DKIM-Selector"),
        };

        IReadOnlyList<string> All(string name) => fields.TryGetValue(name, out var values) ? values : [];
        string One(string name) => All(name) is [var first, ..] ? first : "";
        DateTimeOffset? Date() => (One("Arrival-Date") is { Length: > 0 } a ? a : One("Received-Date")) is { Length: > 0 } text
            && MailDate.TryParse(System.Text.Encoding.ASCII.GetBytes(text), out var date) ? date : null;
    }
}
