using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Moving;

/// <summary>
/// A folder whose owner may be another than who runs this server. Where a link leads out of it, the server's rights would hand the owner
/// what is not his: nothing out there is read. What was opened is looked at, not only its name, since the owner may change that meanwhile.
/// </summary>
internal sealed partial class Fence(string root)
{
    private const int MostLinks = 40;
    private readonly string _real = RealPath(root) ?? root;

    /// <summary>It lies within, whatever links lead there.</summary>
    public bool Holds(string path) => RealPath(path) is { } real && IsBelow(real);

    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="SourceException">It may not be read, is no regular file, or lies elsewhere.</exception>
    public SourceStream Open(string path)
    {
        var handle = Opened(path);
        try
        {
            // statx(2): a FIFO or a device is no message.
            if (StatX(handle, "", AtEmptyPath, StatXType, out var stat) != 0 || (stat.Mode & TypeMask) != RegularFile)
                throw new SourceException($"{path} is no file");
            // proc(5): the path of what is open.
            if (new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget is not { } real || !IsBelow(real))
                throw new SourceException($"{path} is a link that leads out of {root}: it is not read");
#pragma warning disable CA2000 // the outer stream lets go of the inner
            return new(new FileStream(handle, FileAccess.Read, bufferSize: 0), path);
#pragma warning restore CA2000
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Octets of a small file; null when there is none.</summary>
    /// <exception cref="SourceException">As <see cref="Open(string)"/>, or it is larger than <paramref name="most"/>.</exception>
    public byte[]? Small(string path, int most)
    {
        try
        {
            using var file = Open(path);
            if (file.Length > most) throw new SourceException($"{path} has {file.Length} octets, which is more than such a file has");
            var octets = new byte[file.Length];
            return octets.AsSpan(0, file.ReadAtLeast(octets, octets.Length, throwOnEndOfStream: false)).ToArray();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private bool IsBelow(string real) => real == _real || real.StartsWith(_real.TrimEnd('/') + "/", StringComparison.Ordinal);

    /// <summary>The path without links; null: they lead in a circle.</summary>
    private static string? RealPath(string path)
    {
        var (real, rest, links) = ("/", new Stack<string>(), 0);
        Push(Path.GetFullPath(path));
        while (rest.TryPop(out var level))
        {
            if (level == "..") real = Path.GetDirectoryName(real) ?? "/";
            else if (new FileInfo(Path.Combine(real, level)).LinkTarget is not { } target) real = Path.Combine(real, level);
            else if (++links > MostLinks) return null;
            else
            {
                if (target.StartsWith('/')) real = "/";
                Push(target);
            }
        }
        return real;

        void Push(string levels)
        {
            foreach (var level in Enumerable.Reverse(levels.Split('/')).Where(level => level is not ("" or "."))) rest.Push(level);
        }
    }

    // open(2) without waiting: a FIFO that nobody writes to would hold the move for ever.
    private static SafeFileHandle Opened(string path)
    {
        var handle = Open(path, NonBlocking | CloseOnExec | NoTerminal);
        if (!handle.IsInvalid) return handle;
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw error switch
        {
            NoEntry or NotDirectory => new FileNotFoundException($"there is no {path}", path),
            NoAccess or NotPermitted => new SourceException($"{path} may not be read by the server's user ({Environment.UserName})"),
            _ => new SourceException($"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}"),
        };
    }

    // Linux on x64 and arm64.
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000, NoTerminal = 0x100;
    private const int NotPermitted = 1, NoEntry = 2, NoAccess = 13, NotDirectory = 20;
    private const int AtEmptyPath = 0x1000, StatXType = 1, TypeMask = 0xF000, RegularFile = 0x8000;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle at, string path, int flags, uint mask, out Stat stat);

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Stat
    {
        [FieldOffset(28)]
        public ushort Mode;
    }
}
