using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>What a file is by its first octets.</summary>
public enum FileKind
{
    Unknown, Empty, Text, Html, Pdf, Zip, Rar, SevenZip, Gzip, Bzip2, Xz, Cab, Ace, Arj, Tar, Iso, Vhd, Ole, Rtf, Pe, Elf, MachO, Lnk,
    Image, OneNote, Chm, JavaClass, Script, Tnef, Pgp, Audio,
}

/// <summary>A part that is a file for the reader.</summary>
public sealed class AttachedFile
{
    private readonly Func<MimePart, long, ReadOnlyMemory<byte>> _read;
    private readonly Lock _gate = new();
    private ReadOnlyMemory<byte>? _content;

    internal AttachedFile(MimePart part, Func<MimePart, long, ReadOnlyMemory<byte>> read)
    {
        (Part, _read) = (part, read);
        Name = part.FileName ?? "";
        Extension = ExtensionOf(Name);
        Head = read(part, 1024);
        Kind = FileMagic.Of(Head.Span);
    }

    public MimePart Part { get; }

    /// <summary>Decoded; empty without one.</summary>
    public string Name { get; }

    /// <summary>Lower case, without the dot; what Windows would see (blanks and dots at the end of the name do not count).</summary>
    public string Extension { get; }

    /// <summary>The declared type, "type/subtype" in lower case.</summary>
    public string Type => $"{Part.Type}/{Part.Subtype}";

    public FileKind Kind { get; }

    /// <summary>The first decoded octets, at most about 1,000.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>The decoded octets when the part is not larger than what one message may cost; else empty.</summary>
    public ReadOnlyMemory<byte> Content
    {
        get
        {
            lock (_gate) return _content ??= _read(Part, -1);
        }
    }

    /// <summary>What stands after the last dot of a file name, as Windows would read it.</summary>
    public static string ExtensionOf(string name)
    {
        name = name.TrimEnd(' ', '.', '\t', '\u00A0', '"', '\'');
        var dot = name.LastIndexOf('.');
        return dot < 0 || name.Length - dot > 12 ? "" : name[(dot + 1)..].ToLowerInvariant();
    }
}

/// <summary>An attached page as its reader's browser would show it.</summary>
/// <param name="IsWhole">False when it is longer than what is looked at.</param>
public sealed record AttachedPage(AttachedFile File, HtmlPage Page, bool IsWhole);
