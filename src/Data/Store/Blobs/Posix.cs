using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>A sync failed: the kernel may have dropped the data and will not say so twice.</summary>
internal sealed class SyncFailedException(string what, int error) : IOException($"cannot sync {what} (errno {error})");

/// <summary>The few calls of the system that .NET does not have.</summary>
internal static partial class Posix
{
    // "libc" is looked up in the process's own scope, where a preloaded library comes first: that is how the power-cut test hears
    // of every sync (tests/Tests.System/Durability/recorder.c).
    static Posix() => NativeLibrary.SetDllImportResolver(typeof(Posix).Assembly, static (name, _, _) =>
        name == "libc" ? NativeLibrary.GetMainProgramHandle() : 0);

    private const int OpenDirectory = 0x10000, CloseOnExec = 0x80000, LockExclusive = 2, LockNoWait = 4;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);

    /// <summary>Throws <see cref="SyncFailedException"/>; never call it again for the same data.</summary>
    public static void SyncData(SafeFileHandle file, string name)
    {
        if (fdatasync(file) != 0) throw new SyncFailedException(name, Marshal.GetLastPInvokeError());
    }

    /// <summary>Makes created and renamed names in this folder durable.</summary>
    public static void SyncFolder(string folder)
    {
        var file = open(folder, (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : OpenDirectory) | CloseOnExec);
        if (file < 0) throw new SyncFailedException(folder, Marshal.GetLastPInvokeError());
        var failed = fsync(file) != 0 ? Marshal.GetLastPInvokeError() : 0;
        _ = close(file);
        if (failed != 0) throw new SyncFailedException(folder, failed);
    }

    /// <summary>False when another process holds the lock.</summary>
    public static bool TryLock(SafeFileHandle file) => flock(file, LockExclusive | LockNoWait) == 0;
}
