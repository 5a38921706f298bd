using System.Buffers.Binary;
using System.Text;

namespace Aviso.Tests.System.Durability;

/// <summary>What the recorder writes; numbers as in recorder.c.</summary>
public enum DiskEvent : byte
{
    Open = 1, Create, Write, Truncate, SyncBegin, SyncEnd, Rename, Unlink, MakeFolder,
}

/// <summary>One thing done to the disk. <paramref name="Time"/>: CLOCK_MONOTONIC nanoseconds.</summary>
public readonly record struct DiskRecord(DiskEvent Kind, long Time, uint Handle, long Offset, ReadOnlyMemory<byte> Data)
{
    public string Path => Encoding.UTF8.GetString(Data.Span);
}

/// <summary>
/// A recorded disk that can be rebuilt as a power cut may leave it. The rules: octets covered by a sync that ended before the
/// cut are there; any other 512-octet sector of a write may or may not be. A name is sure when its folder was synced after the
/// change; later changes in a folder are lost from some point on (a journalling file system keeps their order).
/// </summary>
public sealed class RecordedDisk
{
    private const int Sector = 512;

    private RecordedDisk(IReadOnlyList<DiskRecord> records, string root) => (Records, Root) = (records, root);

    public IReadOnlyList<DiskRecord> Records { get; }

    private string Root { get; }

    public static RecordedDisk Load(string logFile, string root)
    {
        var octets = File.ReadAllBytes(logFile);
        var records = new List<DiskRecord>();
        for (var at = 0; at + 25 <= octets.Length;)
        {
            var head = octets.AsSpan(at);
            var length = BinaryPrimitives.ReadInt32LittleEndian(head[21..]);
            if (at + 25 + length > octets.Length) break;
            records.Add(new(
                (DiskEvent)head[0], BinaryPrimitives.ReadInt64LittleEndian(head[1..]),
                BinaryPrimitives.ReadUInt32LittleEndian(head[9..]), BinaryPrimitives.ReadInt64LittleEndian(head[13..]),
                octets.AsMemory(at + 25, length)));
            at += 25 + length;
        }
        return new(records, root);
    }

    /// <summary>Writes the disk as it may be after a cut before record <paramref name="cut"/> into an empty folder.</summary>
    public void Rebuild(int cut, Random chance, string into)
    {
        var disk = new Replay(Records, cut, Root);
        disk.WriteTo(into, chance);
    }

    /// <summary>One file's contents over time: an inode, whatever its names.</summary>
    private sealed class Inode
    {
        public List<(int Index, DiskRecord Record)> Changes { get; } = [];

        /// <summary>Changes with a smaller record index are on disk for sure.</summary>
        public int SureBefore { get; set; }
    }

    private sealed class Folder
    {
        public List<(int Index, string Name, Inode? Inode)> Changes { get; } = [];

        public int SureBefore { get; set; }
    }

    private sealed class Replay
    {
        private readonly Dictionary<string, Folder> _folders = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Inode> _live = new(StringComparer.Ordinal);
        private readonly Dictionary<uint, Inode> _handles = [];
        private readonly Dictionary<uint, string> _folderHandles = [];
        private readonly Dictionary<uint, int> _syncing = [];
        private readonly string _root;

        public Replay(IReadOnlyList<DiskRecord> records, int cut, string root)
        {
            _root = root;
            _folders[root] = new();
            for (var i = 0; i < cut; i++) Apply(i, records[i]);
        }

        public void WriteTo(string into, Random chance)
        {
            foreach (var (path, folder) in _folders.OrderBy(pair => pair.Key.Length))
            {
                var target = Path.Combine(into, Path.GetRelativePath(_root, path));
                Directory.CreateDirectory(target);
                var unsure = folder.Changes.Count(change => change.Index >= folder.SureBefore);
                var kept = folder.Changes.Count - unsure + chance.Next(unsure + 1);
                var names = new Dictionary<string, Inode>(StringComparer.Ordinal);
                foreach (var (_, name, inode) in folder.Changes.Take(kept))
                    if (inode is null) names.Remove(name);
                    else names[name] = inode;
                foreach (var (name, inode) in names)
                    File.WriteAllBytes(Path.Combine(target, name), Contents(inode, chance));
            }
        }

        private void Apply(int index, in DiskRecord record)
        {
            switch (record.Kind)
            {
                case DiskEvent.MakeFolder:
                    _folders[record.Path] = new();
                    break;
                case DiskEvent.Create:
                    _handles[record.Handle] = _live[record.Path] = new();
                    Change(index, record.Path, _live[record.Path]);
                    break;
                case DiskEvent.Open:
                    if (_live.TryGetValue(record.Path, out var opened)) _handles[record.Handle] = opened;
                    else _folderHandles[record.Handle] = record.Path;
                    break;
                case DiskEvent.Write or DiskEvent.Truncate:
                    if (_handles.TryGetValue(record.Handle, out var written)) written.Changes.Add((index, record));
                    break;
                case DiskEvent.SyncBegin:
                    _syncing[record.Handle] = index;
                    break;
                case DiskEvent.SyncEnd:
                    var began = _syncing[record.Handle];
                    if (_handles.TryGetValue(record.Handle, out var synced)) synced.SureBefore = Math.Max(synced.SureBefore, began);
                    else if (_folderHandles.TryGetValue(record.Handle, out var path) && _folders.TryGetValue(path, out var folder))
                        folder.SureBefore = Math.Max(folder.SureBefore, began);
                    break;
                case DiskEvent.Rename:
                    var names = record.Path.Split('\n');
                    if (!_live.Remove(names[0], out var moved)) break;
                    _live[names[1]] = moved;
                    Change(index, names[0], null);
                    Change(index, names[1], moved);
                    break;
                case DiskEvent.Unlink:
                    _live.Remove(record.Path);
                    Change(index, record.Path, null);
                    break;
            }
        }

        private void Change(int index, string path, Inode? inode)
        {
            if (_folders.TryGetValue(Path.GetDirectoryName(path)!, out var folder))
                folder.Changes.Add((index, Path.GetFileName(path), inode));
        }

        private static byte[] Contents(Inode inode, Random chance)
        {
            var contents = new MemoryStream();
            foreach (var (index, record) in inode.Changes)
            {
                var sure = index < inode.SureBefore;
                if (record.Kind == DiskEvent.Truncate)
                {
                    if (sure || chance.Next(2) == 0) contents.SetLength(record.Offset);
                    continue;
                }
                if (sure) Put(contents, record.Offset, record.Data.Span);
                else if (chance.Next(3) > 0) PutSome(contents, record.Offset, record.Data.Span, chance);
            }
            return contents.ToArray();
        }

        private static void Put(MemoryStream contents, long offset, ReadOnlySpan<byte> octets)
        {
            contents.Position = offset;
            contents.Write(octets);
        }

        /// <summary>Each sector on its own may have reached the disk.</summary>
        private static void PutSome(MemoryStream contents, long offset, ReadOnlySpan<byte> octets, Random chance)
        {
            for (var at = 0; at < octets.Length;)
            {
                var end = (int)Math.Min(octets.Length, Sector - ((offset + at) % Sector) + at);
                if (chance.Next(4) > 0) Put(contents, offset + at, octets[at..end]);
                at = end;
            }
        }
    }
}
