using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Mime;

/// <summary>
/// How much of a stranger's message is analysed. A limit never refuses: what lies beyond it is one opaque part, or is left
/// out of the analysis, <see cref="MimePart.LimitHit"/> is set and <c>aviso_mime_limits_total</c> counts it.
/// </summary>
public sealed record MimeLimits
{
    public static readonly MimeLimits Default = new();

    /// <summary>Nesting of multiparts and embedded messages; the message itself is level 1.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>Parts in the whole message, the message itself included.</summary>
    public int Parts { get; init; } = 1000;

    /// <summary>Octets of one header block that are looked at; the rest only counts in the header's length.</summary>
    public int HeaderOctets { get; init; } = 256 * 1024;

    /// <summary>Octets of envelope fields kept for all embedded messages together.</summary>
    public int EnvelopeOctets { get; init; } = 1024 * 1024;

    /// <summary>Parameters of one Content-Type or Content-Disposition field.</summary>
    public const int Parameters = 100;

    /// <summary>Addresses of one field, group members included.</summary>
    public const int Addresses = 2000;

    /// <summary>Message ids of one field.</summary>
    public const int MessageIds = 1000;

    /// <summary>URLs of one field of RFC 2369.</summary>
    public const int Urls = 100;

    /// <summary>A line longer than this is not a boundary. RFC 2046 §5.1.1 allows 70 octets; real mail goes further.</summary>
    internal const int BoundaryLine = 1024;
}

/// <summary>What this folder counts.</summary>
internal static class MimeMeters
{
    private static readonly Meter Meter = new("Aviso.Mime");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly Counter<long> LimitsHit = Meter.CreateCounter<long>(
        "aviso_mime_limits_total", description: "Messages whose analysis ended at a limit, by limit");

    public static void Limit(string which) => LimitsHit.Add(1, new KeyValuePair<string, object?>("limit", which));
}
