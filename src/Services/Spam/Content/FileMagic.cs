namespace Aviso.Spam;

/// <summary>Knows files by their first octets.</summary>
public static class FileMagic
{
    /// <summary>What <paramref name="head"/>, the first octets of a file, begin.</summary>
    public static FileKind Of(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty) return FileKind.Empty;
        var known = head[0] switch
        {
            (byte)'P' when head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8) || head.StartsWith("PK\x07\x08"u8) =>
                FileKind.Zip,
            (byte)'R' when head.StartsWith("Rar!\x1A\x07"u8) => FileKind.Rar,
            (byte)'7' when head.StartsWith((ReadOnlySpan<byte>)[0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) => FileKind.SevenZip,
            0x1F when head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) => FileKind.Gzip,
            (byte)'B' when head.StartsWith("BZh"u8) => FileKind.Bzip2,
            0xFD when head.StartsWith((ReadOnlySpan<byte>)[0xFD, 0x37, 0x7A, 0x58, 0x5A]) => FileKind.Xz,
            (byte)'M' when head.StartsWith("MSCF"u8) => FileKind.Cab,
            (byte)'M' when head.StartsWith("MZ"u8) => FileKind.Pe,
            0x60 when head.StartsWith((ReadOnlySpan<byte>)[0x60, 0xEA]) => FileKind.Arj,
            0xD0 when head.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) => FileKind.Ole,
            0x7F when head.StartsWith("\x7FELF"u8) => FileKind.Elf,
            0xCF or 0xCE when head.Length > 3 && head[1] == 0xFA && head[2] == 0xED && head[3] == 0xFE => FileKind.MachO,
            0xFE when head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xED, 0xFA]) => FileKind.MachO,
            0x4C when head.StartsWith((ReadOnlySpan<byte>)[0x4C, 0, 0, 0, 1, 0x14, 2, 0]) => FileKind.Lnk,
            0xE4 when head.StartsWith((ReadOnlySpan<byte>)[0xE4, 0x52, 0x5C, 0x7B, 0x8C, 0xD8, 0xA7, 0x4D]) => FileKind.OneNote,
            (byte)'I' when head.StartsWith("ITSF"u8) => FileKind.Chm,
            (byte)'I' when head.StartsWith("II*\0"u8) => FileKind.Image,
            (byte)'M' when head.StartsWith("MM\0*"u8) => FileKind.Image,
            0xCA when head.StartsWith((ReadOnlySpan<byte>)[0xCA, 0xFE, 0xBA, 0xBE]) => FileKind.JavaClass,
            (byte)'c' when head.StartsWith("conectix"u8) => FileKind.Vhd,
            (byte)'v' when head.StartsWith("vhdxfile"u8) => FileKind.Vhd,
            0x89 when (head.Length > 3 && head[1..].StartsWith("PNG"u8)) => FileKind.Image,
            0xFF when head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) => FileKind.Image,
            (byte)'G' when head.StartsWith("GIF8"u8) => FileKind.Image,
            (byte)'B' when head.StartsWith("BM"u8) && head.Length > 14 && head[6] == 0 && head[7] == 0 => FileKind.Image,
            (byte)'R' when head.StartsWith("RIFF"u8) =>
                head.Length > 11 && head[8..].StartsWith("WEBP"u8) ? FileKind.Image : FileKind.Audio,
            0x78 when head.StartsWith((ReadOnlySpan<byte>)[0x78, 0x9F, 0x3E, 0x22]) => FileKind.Tnef,
            (byte)'#' when head.StartsWith("#!"u8) => FileKind.Script,
            _ => FileKind.Unknown,
        };
        if (known != FileKind.Unknown) return known;
        if (head.Length > 13 && head[7..].StartsWith("**ACE**"u8)) return FileKind.Ace;
        if (head.Length > 262 && head[257..].StartsWith("ustar"u8)) return FileKind.Tar;
        return OfText(head);
    }

    private static FileKind OfText(ReadOnlySpan<byte> head)
    {
        var text = head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? head[3..] : head;
        text = text.TrimStart(" \t\r\n\0"u8);
        if (text.IsEmpty) return FileKind.Text;
        // Readers look for the mark within the first kilobyte (ISO 32000-1 annex H, note 13).
        if (head.IndexOf("%PDF-"u8) >= 0) return FileKind.Pdf;
        if (text.StartsWith("{\\rt"u8)) return FileKind.Rtf;
        if (text.StartsWith("-----BEGIN PGP"u8)) return FileKind.Pgp;
        if (text[0] == '<' && IsHtml(text)) return FileKind.Html;
        return head.Contains((byte)0) ? FileKind.Unknown : FileKind.Text;
    }

    private static bool IsHtml(ReadOnlySpan<byte> text)
    {
        foreach (var mark in (
            ReadOnlySpan<string>)["<!doctype html", "<html", "<head", "<body", "<script", "<svg", "<meta", "<iframe", "<title"])
        {
            if (text.Length < mark.Length) continue;
            if (System.Text.Ascii.EqualsIgnoreCase(text[..mark.Length], mark)) return true;
        }
        return text.StartsWith("<!--"u8) && (text.IndexOf("<html"u8) > 0 || text.IndexOf("<HTML"u8) > 0 || text.IndexOf("<script"u8) > 0);
    }
}
