using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 9404.</summary>
internal static class BlobFeature
{
    /// <summary>RFC 9404 §4.1: at least 64.</summary>
    public const int MaxDataSources = 64;

    /// <summary>Types that Blob/lookup looks in.</summary>
    public static readonly IReadOnlyList<string> TypeNames = ["Email", "Thread", "SieveScript", "ContactCard"];

    public static Feature Of(BlobShelf shelf, IMailStore store, JmapLimits limits) =>
        new(new(Capabilities.Blob)
        {
            Account = (writer, _) =>
            {
                writer.WriteNumber("maxSizeBlobSet"u8, limits.MaxSizeUpload);
                writer.WriteNumber("maxDataSources"u8, MaxDataSources);
                writer.WriteTexts("supportedTypeNames"u8, TypeNames);
                writer.WriteTexts("supportedDigestAlgorithms"u8, BlobDigest.Algorithms);
            },
        }, [new BlobUpload(shelf, limits), new BlobGet(shelf, limits), new BlobLookup(shelf, store, limits)]);
}
