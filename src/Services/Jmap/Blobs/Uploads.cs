using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// What clients have uploaded and nothing refers to (RFC 8620 §6): files in a folder of their own, one for each, kept for a day. An account
/// has a quota of its own for them; the oldest go first when it is full. Losing them costs uploading again, so they are not synced.
/// </summary>
internal sealed class Uploads : IDisposable
{
    /// <summary>RFC 8620 §6: at least an hour.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(10);

    private const string Unfinished = ".part";
    private const int PieceSize = 64 * 1024;

    private readonly string _folder;
    private readonly IdSource _ids;
    private readonly TimeProvider _clock;
    private readonly UploadLimits _limits;
    private readonly Lock _door = new();
    private readonly Dictionary<AccountId, SortedDictionary<long, long>> _sizes = [];
    private readonly ITimer _sweep;

    public Uploads(string folder, IdSource ids, TimeProvider clock, UploadLimits limits)
    {
        (_folder, _ids, _clock, _limits) = (folder, ids, clock, limits);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)) Find(path);
        _sweep = clock.CreateTimer(_ => Sweep(), null, TimeSpan.Zero, SweepEvery);
    }

    /// <summary>Keeps what comes; null when it is longer than one upload may be.</summary>
    public Task<(long Id, long Size)?> KeepAsync(AccountId account, Stream octets, CancellationToken cancel) =>
        KeepAsync(account, octets.ReadAsync, cancel);

    /// <param name="read">Gives the next octets; 0 at the end.</param>
    public async Task<(long Id, long Size)?> KeepAsync(
        AccountId account, Func<Memory<byte>, CancellationToken, ValueTask<int>> read, CancellationToken cancel)
    {
        var id = _ids.Next();
        var path = PathOf(account, id);
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? _folder);
        try
        {
            long size;
            await using (var file = new FileStream(
                path + Unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, useAsync: false))
            {
                size = await CopyAsync(read, file, cancel);
            }
            if (size < 0) return null;
            File.Move(path + Unfinished, path);
            Add(account, id, size);
            return (id, size);
        }
        finally
        {
            File.Delete(path + Unfinished);
        }
    }

    /// <summary>Null when it is not there, or no longer.</summary>
    public Blob? Open(AccountId account, long id)
    {
        long size;
        lock (_door)
        {
            if (!_sizes.TryGetValue(account, out var own) || !own.TryGetValue(id, out size)) return null;
        }
        try
        {
            return new UploadBlob(File.OpenHandle(PathOf(account, id), share: FileShare.Read | FileShare.Delete), size);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Octets that an account keeps here.</summary>
    public long UsedBy(AccountId account)
    {
        lock (_door) return _sizes.TryGetValue(account, out var own) ? own.Values.Sum() : 0;
    }

    public void Dispose() => _sweep.Dispose();

    private async Task<long> CopyAsync(
        Func<Memory<byte>, CancellationToken, ValueTask<int>> from, FileStream to, CancellationToken cancel)
    {
        var piece = new byte[PieceSize];
        long size = 0;
        while (await from(piece, cancel) is > 0 and var count)
        {
            size += count;
            if (size > _limits.MaxSize) return -1;
            to.Write(piece.AsSpan(0, count));
        }
        return size;
    }

    // RFC 8620 §6: unreferenced blobs are deleted in date order until there is room; ids grow with time.
    private void Add(AccountId account, long id, long size)
    {
        var gone = new List<long>();
        lock (_door)
        {
            if (!_sizes.TryGetValue(account, out var own)) _sizes[account] = own = [];
            own[id] = size;
            var used = own.Values.Sum();
            foreach (var (other, octets) in own)
            {
                if ((used <= _limits.QuotaOctets && own.Count - gone.Count <= _limits.QuotaCount) || other == id) break;
                used -= octets;
                gone.Add(other);
            }
            foreach (var other in gone) own.Remove(other);
        }
        foreach (var other in gone) Delete(account, other);
    }

    private void Sweep()
    {
        var over = _clock.GetUtcNow() - KeptFor;
        var gone = new List<(AccountId Account, long Id)>();
        lock (_door)
        {
            foreach (var (account, own) in _sizes)
                gone.AddRange(own.Keys.TakeWhile(id => IdSource.TimeOf(id) < over).Select(id => (account, id)));
            foreach (var (account, id) in gone) _sizes[account].Remove(id);
            foreach (var account in _sizes.Where(s => s.Value.Count == 0).Select(s => s.Key).ToList()) _sizes.Remove(account);
        }
        foreach (var (account, id) in gone) Delete(account, id);
    }

    // A file that cannot be deleted now goes at the next start.
    private void Delete(AccountId account, long id)
    {
        try
        {
            File.Delete(PathOf(account, id));
        }
        catch (IOException)
        {
        }
    }

    // At the start: what the last run left. Half uploads, and what is not ours, have no use.
    private void Find(string path)
    {
        var (name, owner) = (Path.GetFileName(path), Path.GetFileName(Path.GetDirectoryName(path)));
        if (!IdText.TryParse(name, out var id) || !IdText.TryParse(owner, out var account))
        {
            if (name.EndsWith(Unfinished, StringComparison.Ordinal)) File.Delete(path);
            return;
        }
        if (!_sizes.TryGetValue(new(account), out var own)) _sizes[new(account)] = own = [];
        own[id] = new FileInfo(path).Length;
    }

    private string PathOf(AccountId account, long id) => Path.Combine(_folder, account.ToString(), IdText.Format(id));
}

/// <param name="MaxSize">Octets of one.</param>
/// <param name="QuotaOctets">Of all of one account; at least what one message may have of attachments (RFC 8620 §6).</param>
/// <param name="QuotaCount">Of one account.</param>
internal sealed record UploadLimits(long MaxSize, long QuotaOctets, int QuotaCount)
{
    public static UploadLimits Of(JmapLimits limits) => new(limits.MaxSizeUpload, limits.MaxSizeUpload * 4, 2_000);
}
