using System.IO.Compression;

namespace Aviso.MailAuth;

/// <summary>Opens what reports come in: gzip, zip or plain, known by their first octets and never larger than allowed.</summary>
public static class ReportArchive
{
    private const int MostEntries = 100;

    /// <summary>The report inside.</summary>
    /// <param name="most">Octets after opening; what is larger is refused (a zip bomb).</param>
    /// <param name="problem">Why nothing came out.</param>
    public static byte[]? Open(byte[] octets, int most, out string problem)
    {
        problem = "";
        try
        {
            if (octets is [0x1F, 0x8B, ..]) return Take(new GZipStream(new MemoryStream(octets), CompressionMode.Decompress), most, out problem);
            if (octets is not [(byte)'P', (byte)'K', 3, 4, ..]) return octets.Length <= most ? octets : TooLarge(most, out problem);
            using var zip = new ZipArchive(new MemoryStream(octets), ZipArchiveMode.Read);
            if (zip.Entries.Take(MostEntries).FirstOrDefault(e => e.Length > 0 && !e.FullName.EndsWith('/')) is { } entry)
                return Take(entry.Open(), most, out problem);
            problem = "the archive is empty";
        }
        catch (InvalidDataException e)
        {
            problem = "a broken archive: " + e.Message;
        }
        return null;
    }

    private static byte[]? Take(Stream packed, int most, out string problem)
    {
        using (packed)
        {
            using var plain = new MemoryStream();
            var piece = new byte[64 * 1024];
            while (packed.Read(piece) is var read and > 0)
            {
                if (plain.Length + read > most) return TooLarge(most, out problem);
                plain.Write(piece, 0, read);
            }
            problem = "";
            return plain.ToArray();
        }
    }

    private static byte[]? TooLarge(int most, out string problem)
    {
        problem = $"more than {most >> 20} MB inside";
        return null;
    }
}
