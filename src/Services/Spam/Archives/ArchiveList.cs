using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>One file of an archive.</summary>
/// <param name="Name">With '/' or '\' between folders.</param>
/// <param name="Open">Unpacks at most so many octets; null where that is not done: its name is all that is known.</param>
internal readonly record struct PackedFile(string Name, bool IsEncrypted, Func<int, Unpacked>? Open = null);

/// <summary>What an archive holds, as far as it says so.</summary>
internal sealed class ArchiveList
{
    /// <summary>Files of one archive that are listed.</summary>
    public const int MostFiles = ZipDirectory.MostEntries;

    public List<PackedFile> Files { get; } = [];

    /// <summary>The list itself wants a password.</summary>
    public bool IsHidden { get; set; }

    /// <summary>There are more files than are listed.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The list ends where it should not, or is written in a way that is not read.</summary>
    public bool IsBroken { get; set; }

    /// <summary>False when the list is full.</summary>
    public bool Add(PackedFile file)
    {
        if (Files.Count == MostFiles) IsCut = true;
        else Files.Add(file);
        return !IsCut;
    }

    /// <summary>Null for what is no archive.</summary>
    /// <param name="name">The archive's own: what a packed single file is called by.</param>
    public static ArchiveList? Read(FileKind kind, ReadOnlyMemory<byte> octets, string name, WorkBudget work)
    {
        work.Step();
        return kind switch
        {
            FileKind.Zip => Zip(octets, work),
            FileKind.Rar => RarList.Read(octets.Span, work),
            FileKind.SevenZip => SevenZipList.Read(octets, work),
            FileKind.Tar => TarList.Read(octets, work),
            FileKind.Gzip or FileKind.Bzip2 or FileKind.Xz => SingleFile.Read(kind, octets, name, work),
            FileKind.Cab => CabList.Read(octets.Span, work),
            _ => null,
        };
    }

    private static ArchiveList Zip(ReadOnlyMemory<byte> octets, WorkBudget work)
    {
        var listing = ZipDirectory.Read(octets.Span, work);
        var list = new ArchiveList { IsBroken = listing.Entries.Count == 0, IsCut = listing.IsCut };
        foreach (var entry in listing.Entries)
        {
            if (entry.Name.EndsWith('/')) continue;
            list.Files.Add(new(entry.Name, entry.IsEncrypted, entry.IsEncrypted || entry.Method is not (0 or 8) ? null
                : most => ZipDirectory.Open(octets, entry) is { } packed ? Unpacker.Inflate(packed, work, most)
                    : new(default, false, IsBroken: true)));
        }
        return list;
    }
}
