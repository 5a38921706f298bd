using System.Runtime.InteropServices;

namespace Aviso.Server;

/// <summary>
/// A program that was started with input, output or error closed: the runtime's own pipes have got these numbers before any line of ours
/// runs, and what is written to the log would go into them. So it is started once more, by itself, with /dev/null in their place.
/// </summary>
internal static partial class StandardStreams
{
    // <fcntl.h>
    private const int GetDescriptorFlags = 1, CloseOnExec = 1, ReadWrite = 2;

    /// <summary>Does not come back where something was closed.</summary>
    public static void Complete()
    {
        if (!OperatingSystem.IsLinux()) return;
        int[] closed = [.. Enumerable.Range(0, 3).Where(WasClosed)];
        if (closed.Length == 0 || Open("/dev/null", ReadWrite) is not (>= 0 and var nothing)) return;
        foreach (var descriptor in closed) Duplicate(nothing, descriptor);
        var arguments = File.ReadAllBytes("/proc/self/cmdline");
        List<nint> pointers = [];
        while (arguments.AsSpan().IndexOf((byte)0) is var end and >= 0)
        {
            var copy = Marshal.AllocHGlobal(end + 1);
            Marshal.Copy(arguments, 0, copy, end + 1);
            pointers.Add(copy);
            arguments = arguments[(end + 1)..];
        }
        // It only returns when it fails: then things stay as they are.
        _ = Execute("/proc/self/exe", [.. pointers, 0]);
    }

    // What a program inherits survived an exec: what would not was opened after it.
    private static bool WasClosed(int descriptor) =>
        Control(descriptor, GetDescriptorFlags) is var flags && (flags < 0 || (flags & CloseOnExec) != 0);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, nint[] arguments);
}
