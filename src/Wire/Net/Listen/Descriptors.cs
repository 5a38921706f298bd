using System.Globalization;

namespace Aviso.Net;

/// <summary>
/// Connections that this process may hold, by its limit of open files (RLIMIT_NOFILE). When descriptors run out not only connections fail:
/// the store cannot open a file and the runtime cannot start a thread, which ends the process. So <see cref="Reserve"/> of them are never
/// given to connections, and strangers are sent away before. One of a process.
/// </summary>
public sealed class Descriptors(int limit, Func<int> used, TimeProvider clock)
{
    /// <summary>For files, outbound connections, threads and what the system opens by itself.</summary>
    public const int Reserve = 200;

    // Of the reserve, for the moment in which a stranger is told no; and for our own machines in the middle of a flood.
    private const int AtTheDoor = 50, ForOurs = 50;

    // However little there is: who looks after the machine can get in.
    private const int Fewest = 10;

    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private int _connections;
    private int _others = Math.Max(used(), 0);
    private long _countedAt = clock.GetTimestamp();

    /// <summary>Those of this process.</summary>
    public static Descriptors OfProcess { get; } = new(ReadLimit(), CountOpen, TimeProvider.System);

    /// <summary>Open files and connections this process may have.</summary>
    public int Limit => limit;

    /// <summary>Connections that all listeners together may have now.</summary>
    public int Most => Math.Max(Fewest, limit - Reserve - Volatile.Read(ref _others));

    /// <summary>Connections of all listeners.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>One more connection of a stranger may stay; false: one has to leave.</summary>
    public bool HasRoom => Connections <= Most;

    /// <summary>A connection was taken from the system; false: there is no descriptor for it, close it at once.</summary>
    /// <param name="isOurs">It comes from a machine of ours, without a proxy between.</param>
    public bool TryEnter(bool isOurs = false)
    {
        Count();
        if (Interlocked.Increment(ref _connections) <= Most + AtTheDoor + (isOurs ? ForOurs : 0)) return true;
        Interlocked.Decrement(ref _connections);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _connections);

    // What is open beside connections; looked at only while it matters, for counting takes its time too.
    private void Count()
    {
        if (Connections < Most / 2) return;
        lock (_gate)
        {
            if (clock.GetElapsedTime(_countedAt) < CountEvery) return;
            _countedAt = clock.GetTimestamp();
        }
        Volatile.Write(ref _others, Math.Max(used() - Connections, 0));
    }

    private static int ReadLimit()
    {
        try
        {
            // "Max open files            1024                 524288               files": soft, then hard.
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
            var word = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var soft)
                ? (int)Math.Min(soft, int.MaxValue / 2) : int.MaxValue / 2;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return int.MaxValue / 2;
        }
    }

    private static int CountOpen()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
