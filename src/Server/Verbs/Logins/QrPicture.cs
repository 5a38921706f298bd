using System.Text;
using QRCoder;

namespace Aviso.Verbs;

/// <summary>QR codes: for a terminal, two rows of modules in each line, dark on light whatever its colours are; and for a page that
/// draws.</summary>
internal static class QrPicture
{
    // Black on white; ends with the terminal's own colours.
    private const string Light = "\u001b[30;107m";
    private const string Plain = "\u001b[0m";

    /// <summary>A row of 0 and 1 for each line, 1 is dark; with a quiet zone around.</summary>
    public static IReadOnlyList<string> Modules(string text)
    {
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        return [.. code.ModuleMatrix.Select(row => new string([.. row.Cast<bool>().Select(dark => dark ? '1' : '0')]))];
    }

    /// <summary>Lines of text with a quiet zone around (the library's matrix has it).</summary>
    public static string Draw(string text)
    {
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var rows = code.ModuleMatrix;
        var picture = new StringBuilder();
        for (var y = 0; y < rows.Count; y += 2)
        {
            picture.Append(Light);
            for (var x = 0; x < rows[y].Count; x++)
            {
                var (top, bottom) = (rows[y][x], y + 1 < rows.Count && rows[y + 1][x]);
                picture.Append((top, bottom) switch { (true, true) => '█', (true, false) => '▀', (false, true) => '▄', _ => ' ' });
            }
            picture.Append(Plain).Append('\n');
        }
        return picture.ToString();
    }
}
