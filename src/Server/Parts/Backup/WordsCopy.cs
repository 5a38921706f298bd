using System.Globalization;
using Aviso.Backup;

namespace Aviso.Server;

/// <summary>What the filter learned, as it goes into a backup: all of it each time, so not with every word. Every target gets the same
/// octets, which are made once.</summary>
internal sealed class WordsCopy(TimeProvider clock)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private long _changes = -1;
    private DateTimeOffset _at;
    private WeakReference<byte[]>? _octets;

    /// <param name="changes">Another number: there are new words.</param>
    /// <param name="copyTo">Writes all of it into a file that is not there yet.</param>
    /// <param name="folder">Where that file is for a moment; made when it is not there.</param>
    public OtherFile Of(long changes, Action<string> copyTo, string folder)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (changes != _changes && now - _at >= Every) (_changes, _at, _octets) = (changes, now, null);
            var stamp = _changes;
            return new(SpamMemory.FileName, stamp.ToString(CultureInfo.InvariantCulture), () => Read(stamp, copyTo, folder));
        }
    }

    private byte[] Read(long stamp, Action<string> copyTo, string folder)
    {
        lock (_gate)
        {
            if (stamp == _changes && _octets?.TryGetTarget(out var made) == true) return made;
            var file = Path.Combine(Directory.CreateDirectory(folder).FullName, "learned.copy");
            try
            {
                // What a crash left.
                File.Delete(file);
                copyTo(file);
                var octets = File.ReadAllBytes(file);
                if (stamp == _changes) _octets = new(octets);
                return octets;
            }
            finally
            {
                File.Delete(file);
            }
        }
    }
}
