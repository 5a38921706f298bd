namespace Aviso.Jmap;

/// <summary>RFC 8620 §2: what the core capability says of limits; no default is below the minimum that is suggested there.</summary>
public sealed record JmapLimits
{
    /// <summary>Octets of one upload.</summary>
    public long MaxSizeUpload { get; init; } = 50_000_000;

    public int MaxConcurrentUpload { get; init; } = 4;

    /// <summary>Octets of one request.</summary>
    public int MaxSizeRequest { get; init; } = 10_000_000;

    public int MaxConcurrentRequests { get; init; } = 8;

    public int MaxCallsInRequest { get; init; } = 64;

    public int MaxObjectsInGet { get; init; } = 500;

    public int MaxObjectsInSet { get; init; } = 500;

    /// <summary>Ids in one answer of a query; a longer result is read in windows (RFC 8620 §5.5: limit).</summary>
    public int MaxIdsInQuery { get; init; } = 10_000;

    /// <summary>Ids in one answer of changes; more are told as an intermediate state.</summary>
    public int MaxChanges { get; init; } = 5_000;

    /// <summary>Levels and nodes of a filter; beyond them it is unsupportedFilter.</summary>
    public int MaxFilterDepth { get; init; } = 64;

    public int MaxFilterNodes { get; init; } = 2_000;

    /// <summary>Octets of all answers of one request; a call that would write more is requestTooLarge.</summary>
    public int MaxSizeResponse { get; init; } = 64 << 20;
}
