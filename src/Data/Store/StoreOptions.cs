using Microsoft.Extensions.Logging;

namespace Aviso.Store;

/// <summary>How a store is opened. Every figure has a default that suits one machine.</summary>
public sealed record StoreOptions
{
    /// <summary>The folder that holds everything; created when missing, locked while open.</summary>
    public required string DataFolder { get; init; }

    public required TimeProvider Clock { get; init; }

    public required ILogger Log { get; init; }

    /// <summary>Mime's side: renders old rows anew and extracts text for the index.</summary>
    public required IMessageReader Reader { get; init; }

    /// <summary>Part of every id made here, so that two nodes never make the same one.</summary>
    public byte Node { get; init; }

    /// <summary>Octets of bodies in flight, all together.</summary>
    public long SpoolBudget { get; init; } = 1L << 30;

    /// <summary>New mail is refused when less is free on the volume: this share of it (0-1), and at least
    /// <see cref="ReserveOctets"/>.</summary>
    public double ReserveShare { get; init; } = 0.02;

    public long ReserveOctets { get; init; } = 256L << 20;

    /// <summary>How long an expunged email can be brought back before it is garbage.</summary>
    public TimeSpan UndeleteWindow { get; init; } = TimeSpan.FromDays(14);

    /// <summary>How long QRESYNC can be answered from the expunge log.</summary>
    public TimeSpan ExpungeLogWindow { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Octets of mailbox views kept in memory.</summary>
    public long ViewMemory { get; init; } = 256L << 20;

    /// <summary>A segment is closed when the next record would pass this.</summary>
    public long SegmentOctets { get; init; } = 64L << 20;

    /// <summary>Bodies over this are a file of their own and never hold up a batch.</summary>
    public long LargeBodyOctets { get; init; } = 1L << 20;

    /// <summary>Pages of the database that wait to be copied; beyond it they are let go, and the copy begins anew.</summary>
    public long CopyOctets { get; init; } = 1L << 30;

    /// <summary>Pause between canary writes that feed <see cref="IMailStore.Health"/>; zero: none (tests).</summary>
    public TimeSpan CanaryInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause between rounds of background work (compaction, expiry, indexing); zero: only when asked (tests).</summary>
    public TimeSpan UpkeepInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Keep the full-text index.</summary>
    public bool Index { get; init; } = true;

    /// <summary>Free octets of the volume; tests put their own figure here. Null: ask the system.</summary>
    public Func<long>? FreeOctets { get; init; }

    /// <summary>Octets of text indexed of one email.</summary>
    public int IndexTextLimit { get; init; } = 256 * 1024;
}

/// <summary>The store cannot be opened; the message says why and what to do, for the person who started the server.</summary>
public sealed class StoreOpenException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The store cannot write now (disk full, sealed after a failed sync); for calls that have no outcome to say so.</summary>
public sealed class StoreUnavailableException(StoreError error)
    : IOException(error == StoreError.DiskFull ? "the disk reserve is reached" : "the store is read-only")
{
    public StoreError Error { get; } = error;
}
