using System.Text;
using Aviso.Base;

namespace Aviso.Spam;

/// <summary>Looks into an office document of any kind for what runs, fetches or hides; never throws for its octets.</summary>
public static class OfficeDocument
{
    /// <summary>Documents inside documents are followed so deep.</summary>
    private const int Deepest = 3;

    private const int MostText = 4 * 1024 * 1024;

    /// <summary>What is found in <paramref name="file"/>; nothing when it is no document.</summary>
    /// <param name="work">The message's; when it is spent what was found so far stands, with <see cref="OfficeFinding.Limit"/>.</param>
    public static OfficeFindings Look(ReadOnlyMemory<byte> file, string extension, WorkBudget work)
    {
        var findings = new OfficeFindings();
        try
        {
            Look(file, extension, new OfficeLook(findings, work, Deepest));
        }
        catch (WorkSpentException e)
        {
            findings.Add(OfficeFinding.Limit, e.Message);
        }
        return findings;
    }

    internal static void Look(ReadOnlyMemory<byte> file, string extension, OfficeLook look)
    {
        look.Work.Step();
        switch (FileMagic.Of(file.Span))
        {
            case FileKind.Ole:
                OldOffice.Look(file, look);
                break;
            case FileKind.Zip:
                NewOffice.Look(file, look);
                break;
            case FileKind.Rtf:
                FlatOffice.Rtf(Text(file, look), look);
                break;
            case FileKind.Text or FileKind.Unknown when extension is "slk":
                FlatOffice.Slk(Text(file, look), look);
                break;
            case FileKind.Text or FileKind.Unknown when extension is "csv":
                FlatOffice.Csv(Text(file, look), look);
                break;
            case FileKind.Text or FileKind.Unknown when file.Span[..Math.Min(file.Length, 200)].IndexOf("<?xml"u8) >= 0:
                FlatOffice.Xml(Text(file, look), look);
                break;
        }
    }

    /// <summary>The beginning of a part as text; the findings say where there is more.</summary>
    internal static string Text(ReadOnlyMemory<byte> part, OfficeLook look)
    {
        if (part.Length > MostText) look.Findings.Add(OfficeFinding.Limit, "a part longer than what is looked at");
        var octets = part.Span[..Math.Min(part.Length, MostText)];
        look.Work.Take(octets.Length / 4);
        return Encoding.UTF8.GetString(octets);
    }
}

/// <summary>One look into a document: where findings go, what it may cost, and how deep it may still go.</summary>
internal readonly record struct OfficeLook(OfficeFindings Findings, WorkBudget Work, int Depth)
{
    public void Add(OfficeFinding finding, string reason) => Findings.Add(finding, reason);

    /// <summary>One level further down; false where that is too deep, which is a finding.</summary>
    public bool TryDeeper(out OfficeLook inner)
    {
        inner = this with { Depth = Depth - 1 };
        if (Depth > 0) return true;
        Findings.Add(OfficeFinding.Limit, "documents nested deeper than is looked at");
        return false;
    }
}
