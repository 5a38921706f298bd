using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>The authority's own word on when to renew (RFC 9773).</summary>
internal static class RenewalInfo
{
    // RFC 9773 §4.3.2: six hours without a Retry-After; RFC 9773 §4.3.2 lets us bound what the authority asks for.
    private static readonly TimeSpan Usual = TimeSpan.FromHours(6), Shortest = TimeSpan.FromMinutes(1), Longest = TimeSpan.FromDays(1);

    /// <summary>RFC 9773 §4.1: authority key identifier and serial number; empty when the certificate has no such identifier.</summary>
    public static string IdOf(X509Certificate2 leaf)
    {
        var authority = leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault();
        return authority?.KeyIdentifier is { } key
            ? $"{Base64Url.EncodeToString(key.Span)}.{Base64Url.EncodeToString(leaf.SerialNumberBytes.Span)}" : "";
    }

    /// <summary>
    /// Asks, and chooses a moment in the window (RFC 9773 §4.2: uniformly, so that not all come at once). The moment stays while the
    /// window does. An answer that makes no sense, or none, leaves what was known (§4.3.3).
    /// </summary>
    public static async Task<(StoredCertificate Certificate, string Explanation)> AskAsync(
        StoredCertificate certificate, AcmeClient client, Random random, DateTimeOffset now, CancellationToken cancel)
    {
        var later = certificate with { AriAskAt = now + Usual };
        if (certificate.AriId.Length == 0 || await client.OpenAsync(cancel) is not null || client.RenewalInfo.Length == 0) return (
            later, "");
        var reply = await client.GetAsync($"{client.RenewalInfo.TrimEnd('/')}/{certificate.AriId}", cancel);
        var wait = reply.RetryAfter is { } wish ? TimeSpan.FromTicks(Math.Clamp(wish.Ticks, Shortest.Ticks, Longest.Ticks)) : Usual;
        later = later with { AriAskAt = now + wait };
        if (reply.Failure is not null || reply.Body?["suggestedWindow"] is not JsonObject window
            || !TryTime(window, "start", out var start) || !TryTime(window, "end", out var end) || end <= start) return (later, "");
        if (certificate.AriAt is not null && certificate.AriStart == start && certificate.AriEnd == end) return (later, "");
        var at = DateTimeOffset.FromUnixTimeSeconds((start + (end - start) * random.NextDouble()).ToUnixTimeSeconds());
        return (later with { AriAt = at, AriStart = start, AriEnd = end }, reply["explanationURL"]);
    }

    private static bool TryTime(JsonObject window, string name, out DateTimeOffset time)
    {
        var good = DateTimeOffset.TryParse(
            AcmeJson.Text(window, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        time = DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
        return good;
    }
}
