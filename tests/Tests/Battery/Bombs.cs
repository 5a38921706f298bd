using System.IO.Compression;
using System.Text;

namespace Aviso.Tests.Battery;

/// <summary>Packed and repeated octets that bombs are made of.</summary>
internal static class Bombs
{
    public static byte[] Repeat(string text, int octets)
    {
        var piece = Encoding.UTF8.GetBytes(text);
        var all = new byte[octets / piece.Length * piece.Length];
        for (var at = 0; at < all.Length; at += piece.Length) piece.CopyTo(all, at);
        return all;
    }

    public static byte[] Gzip(byte[] octets)
    {
        using var into = new MemoryStream();
        using (var gzip = new GZipStream(into, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(octets);
        return into.ToArray();
    }

    public static byte[] Zlib(byte[] octets)
    {
        using var into = new MemoryStream();
        using (var zlib = new ZLibStream(into, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(octets);
        return into.ToArray();
    }

    public static byte[] Zip(params (string Name, byte[] Octets)[] files)
    {
        using var into = new MemoryStream();
        using (var zip = new ZipArchive(into, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, octets) in files)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.Optimal).Open();
                entry.Write(octets);
            }
        }
        return into.ToArray();
    }

    /// <summary>Archives in archives, each level <paramref name="width"/> copies of the one below.</summary>
    public static byte[] Nested(int levels, int width, byte[] core, string name)
    {
        var inner = core;
        for (var level = 0; level < levels; level++)
        {
            var copy = inner;
            var inside = level == 0 ? name : "x.docx";
            inner = Zip([.. Enumerable.Range(0, width).Select(i => ($"{i}{inside}", copy))]);
        }
        return inner;
    }

    /// <summary>A message with one attachment.</summary>
    public static byte[] Attached(string name, byte[] octets, string type = "application/octet-stream") => Attached((name, octets, type));

    public static byte[] Attached(params (string Name, byte[] Octets, string Type)[] files)
    {
        var text = new StringBuilder(
            "From: a@one.example\r\nTo: b@two.example\r\nSubject: x\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\nMessage-ID: <a@one.example>\r\nMIME-Version: 1.0\r\n"
            + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n");
        foreach (var (name, octets, type) in files)
        {
            text.Append($"--b\r\nContent-Type: {type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n");
            text.Append(Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks)).Append("\r\n");
        }
        return Encoding.UTF8.GetBytes(text.Append("--b--\r\n").ToString());
    }
}
