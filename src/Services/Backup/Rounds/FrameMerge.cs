using Aviso.Store.Copying;

namespace Aviso.Backup;

/// <summary>
/// Joins what the transactions of one second wrote: of each page the last state counts. Under load the same few pages are written with
/// every commit, and a second is as fine as moments need to be.
/// </summary>
/// <param name="boundary">After the last commit with a number up to this one a moment ends whatever the time: a drill compares
/// there.</param>
internal sealed class FrameMerge(Stream to, long boundary)
{
    private const int Second = 1_000;

    private readonly Dictionary<int, byte[]> _pages = [];
    private readonly List<(int Page, byte[] Octets)> _open = [];
    private readonly byte[] _head = new byte[Frames.HeadLength];
    private FrameHead _last;

    /// <exception cref="InvalidDataException">The octets are no frames.</exception>
    public void Add(Stream frames)
    {
        byte[] page = [];
        while (Frames.TryRead(frames, out var head, ref page))
        {
            _open.Add((head.Page, page));
            page = [];
            if (!head.IsCommit) continue;
            if (_last.IsCommit && (_last.At / Second != head.At / Second || (_last.Commit <= boundary && head.Commit > boundary))) Flush();
            foreach (var (number, octets) in _open) _pages[number] = octets;
            _open.Clear();
            _last = head;
        }
    }

    /// <summary>Writes what is left.</summary>
    public void Flush()
    {
        var left = _pages.Count;
        foreach (var (number, octets) in _pages)
        {
            // The last one is what makes it a transaction.
            Frames.WriteHead(_head, --left == 0 ? _last with { Page = number } : new(number, 0, 0, 0, octets.Length));
            to.Write(_head);
            to.Write(octets);
        }
        _pages.Clear();
        _last = default;
    }
}
