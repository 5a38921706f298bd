using Aviso.Store.Copying;

namespace Aviso.Backup;

/// <summary>Cuts what a round brings into pieces and sends those that the target lacks, at its pace. Used by one round at a time.</summary>
internal sealed class PieceSender(ITarget target, BackupKey key, TimeProvider clock)
{
    /// <summary>A piece of the database: small, so that one changed page sends little again.</summary>
    private const int PageOctets = 256 * 1024;

    /// <summary>A piece of a file of bodies; cut at multiples of it, so that a base finds pieces of before again.</summary>
    private const int FileOctets = 4 << 20;

    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);
    private HashSet<string> _there = new(StringComparer.Ordinal);

    public Pace Pace { get; } = new(clock);

    public long SentOctets { get; private set; }

    /// <summary>Learns which pieces lie on the target. One that is empty or cut off before its seal is sent again, and so is one that was
    /// found damaged.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        var there = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var found in target.ListAsync(ObjectName.Pieces, cancel))
            if (found.Octets >= Envelope.LeastOctets && ObjectName.PieceOf(found.Name) is { } id && !_damaged.Contains(id)) there.Add(id);
        _there = there;
    }

    /// <summary>These are to be sent again when they are wanted.</summary>
    public void Distrust(IEnumerable<string> ids)
    {
        _damaged.UnionWith(ids);
        _there.ExceptWith(_damaged);
    }

    /// <summary>A piece is about to be removed from the target.</summary>
    public void Gone(string id) => _there.Remove(id);

    /// <summary>All pages of the database.</summary>
    public async Task<IReadOnlyList<Piece>> PagesAsync(ICopySource source, CancellationToken cancel)
    {
        var pages = new List<Piece>();
        var octets = new byte[PageOctets];
        for (long at = 0; at < source.DatabaseLength;)
        {
            var read = 0;
            while (read < octets.Length && source.ReadDatabase(at + read, octets.AsSpan(read)) is var more and > 0) read += more;
            if (read == 0) break;
            pages.Add(await SendAsync(octets.AsMemory(0, read), cancel));
            at += read;
        }
        return pages;
    }

    /// <summary>A file of bodies from a place on. Where it cannot be read to its end, what is before, and why.</summary>
    public async Task<(FilePieces Sent, string? Problem)> FileAsync(
        ICopySource source, CopiedFile file, long from, CancellationToken cancel)
    {
        var (pieces, at, problem) = (new List<Piece>(), from, (string?)null);
        while (at < file.Octets && problem is null)
        {
            var octets = new byte[Math.Min(file.Octets, (at / FileOctets * FileOctets) + FileOctets) - at];
            var read = 0;
            try
            {
                read = source.ReadCopied(file, at, octets);
                if (read < octets.Length) problem = $"{file.Name} ends at {at + read}, and its rows say {file.Octets}";
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                problem = $"{file.Name} cannot be read: {failed.Message}";
            }
            if (read > 0) pieces.Add(await SendAsync(octets.AsMemory(0, read), cancel));
            at += read;
        }
        return (new(file.Name, from, pieces), problem);
    }

    /// <summary>What transactions wrote, joined.</summary>
    /// <param name="boundary">See <see cref="FrameMerge"/>.</param>
    public async Task<IReadOnlyList<Piece>> FramesAsync(IReadOnlyList<FrameTake> takes, long boundary, CancellationToken cancel)
    {
        if (takes.Count == 0) return [];
        // Targets send at the same time.
        var merged = $"{takes[0].Path}.{target.Name}.merged";
        try
        {
            await using var file = new FileStream(merged, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
            var merge = new FrameMerge(file, boundary);
            foreach (var take in takes)
            {
                await using var from = new FileStream(take.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
                merge.Add(from);
            }
            merge.Flush();
            file.Position = 0;
            var (pieces, octets) = (new List<Piece>(), new byte[Math.Min(FileOctets, file.Length)]);
            while (await file.ReadAtLeastAsync(octets, octets.Length, throwOnEndOfStream: false, cancel) is var read and > 0)
                pieces.Add(await SendAsync(octets.AsMemory(0, read), cancel));
            return pieces;
        }
        finally
        {
            File.Delete(merged);
        }
    }

    /// <summary>A small file, whole.</summary>
    public async Task<WholeFile> WholeAsync(string name, byte[] octets, CancellationToken cancel)
    {
        var pieces = new List<Piece>();
        for (var at = 0; at < octets.Length; at += PageOctets)
            pieces.Add(await SendAsync(octets.AsMemory(at, Math.Min(PageOctets, octets.Length - at)), cancel));
        return new(name, pieces);
    }

    public async Task PutAsync(string name, byte[] octets, CancellationToken cancel)
    {
        await Pace.GoAsync(octets.Length, cancel);
        await target.PutAsync(name, octets, cancel);
        SentOctets += octets.Length;
        BackupMeters.Sent(target.Name, octets.Length);
    }

    private async Task<Piece> SendAsync(ReadOnlyMemory<byte> octets, CancellationToken cancel)
    {
        var piece = new Piece(key.IdOf(octets.Span), octets.Length);
        if (_there.Contains(piece.Id)) return piece;
        var name = ObjectName.OfPiece(piece.Id);
        await PutAsync(name, key.Seal(name, octets.Span), cancel);
        _there.Add(piece.Id);
        _damaged.Remove(piece.Id);
        return piece;
    }
}
