using System.Globalization;
using Aviso.Base;

namespace Aviso.Store.Copying;

/// <summary>
/// A store from which copies are made while it works. A copy: <see cref="BeginCopyAsync"/>, all of <see cref="ReadDatabase"/>,
/// <see cref="TakeFrames"/>, then the bodies of <see cref="CopiedFilesAsync"/>; from then on frames and bodies alone follow.
/// </summary>
public interface ICopySource
{
    /// <summary>Frames are kept; false after a time in which they could not be, and before the first copy.</summary>
    bool IsGathering { get; }

    /// <summary>From the pages of the database as they are read after this and the frames since, the database can be put
    /// together.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot write.</exception>
    Task BeginCopyAsync(CancellationToken cancel);

    /// <summary>Nobody makes copies any more: what waits for them goes.</summary>
    void EndCopies();

    /// <summary>Before frames are taken for a round of all targets.</summary>
    void CopyRoundBegins();

    /// <param name="isWhole">Every target has all that was there when the round began.</param>
    void CopyRoundEnds(bool isWhole);

    /// <summary>Octets of the database's file.</summary>
    long DatabaseLength { get; }

    /// <summary>Pages as they are now, perhaps in the middle of being written; frames mend them. Returns the octets read.</summary>
    int ReadDatabase(long at, Span<byte> to);

    /// <summary>Frames since the last time; null when there is nothing to copy.</summary>
    /// <param name="always">False: not for canaries and the like alone.</param>
    FrameTake? TakeFrames(bool always);

    /// <summary>Segments with the octets that rows know of, and whole large bodies; asked after <see cref="TakeFrames"/> it has every body
    /// that the frames point at.</summary>
    /// <param name="known">Names of large files that need not be looked at again.</param>
    Task<IReadOnlyList<CopiedFile>> CopiedFilesAsync(IReadOnlySet<string> known, CancellationToken cancel);

    /// <summary>Octets of a file that <see cref="CopiedFilesAsync"/> named; they never change. Returns how many there are.</summary>
    /// <exception cref="IOException">The file is gone or cannot be read.</exception>
    int ReadCopied(CopiedFile file, long at, Span<byte> to);

    /// <summary>What the store holds at this moment.</summary>
    Task<StoreDigest> DigestAsync(CancellationToken cancel);
}

/// <summary>A file of bodies that only grows.</summary>
/// <param name="Name">Below the data folder, with '/'.</param>
/// <param name="Octets">That are durable.</param>
public readonly record struct CopiedFile(string Name, long Octets)
{
    public bool IsLarge => Name.StartsWith("large/", StringComparison.Ordinal);

    public static string SegmentName(int segment) => string.Create(CultureInfo.InvariantCulture, $"segments/{segment:D8}.seg");

    public static string LargeName(long body) => $"large/{IdText.Format(body)}.msg";
}
