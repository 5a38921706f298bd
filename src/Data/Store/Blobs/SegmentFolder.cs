using System.Collections.Concurrent;
using System.Globalization;
using Aviso.Base;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>
/// The files that hold bodies: segments (`segments/00000001.seg`) and one file for each large body (`large/ID.msg`).
/// A file that was replaced is unlinked at once; who has it open reads on.
/// </summary>
internal sealed class SegmentFolder : IDisposable
{
    private readonly ConcurrentDictionary<int, SafeFileHandle> _open = new();

    /// <param name="create">False: only look; a folder that is missing is one without files.</param>
    public SegmentFolder(string dataFolder, bool create = true)
    {
        Segments = Path.Combine(dataFolder, "segments");
        Large = Path.Combine(dataFolder, "large");
        if (!create) return;
        Directory.CreateDirectory(Segments);
        Directory.CreateDirectory(Large);
    }

    public string Segments { get; }

    public string Large { get; }

    public string SegmentPath(int segment) => Path.Combine(Segments, segment.ToString("D8", CultureInfo.InvariantCulture) + ".seg");

    public string LargePath(long bodyId) => Path.Combine(Large, IdText.Format(bodyId) + ".msg");

    /// <summary>Numbers of all segments on disk, ascending.</summary>
    public IReadOnlyList<int> List()
    {
        var numbers = new List<int>();
        if (!Directory.Exists(Segments)) return numbers;
        foreach (var path in Directory.EnumerateFiles(Segments, "*.seg"))
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
        }
        numbers.Sort();
        return numbers;
    }

    /// <summary>Ids of all bodies that are a file of their own.</summary>
    public IEnumerable<long> ListLarge()
    {
        if (!Directory.Exists(Large)) yield break;
        foreach (var path in Directory.EnumerateFiles(Large, "*.msg"))
            if (IdText.TryParse(Path.GetFileNameWithoutExtension(path), out var id)) yield return id;
    }

    /// <summary>A handle on which the caller holds a reference (DangerousRelease ends it); null when the file is gone.</summary>
    public SafeFileHandle? Rent(int segment, long bodyId)
    {
        try
        {
            if (segment == 0) return Open(LargePath(bodyId));
            for (var attempt = 0; attempt < 3; attempt++)
            {
                var file = _open.GetOrAdd(segment, static (number, folder) => Open(folder.SegmentPath(number)), this);
                var held = false;
                try
                {
                    file.DangerousAddRef(ref held);
                    return file;
                }
                catch (ObjectDisposedException)
                {
                    // Removed between finding and holding it; look again.
                }
            }
            return null;
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Ends a <see cref="Rent"/>.</summary>
    public static void Return(SafeFileHandle file, int segment)
    {
        if (segment == 0) file.Dispose();
        else file.DangerousRelease();
    }

    public void RemoveSegment(int segment)
    {
        File.Delete(SegmentPath(segment));
        if (_open.TryRemove(segment, out var file)) file.Dispose();
    }

    public void RemoveLarge(long bodyId) => File.Delete(LargePath(bodyId));

    public void Dispose()
    {
        foreach (var file in _open.Values) file.Dispose();
        _open.Clear();
    }

    private static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
