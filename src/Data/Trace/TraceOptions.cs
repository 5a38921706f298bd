namespace Aviso.Trace;

/// <summary>What is recorded and for how long.</summary>
public sealed record TraceOptions
{
    public bool Enabled { get; init; } = true;

    /// <summary>What is older is dropped, a thirtieth of this at a time.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Octets on disk; the oldest is dropped first. At least 4 MB.</summary>
    public long Size { get; init; } = 512L << 20;

    /// <summary>Subjects are kept, and found by their words.</summary>
    public bool Subjects { get; init; } = true;

    /// <summary>Octets of one file: small against the bound, so that what is dropped at once is small.</summary>
    internal int SegmentOctets => (int)Math.Clamp(Size / 64, 64 << 10, 8 << 20);
}
