using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Copying;

/// <summary>Up to which commit a copy is brought back.</summary>
/// <param name="Until">Unix milliseconds UTC: commits until then count.</param>
/// <param name="Commit">Commits with numbers up to this count.</param>
public readonly record struct CopyMoment(long Until = long.MaxValue, long Commit = long.MaxValue)
{
    public static CopyMoment Newest { get; } = new(long.MaxValue, long.MaxValue);

    internal bool Has(in FrameHead head) => head.At <= Until && head.Commit <= Commit;
}

/// <summary>
/// `store.db` as it is put together: first the pages of a look that was taken while the server wrote, then what transactions wrote since
/// the look began, in order. After the last frame that belongs to the look the file is what the database was at that commit.
/// </summary>
public sealed class DatabaseImage : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly List<(int Page, byte[] Octets)> _open = [];
    private byte[] _page = [];

    /// <param name="file">Made anew.</param>
    public DatabaseImage(string file) => _file = File.OpenHandle(
        file, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);

    /// <summary>Unix milliseconds UTC of the last commit in it; 0: of before anybody looked.</summary>
    public long At { get; private set; }

    /// <summary>Octets that the database has.</summary>
    public long Length { get; private set; }

    /// <summary>The moment is reached: a later commit has been seen, and nothing more is taken.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Pages of the look, from this place in the file on.</summary>
    public void Write(long at, ReadOnlySpan<byte> octets)
    {
        RandomAccess.Write(_file, octets, at);
        Length = Math.Max(Length, at + octets.Length);
    }

    /// <summary>Whole transactions up to the moment; the rest is left.</summary>
    /// <exception cref="InvalidDataException">The octets are no frames.</exception>
    public void Apply(Stream frames, CopyMoment moment)
    {
        while (!IsDone && Frames.TryRead(frames, out var head, ref _page))
        {
            _open.Add((head.Page, _page.AsSpan().ToArray()));
            if (!head.IsCommit) continue;
            if (!moment.Has(head))
            {
                IsDone = true;
                break;
            }
            foreach (var (page, octets) in _open) RandomAccess.Write(_file, octets, (page - 1L) * head.Octets);
            _open.Clear();
            Length = (long)head.Pages * head.Octets;
            if (head.At > 0) At = head.At;
        }
        if (IsDone) _open.Clear();
    }

    /// <summary>Cuts the file to its length and makes it durable.</summary>
    public void Finish()
    {
        RandomAccess.SetLength(_file, Length);
        Blobs.Posix.SyncData(_file, "store.db");
    }

    public void Dispose() => _file.Dispose();
}
