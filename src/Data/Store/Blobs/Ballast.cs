namespace Aviso.Store.Blobs;

/// <summary>
/// Octets held back in a file. When the volume is full to the last block (others write to it too), deleting needs a little
/// room before it can give any: the ballast is dropped then, and laid down again when the volume has room.
/// </summary>
internal sealed class Ballast(string dataFolder)
{
    private const long Octets = 8 << 20;
    private readonly string _path = Path.Combine(dataFolder, "ballast");
    private bool _there;

    /// <summary>True when there was some to drop.</summary>
    public bool Drop()
    {
        _there = false;
        if (!File.Exists(_path)) return false;
        File.Delete(_path);
        return true;
    }

    public void LayDown()
    {
        if (_there) return;
        try
        {
            if (!File.Exists(_path))
            {
                using var file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, Octets);
            }
            _there = true;
        }
        catch (IOException)
        {
            // No room for it: then there is none.
        }
    }
}
