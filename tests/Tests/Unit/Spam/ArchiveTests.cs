using System.Text;
using Aviso.Tests.Battery;
using Xunit;

namespace Aviso.Tests.Unit.Spam;

/// <summary>A program in an archive is told whatever kind of archive it is, and however deep.</summary>
public sealed class ArchiveTests
{
    // Made by 7-Zip 26: invoice.js and letter.txt; plain, with a password, and with a password on the list too.
    private const string Plain =
        "N3q8ryccAAR1ERbJdQAAAAAAAAAgAAAAAAAAAOgQyTwBAAd4CmhlbGxvCgAAAIEzB64PzpwGxQkqrtOqhSYoExi7AyVmQFEucEUoxYU8xc6d63c/ELCPq8+0VMeb+SIq7t+WH0HeBIOSYgbvcSzbs2fBcwnp4nvYDrFWqzOMSx+q+BLgPe81MCJG1OnNDm7hugAAAAAXBgwBCWkABwsBAAEjAwEBBV0AEAAADH4KAVvEiqYAAA==";
    private const string Locked =
        "N3q8ryccAARpZ1+clQAAAAAAAAAiAAAAAAAAAJMnNi6q6H2YGddZ0zUCHzzcSCqxAACBMweuD87ysgwHsMPa919FiphISvgLwcO1WV63QkH/V+jO1BHLnIgJj34h9UBfB/PY1rxt8K9PaBrraGPgpbXxFP9rhwXp23/7chVwYXZZMOyNZgwcBIX9LQ8IGiHU/FRAU7GVUpR5X+/U4lKIRkvYT/ufec6RHKrgqMshqoQGAAAAABcGEAEJgIUABwsBAAEjAwEBBV0AEAAADICeCgFBIGc3AAA=";
    private const string Hidden =
        "N3q8ryccAASkjrYPoAAAAAAAAAA+AAAAAAAAAL9XB0MFIsJkEX4CGFK1rgGMdzxGXD+RwkRgmuyJkX2xinUXK5e6Xuh46IJ37+uHe1IzR0hObIArfzUFndFUYKUUXzt04P7yqqSgiS1kRigLDrPk6kKPiEXHhiVi2AGFUz3q6jikM0owNFVRC9ak4FyIyuSnWawBRNRzL3Id9wBAwT2YJ6QIc+Du6YEWlU6HNK+bRlu6QNdsccwe4f3gJkH8QbsIFwYQAQmAkAAHCwEAAiQG8QcBElMPExdPnYa7sj+NXlZY1cxCqCMDAQEFXQAQAAABAAyAhYCeCgFJBRyMAAA=";

    private static readonly byte[] Script = "WScript.Echo(1)"u8.ToArray();

    public static TheoryData<string, string> Archives => new()
    {
        { "7z", "FILE_PROGRAM_PACKED" }, { "7z locked", "FILE_ENCRYPTED FILE_PROGRAM_PACKED" }, { "7z hidden", "FILE_ENCRYPTED" },
            { "rar4", "FILE_PROGRAM_PACKED" }, { "rar4 locked", "FILE_ENCRYPTED FILE_PROGRAM_PACKED" },
        { "rar4 hidden", "FILE_ENCRYPTED" }, { "rar5", "FILE_PROGRAM_PACKED" }, { "rar5 locked", "FILE_ENCRYPTED FILE_PROGRAM_PACKED" },
            { "rar5 hidden", "FILE_ENCRYPTED" }, { "tgz", "FILE_PROGRAM_PACKED" },
        { "tar", "FILE_PROGRAM_PACKED" }, { "js.gz", "FILE_PROGRAM_PACKED" }, { "gz named inside", "FILE_PROGRAM_PACKED" },
            { "js.xz", "FILE_PROGRAM_PACKED" }, { "zip in zip", "FILE_PROGRAM_PACKED" }, { "gz in zip in zip", "FILE_PROGRAM_PACKED" },
        { "zip behind a picture", "FILE_PROGRAM_PACKED" }, { "zip without its list", "FILE_PROGRAM_PACKED" },
            { "eml", "FILE_PROGRAM_PACKED" }, { "zip in eml", "FILE_PROGRAM_PACKED" },
                { "program called pdf in zip", "FILE_PROGRAM_PACKED" }, { "cab", "FILE_PROGRAM_PACKED" },
        { "page in zip", "FILE_HTML" }, { "zip five deep", "LIMIT_HIT" },
    };

