using System.Runtime.CompilerServices;
using Aviso.Store.Copying;

namespace Aviso.Backup;

/// <summary>A folder: another disk, a mount. Files are written beside their place, synced, and moved into it.</summary>
public sealed class FolderTarget(string name, string folder) : ITarget
{
    private const string Unfinished = ".unfinished";

    public string Name => name;

    public string Where => folder;

    public Task PutAsync(string name, ReadOnlyMemory<byte> octets, CancellationToken cancel) => Try("write", name, async path =>
    {
        // One that is not there is a disk that is not mounted: never written to what lies below.
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"there is no folder {folder}");
        var own = Path.GetDirectoryName(path)!;
        Make(own);
        var unfinished = path + Unfinished;
        using (var file = File.OpenHandle(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
        {
            await RandomAccess.WriteAsync(file, octets, 0, cancel);
            RandomAccess.FlushToDisk(file);
        }
        File.Move(unfinished, path, overwrite: true);
        DurableNames.Of(own);
        return true;
    });

    public Task<byte[]?> GetAsync(string name, CancellationToken cancel) => Try<byte[]?>("read", name, async path =>
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancel);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            if (!Directory.Exists(folder)) throw;
            return null;
        }
    });

    public async IAsyncEnumerable<TargetObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var found = await Try("list", prefix, _ => Task.FromResult(List(prefix, cancel)));
        foreach (var one in found) yield return one;
    }

    public Task DeleteAsync(string name, CancellationToken cancel) => Try("delete", name, path =>
    {
        if (File.Exists(path)) File.Delete(path);
        return Task.FromResult(true);
    });

    public ValueTask DisposeAsync() => default;

    /// <summary>A folder whose name is as durable as what is put into it.</summary>
    private void Make(string own)
    {
        if (Directory.Exists(own)) return;
        var above = Path.GetDirectoryName(own)!;
        if (above.Length > folder.TrimEnd('/').Length) Make(above);
        Directory.CreateDirectory(own);
        DurableNames.Of(above);
    }

    private List<TargetObject> List(string prefix, CancellationToken cancel)
    {
        var (found, from) = (new List<TargetObject>(), Path.Combine(folder, prefix[..(prefix.LastIndexOf('/') + 1)]));
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"there is no folder {folder}");
        if (!Directory.Exists(from)) return found;
        foreach (var file in new DirectoryInfo(from).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            cancel.ThrowIfCancellationRequested();
            var below = Path.GetRelativePath(folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (below.StartsWith(prefix, StringComparison.Ordinal) && !below.EndsWith(Unfinished, StringComparison.Ordinal))
                found.Add(new(below, file.Length));
        }
        return found;
    }

    private async Task<T> Try<T>(string what, string name, Func<string, Task<T>> act)
    {
        try
        {
            return await act(Path.Combine(folder, name));
        }
        catch (Exception failed) when (failed is (IOException or UnauthorizedAccessException) and not TargetException)
        {
            throw new TargetException($"cannot {what} {name} in {folder}: {failed.Message}", failed);
        }
    }
}
