using System.Text;

namespace Aviso.Spam;

/// <summary>Looks into an office document of any kind for what runs, fetches or hides; never throws for its octets.</summary>
public static class OfficeDocument
{
    /// <summary>Documents inside documents are followed so deep.</summary>
    private const int Deepest = 3;

    private const int MostText = 4 * 1024 * 1024;

    /// <summary>What is found in <paramref name="file"/>; nothing when it is no document.</summary>
    public static OfficeFindings Look(ReadOnlyMemory<byte> file, string extension)
    {
        var findings = new OfficeFindings();
        Look(file, extension, findings, Deepest);
        return findings;
    }

    internal static void Look(ReadOnlyMemory<byte> file, string extension, OfficeFindings findings, int depth)
    {
        switch (FileMagic.Of(file.Span))
        {
            case FileKind.Ole:
                OldOffice.Look(file, findings, depth);
                break;
            case FileKind.Zip:
                NewOffice.Look(file, findings, depth);
                break;
            case FileKind.Rtf:
                FlatOffice.Rtf(Text(file), findings);
                break;
            case FileKind.Text or FileKind.Unknown when extension is "slk":
                FlatOffice.Slk(Text(file), findings);
                break;
            case FileKind.Text or FileKind.Unknown when extension is "csv":
                FlatOffice.Csv(Text(file), findings);
                break;
            case FileKind.Text or FileKind.Unknown when file.Span[..Math.Min(file.Length, 200)].IndexOf("<?xml"u8) >= 0:
                FlatOffice.Xml(Text(file), findings, depth);
                break;
        }
    }

    private static string Text(ReadOnlyMemory<byte> file) => Encoding.UTF8.GetString(file.Span[..Math.Min(file.Length, MostText)]);
}
