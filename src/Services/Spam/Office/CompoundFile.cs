using System.Buffers.Binary;
using System.Text;
using Aviso.Base;

namespace Aviso.Spam;

/// <param name="Name">Without the storages it stands in.</param>
/// <param name="Size">Octets, as the directory says.</param>
public readonly record struct CompoundStream(string Name, uint Start, long Size);

/// <summary>
/// The streams of a compound file (MS-CFB), as old Office documents are. Chains that loop or leave the file end there. What is copied
/// out of it costs the message's budget: many entries may name the same octets.
/// </summary>
public sealed class CompoundFile
{
    public const int MostEntries = 4096;
    public const int MostStream = 8 * 1024 * 1024;

    private const int HeaderOctets = 512;
    private const int InHeader = 109;
    private const uint LastSector = 0xFFFFFFFA;
    private readonly ReadOnlyMemory<byte> _file;
    private readonly int _sector;
    private readonly uint _cutoff;
    private readonly List<uint> _fat = [];
    private readonly ReadOnlyMemory<byte> _miniFat;
    private ReadOnlyMemory<byte> _mini;
    private readonly WorkBudget _work;

    private CompoundFile(ReadOnlyMemory<byte> file, int shift, WorkBudget work)
    {
        (_file, _work) = (file, work);
        _sector = 1 << shift;
        var header = file.Span;
        _cutoff = Math.Min(U32(header, 56), 1 << 16);
        ReadFat(header);
        _miniFat = Chain(U32(header, 60), MostStream);
        Streams = ReadDirectory(Chain(U32(header, 48), MostEntries * 128).Span);
    }

    /// <summary>There are more streams, or longer ones, than were read.</summary>
    public bool IsCut { get; private set; }

    /// <summary>In the order of the directory.</summary>
    public IReadOnlyList<CompoundStream> Streams { get; }

    /// <summary>Null when <paramref name="file"/> is none.</summary>
    public static CompoundFile? Open(ReadOnlyMemory<byte> file, WorkBudget work)
    {
        if (file.Length < HeaderOctets * 2 || FileMagic.Of(file.Span) != FileKind.Ole) return null;
        var shift = BinaryPrimitives.ReadUInt16LittleEndian(file.Span[30..]);
        return shift is 9 or 12 ? new(file, shift, work) : null;
    }

    /// <summary>Null when there is no stream of this name.</summary>
    public ReadOnlyMemory<byte>? Find(string name)
    {
        foreach (var stream in Streams)
        {
            if (stream.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return Read(stream);
        }
        return null;
    }

    public bool Has(string name) => Streams.Any(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>What can be read of a stream.</summary>
    public ReadOnlyMemory<byte> Read(CompoundStream stream)
    {
        if (stream.Size > MostStream) IsCut = true;
        var size = (int)Math.Clamp(stream.Size, 0, MostStream);
        return stream.Size < _cutoff ? MiniChain(stream.Start, size) : Chain(stream.Start, size);
    }

    // MS-CFB §2.5: the FAT's sectors are named in the header, then in a chain of sectors.
    private void ReadFat(ReadOnlySpan<byte> header)
    {
        var most = (_file.Length / _sector) + 1;
        for (var i = 0; i < InHeader && _fat.Count < most; i++) FatSector(U32(header, 76 + (4 * i)), most);
        var next = U32(header, 68);
        for (var left = most / (_sector / 4) + 1; left > 0 && Sector(next) is { Length: > 0 } list; left--)
        {
            for (var at = 0; at + 8 <= list.Length; at += 4) FatSector(U32(list, at), most);
            if (list.Length < _sector) return;
            next = U32(list, _sector - 4);
        }
    }

    private void FatSector(uint number, int most)
    {
        var sector = Sector(number);
        _work.Step(1 + (sector.Length >> 6));
        for (var at = 0; at + 4 <= sector.Length && _fat.Count < most; at += 4) _fat.Add(U32(sector, at));
    }

    private ReadOnlySpan<byte> Sector(uint number)
    {
        var at = ((long)number + 1) * _sector;
        if (number >= LastSector || at >= _file.Length) return default;
        return _file.Span.Slice((int)at, (int)Math.Min(_sector, _file.Length - at));
    }

    private ReadOnlyMemory<byte> Chain(uint start, int size)
    {
        var into = new MemoryStream(Math.Min(size, _sector));
        for (var left = _fat.Count; left > 0 && into.Length < size; left--)
        {
            var sector = Sector(start);
            if (sector.IsEmpty) break;
            _work.Take(sector.Length);
            into.Write(sector[..(int)Math.Min(sector.Length, size - into.Length)]);
            if (start >= _fat.Count) break;
            start = _fat[(int)start];
        }
        return into.GetBuffer().AsMemory(0, (int)into.Length);
    }

    private ReadOnlyMemory<byte> MiniChain(uint start, int size)
    {
        var into = new MemoryStream(Math.Min(size, 64));
        for (var left = _mini.Length / 64; left >= 0 && into.Length < size; left--)
        {
            var at = (long)start * 64;
            if (at >= _mini.Length) break;
            _work.Take(64);
            into.Write(_mini.Span.Slice((int)at, (int)Math.Min(Math.Min(64, _mini.Length - at), size - into.Length)));
            if (((long)start * 4) + 4 > _miniFat.Length) break;
            start = U32(_miniFat.Span, (int)start * 4);
        }
        return into.GetBuffer().AsMemory(0, (int)into.Length);
    }

    // MS-CFB §2.6.1. The tree of storages is not followed: a stream is found by its own name.
    private List<CompoundStream> ReadDirectory(ReadOnlySpan<byte> directory)
    {
        var streams = new List<CompoundStream>();
        IsCut = directory.Length == MostEntries * 128;
        for (var at = 0; at + 128 <= directory.Length; at += 128)
        {
            _work.Step();
            var entry = directory.Slice(at, 128);
            var (type, start, size) = (entry[66], U32(entry, 116), U32(entry, 120));
            if (type == 5 && _mini.Length == 0) _mini = Chain(start, (int)Math.Min(size, MostStream));
            var name = Math.Clamp(BinaryPrimitives.ReadUInt16LittleEndian(entry[64..]) - 2, 0, 62);
            if (type == 2) streams.Add(new(Encoding.Unicode.GetString(entry[..(name & ~1)]), start, size));
        }
        return streams;
    }

    private static uint U32(ReadOnlySpan<byte> octets, int at) => BinaryPrimitives.ReadUInt32LittleEndian(octets[at..]);
}
