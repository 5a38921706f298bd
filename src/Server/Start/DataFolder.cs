using System.Runtime.InteropServices;

namespace Aviso.Server;

/// <summary>
/// The data folder holds keys and everybody's mail: nothing in it may be read by others, wherever a copy or a mount may show it later.
/// </summary>
internal static partial class DataFolder
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>From here on this process makes files and folders for its own user only.</summary>
    public static void MakeForOurselves()
    {
        if (!OperatingSystem.IsWindows()) _ = Mask((uint)Others);
    }

    /// <summary>Makes the folder where there is none, and takes from others what files of older versions gave them.</summary>
    public static void Make(string data)
    {
        Directory.CreateDirectory(data);
        if (OperatingSystem.IsWindows()) return;
        // What lies in a folder of ours is shut by the folder.
        foreach (var entry in new DirectoryInfo(data).EnumerateFileSystemInfos().Prepend(new DirectoryInfo(data)))
        {
            if (entry.LinkTarget is null && (entry.UnixFileMode & Others) != 0) Shut(entry);
        }
    }

    // Not ours to change: a folder of root that was given to us.
    private static void Shut(FileSystemInfo entry)
    {
        try
        {
            entry.UnixFileMode &= ~Others;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or FileNotFoundException)
        {
            return;
        }
    }

    /// <summary>
    /// .NET keeps certificates of a user below HOME and fails where there is none: in a container whose user has no name. The data folder
    /// serves as well.
    /// </summary>
    /// <param name="data">The data folder, which is looked for only when it is needed.</param>
    public static void ServeAsHome(Func<string?> data)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")) && data() is { } home)
            Environment.SetEnvironmentVariable("HOME", home);
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Mask(uint mode);
}