    [Theory]
    [MemberData(nameof(Archives))]
    public void What_is_in_an_archive_is_told(string kind, string symbols)
    {
        var (name, octets) = Make(kind);
        var context = SpamMail.RunAll(SpamMail.Input(Bombs.Attached(name, octets)));
        Assert.All(symbols.Split(' '), s => Assert.True(context.Has(s), $"{s} is not among {string.Join(", ", context.Symbols)}"));
        // Without the program's name nothing of it is left to be told.
        if (kind is "7z hidden" or "rar4 hidden" or "rar5 hidden") Assert.False(context.Has("FILE_PROGRAM_PACKED"));
    }

    [Theory]
    [InlineData("example.com", "%PDF-1.7 x", false)]
    [InlineData("example.com", "\u0089PNG x", false)]
    [InlineData("example.com", "MZ x", true)]
    [InlineData("example.com", "\u00e9\u0001\u0002", true)]
    public void A_document_called_by_a_sites_name_is_no_program(string name, string content, bool isProgram)
    {
        var octets = Encoding.Latin1.GetBytes(content);
        Assert.Equal(isProgram, SpamMail.RunAll(SpamMail.Input(Bombs.Attached(name, octets))).Has("FILE_PROGRAM"));
        Assert.Equal(isProgram, SpamMail.RunAll(SpamMail.Input(Bombs.Attached("a.zip", Bombs.Zip((name, octets)))))
            .Has("FILE_PROGRAM_PACKED"));
    }

    [Theory]
    [InlineData("-12|Some text|Yes!|3", false)]
    [InlineData("+49 170|Hello!|x", false)]
    [InlineData("=cmd|'/c calc'!A0", true)]
    [InlineData("-2+3+cmd|' /C calc'!D2", true)]
    [InlineData("\"=cmd|'/c a,b'!A0\",x", true)]
    [InlineData("1;2;@SUM(cmd|'/c calc'!A0)", true)]
    [InlineData("=A1+B1!x|y", false)]
    public void A_table_with_bars_asks_no_program(string line, bool asks) =>
        Assert.Equal(asks, SpamMail.RunAll(SpamMail.Input(Bombs.Attached("a.csv", Encoding.UTF8.GetBytes(line), "text/csv")))
            .Has("OFFICE_DDE"));

    [Theory]
    [InlineData("a.html", "<html><form><input type=password></form>", "HTML_PASSWORD")]
    [InlineData("a.svg", "<svg xmlns='x'><script>document.write(atob('x'))</script></svg>", "HTML_SCRIPT_DECODES")]
    [InlineData("a.shtml", "<script>location.href='https://evil.example/'</script>", "HTML_REFRESH")]
    [InlineData("a.htm", "<meta http-equiv=refresh content='0; url=https://evil.example/'>", "HTML_REFRESH")]
    [InlineData("a.html", "<html><a href='http://www.bank.example@evil.example/'>x</a>", "URL_USERINFO")]
    [InlineData("a.svg", "<svg><a xlink:href='http://203.0.113.9/login'>x</a></svg>", "URL_ADDRESS")]
    public void An_attached_page_is_judged_like_a_body(string name, string page, string symbol)
    {
        var context = SpamMail.RunAll(SpamMail.Input(Bombs.Attached(name, Encoding.UTF8.GetBytes(page),
            name.EndsWith("svg", StringComparison.Ordinal) ? "image/svg+xml" : "text/html")));
        Assert.True(context.Has(symbol) && context.Has("FILE_HTML"), string.Join(", ", context.Symbols));
    }

