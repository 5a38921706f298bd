using Aviso.Base;

namespace Aviso.Spam;

/// <summary>A StreamsInfo of a 7z header (7zFormat.txt): where packed octets stand and which coder made them. Of several the first is
/// kept.</summary>
internal sealed class SevenZipStreams
{
    private const ulong Most = 100_000;

    /// <summary>The id of the first folder's first coder: [0] copy, [3, 1, 1] LZMA; null without one.</summary>
    public byte[]? Coder { get; private set; }

    public byte[] Properties { get; private set; } = [];

    /// <summary>A coder is AES.</summary>
    public bool IsEncrypted { get; private set; }

    /// <summary>From the end of the start header.</summary>
    public ulong PackedAt { get; private set; }

    public ulong Packed { get; private set; }

    public ulong Unpacked { get; private set; }

    private readonly List<int> _outStreams = [];
    private readonly List<bool> _hasDigest = [];

    /// <summary>Reads up to the end mark; false where it is broken or larger than any real one.</summary>
    public bool TryRead(ref ReadOnlySpan<byte> rest, WorkBudget work)
    {
        while (!rest.IsEmpty)
        {
            work.Step();
            var id = rest[0];
            rest = rest[1..];
            switch (id)
            {
                case 0: return true;
                case 6 when TryPack(ref rest, work): continue;
                case 7 when TryFolders(ref rest, work): continue;
                case 8 when TrySubStreams(ref rest, work): continue;
                default: return false;
            }
        }
        return false;
    }

    private bool TryPack(ref ReadOnlySpan<byte> rest, WorkBudget work)
    {
        if (!Number(ref rest, out var at) || !Number(ref rest, out var count) || count > Most) return false;
        PackedAt = at;
        while (Id(ref rest) is var id and >= 0)
        {
            if (id == 0) return true;
            if (id == 9)
            {
                for (var i = 0ul; i < count; i++)
                {
                    work.Step();
                    if (!Number(ref rest, out var size)) return false;
                    if (i == 0) Packed = size;
                }
            }
            else if (id != 10 || !Digests(ref rest, count, [], work)) return false;
        }
        return false;
    }

    private bool TryFolders(ref ReadOnlySpan<byte> rest, WorkBudget work)
    {
        if (Id(ref rest) != 11 || !Number(ref rest, out var folders) || folders > Most || Id(ref rest) != 0) return false;
        for (var i = 0ul; i < folders; i++)
        {
            if (!TryFolder(ref rest, work)) return false;
        }
        if (Id(ref rest) != 12) return false;
        var isFirst = true;
        foreach (var outputs in _outStreams)
        {
            for (var i = 0; i < outputs; i++)
            {
                work.Step();
                if (!Number(ref rest, out var size)) return false;
                if (isFirst) Unpacked = size;
                isFirst = false;
            }
        }
        var id = Id(ref rest);
        if (id == 10)
        {
            if (!Digests(ref rest, folders, _hasDigest, work)) return false;
            id = Id(ref rest);
        }
        return id == 0;
    }

    private bool TryFolder(ref ReadOnlySpan<byte> rest, WorkBudget work)
    {
        if (!Number(ref rest, out var coders) || coders is 0 or > 32) return false;
        var (inputs, outputs) = (0ul, 0ul);
        for (var i = 0ul; i < coders; i++)
        {
            work.Step();
            if (rest.IsEmpty) return false;
            var flags = rest[0];
            var idSize = flags & 0xF;
            rest = rest[1..];
            if (rest.Length < idSize || (flags & 0x80) != 0) return false;
            var id = rest[..idSize].ToArray();
            rest = rest[idSize..];
            var (ins, outs) = (1ul, 1ul);
            if ((flags & 0x10) != 0 && (!Number(ref rest, out ins) || !Number(ref rest, out outs))) return false;
            if (ins > 32 || outs > 32) return false;
            byte[] properties = [];
            if ((flags & 0x20) != 0)
            {
                if (!Number(ref rest, out var size) || size > (ulong)rest.Length) return false;
                properties = rest[..(int)size].ToArray();
                rest = rest[(int)size..];
            }
            if (id is [6, 0xF1, 7, 1]) IsEncrypted = true;
            if (Coder is null) (Coder, Properties) = (id, properties);
            (inputs, outputs) = (inputs + ins, outputs + outs);
        }
        _outStreams.Add((int)outputs);
        // Which stream feeds which, then which are packed.
        for (var i = 1ul; i < outputs; i++)
        {
            if (!Number(ref rest, out _) || !Number(ref rest, out _)) return false;
        }
        var packed = inputs - (outputs - 1);
        for (var i = 0ul; packed > 1 && i < packed; i++)
        {
            if (!Number(ref rest, out _)) return false;
        }
        return true;
    }

    // How many files each folder has, their sizes and digests: walked over.
    private bool TrySubStreams(ref ReadOnlySpan<byte> rest, WorkBudget work)
    {
        var counts = _outStreams.ConvertAll(_ => 1ul);
        var id = Id(ref rest);
        if (id == 13)
        {
            for (var i = 0; i < counts.Count; i++)
            {
                work.Step();
                if (!Number(ref rest, out var count) || count > Most) return false;
                counts[i] = count;
            }
            id = Id(ref rest);
        }
        if (id == 9)
        {
            foreach (var count in counts)
            {
                for (var i = 1ul; i < count; i++)
                {
                    work.Step();
                    if (!Number(ref rest, out _)) return false;
                }
            }
            id = Id(ref rest);
        }
        if (id == 10)
        {
            // A folder of one file that has a digest already has none here.
            var all = counts.Select((count, i) => count == 1 && i < _hasDigest.Count
                && _hasDigest[i] ? 0 : count).Aggregate(0ul, (sum, c) => sum + c);
            if (!Digests(ref rest, all, [], work)) return false;
            id = Id(ref rest);
        }
        return id == 0;
    }

    // An octet that says that all are there, or one bit each; then four octets for those that are.
    private static bool Digests(ref ReadOnlySpan<byte> rest, ulong count, List<bool> defined, WorkBudget work)
    {
        if (rest.IsEmpty || count > Most) return false;
        var all = rest[0];
        rest = rest[1..];
        var bits = (int)((count + 7) / 8);
        if (all == 0 && rest.Length < bits) return false;
        work.Step((long)count);
        var there = 0;
        for (var i = 0; i < (int)count; i++)
        {
            var isThere = all != 0 || (rest[i / 8] & (0x80 >> (i % 8))) != 0;
            defined.Add(isThere);
            there += isThere ? 1 : 0;
        }
        if (all == 0) rest = rest[bits..];
        if (there * 4L > rest.Length) return false;
        rest = rest[(there * 4)..];
        return true;
    }

    private static int Id(ref ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty) return -1;
        var id = rest[0];
        rest = rest[1..];
        return id;
    }

    /// <summary>The first octet's leading ones say how many octets follow, lowest first; its other bits are the highest.</summary>
    public static bool Number(ref ReadOnlySpan<byte> rest, out ulong number)
    {
        number = 0;
        if (rest.IsEmpty) return false;
        var first = rest[0];
        var more = System.Numerics.BitOperations.LeadingZeroCount((uint)(byte)~first) - 24;
        if (rest.Length <= more) return false;
        for (var i = 0; i < more; i++) number |= (ulong)rest[1 + i] << (8 * i);
        if (more < 7) number |= (ulong)(first & ((1 << (7 - more)) - 1)) << (8 * more);
        rest = rest[(more + 1)..];
        return true;
    }
}
