using System.Runtime.InteropServices;
using Aviso.Doctor;

namespace Aviso.Server;

/// <summary>How full the file system of a folder is.</summary>
internal static partial class FileSystem
{
    /// <summary>Null when it cannot be said.</summary>
    public static DiskSight? Look(string folder)
    {
        try
        {
            var drive = new DriveInfo(folder);
            var (inodes, free) = Inodes(folder);
            return new(folder, drive.TotalSize, drive.AvailableFreeSpace, inodes, free);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    // statvfs(3) on 64-bit Linux, the same for glibc and musl.
    private static (long All, long Free) Inodes(string folder)
    {
        if (!OperatingSystem.IsLinux() || nint.Size != 8) return default;
        return StatVfs(folder, out var stat) == 0 ? ((long)stat.Files, (long)stat.FilesAvailable) : default;
    }

    [LibraryImport("libc", EntryPoint = "statvfs", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatVfs(string path, out Stat stat);

    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct Stat
    {
        public ulong BlockSize, FragmentSize, Blocks, BlocksFree, BlocksAvailable, Files, FilesFree, FilesAvailable;
    }
}