    private static (string Name, byte[] Octets) Make(string kind)
    {
        var zip = Bombs.Zip(("a/invoice.js", Script));
        var mail = Bombs.Attached("invoice.js", Script);
        return kind switch
        {
            "7z" => ("a.7z", Convert.FromBase64String(Plain)),
            "7z locked" => ("a.7z", Convert.FromBase64String(Locked)),
            "7z hidden" => ("a.7z", Convert.FromBase64String(Hidden)),
            "rar4" => ("a.rar", Rar4(0x8000, 0)),
            "rar4 locked" => ("a.rar", Rar4(0x8004, 0)),
            "rar4 hidden" => ("a.rar", Rar4(0x8000, 0x80)),
            "rar5" => ("a.rar", Rar5(isLocked: false, isHidden: false)),
            "rar5 locked" => ("a.rar", Rar5(isLocked: true, isHidden: false)),
            "rar5 hidden" => ("a.rar", Rar5(isLocked: false, isHidden: true)),
            "tar" => ("a.tar", Tar("a/invoice.js")),
            "tgz" => ("a.tgz", Bombs.Gzip(Tar("a/invoice.js"))),
            "js.gz" => ("invoice.js.gz", Bombs.Gzip(Script)),
            "gz named inside" => ("a.gz", [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3, .. "invoice.js\0"u8, .. Bombs.Gzip(Script)[10..]]),
            "js.xz" => ("invoice.js.xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4]),
            "zip in zip" => ("a.zip", Bombs.Zip(("b.zip", zip))),
            "gz in zip in zip" => ("a.zip", Bombs.Zip(("b.zip", Bombs.Zip(("invoice.js.gz", Bombs.Gzip(Script)))))),
            "zip behind a picture" => ("a.bin", [.. new byte[100], .. zip]),
            "zip without its list" => ("a.zip", zip[..zip.AsSpan().IndexOf("PK\u0001\u0002"u8)]),
            "eml" => ("a.eml", mail),
            "zip in eml" => ("letter", Bombs.Attached("x.zip", zip)),
            "program called pdf in zip" => ("a.zip", Bombs.Zip(("invoice.pdf", "MZ\u0090\0"u8.ToArray()))),
            "cab" => ("a.cab", Cab()),
            "page in zip" => ("a.zip", Bombs.Zip(("invoice.html", "<html><script>"u8.ToArray()))),
            _ => ("a.zip", Enumerable.Range(0, 5).Aggregate(zip, (inner, _) => Bombs.Zip(("x.zip", inner)))),
        };
    }

    // Headers only: CRC, type, flags, size; for a file its sizes, the length of its name at 26, the name at 32.
    private static byte[] Rar4(int fileFlags, byte mainFlags)
    {
        var file = new byte[32];
        (file[2], file[3], file[4]) = (0x74, (byte)fileFlags, (byte)(fileFlags >> 8));
        byte[] name = [.. "a\\invoice.js"u8];
        file[5] = (byte)(32 + name.Length);
        (file[7], file[26]) = (3, (byte)name.Length);
        byte[] head = [.. "Rar!\u001a\u0007\0"u8, 0, 0, 0x73, mainFlags, 0, 13, 0, 0, 0, 0, 0, 0, 0];
        return [.. head, .. file, .. name, 1, 2, 3, 0xC4, 0x3D, 0x7B, 0, 0x40, 7, 0];
    }

    private static byte[] Rar5(bool isLocked, bool isHidden)
    {
        byte[] mark = [.. "Rar!\u001a\u0007\u0001\0"u8];
        byte[] main = [0, 0, 0, 0, 3, 1, 0, 0];
        if (isHidden) return [.. mark, 0, 0, 0, 0, 4, 4, 0, 0, 0, .. new byte[40]];
        byte[] extra = isLocked ? [2, 1, 0] : [];
        byte[] name = [.. "a/invoice.js"u8];
        // Type 2 with extra area (1) and data (2): file flags, unpacked size, attributes, compression, system, name.
        byte[] body = [2, 3, (byte)extra.Length, 3, 0, 15, 0x20, 0, 0, (byte)name.Length, .. name, .. extra];
        return [.. mark, .. main, 0, 0, 0, 0, (byte)body.Length, .. body, 1, 2, 3, 0, 0, 0, 0, 3, 5, 0, 0];
    }

    private static byte[] Tar(string name)
    {
        var tar = new byte[2048];
        Encoding.ASCII.GetBytes(name).CopyTo(tar, 0);
        "00000000017\0"u8.CopyTo(tar.AsSpan(124));
        "ustar\000"u8.CopyTo(tar.AsSpan(257));
        tar[156] = (byte)'0';
        Script.CopyTo(tar, 512);
        return tar;
    }

    private static byte[] Cab()
    {
        var cab = new byte[100];
        "MSCF"u8.CopyTo(cab);
        (cab[16], cab[28]) = (36, 1);
        "invoice.js"u8.CopyTo(cab.AsSpan(52));
        return cab;
    }
}
