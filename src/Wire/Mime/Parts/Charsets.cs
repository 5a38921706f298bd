using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text;

namespace Aviso.Mime;

/// <summary>Octets to text by the names mail uses for charsets. Never throws; what cannot be read becomes U+FFFD.</summary>
public static class Charsets
{
    private const int CacheLimit = 512;

    private static readonly Encoding Utf8 = new UTF8Encoding(false, throwOnInvalidBytes: false);

    // The WHATWG reading of labels that mail gets wrong: Latin-1 is sent as Windows-1252, GB2312 as GBK, KS C 5601 as CP949.
    private static readonly FrozenDictionary<string, int> Labels = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase)
    {
        ["utf-8"] = 65001,
        ["utf8"] = 65001,
        ["unicode-1-1-utf-8"] = 65001,
        ["cp65001"] = 65001,
        ["utf-8-mac"] = 65001,
        ["us-ascii"] = 20127,
        ["ascii"] = 20127,
        ["ansi_x3.4-1968"] = 20127,
        ["646"] = 20127,
        ["us"] = 20127,
        ["default"] = 20127,
        ["unknown-8bit"] = 20127,
        ["x-unknown"] = 20127,
        ["iso646-us"] = 20127,
        ["iso-8859-1"] = 1252,
        ["iso8859-1"] = 1252,
        ["iso_8859-1"] = 1252,
        ["latin1"] = 1252,
        ["l1"] = 1252,
        ["cp1252"] = 1252,
        ["ansi"] = 1252,
        ["8859-1"] = 1252,
        ["windows-1252"] = 1252,
        ["cp-1252"] = 1252,
        ["iso-8859-8-i"] = 1255,
        ["iso-8859-8"] = 1255,
        ["iso-8859-9"] = 1254,
        ["iso-8859-11"] = 874,
        ["tis-620"] = 874,
        ["cp1250"] = 1250,
        ["cp1251"] = 1251,
        ["cp1253"] = 1253,
        ["cp1254"] = 1254,
        ["cp1255"] = 1255,
        ["cp1256"] = 1256,
        ["cp1257"] = 1257,
        ["cp1258"] = 1258,
        ["cp866"] = 866,
        ["cp437"] = 437,
        ["cp850"] = 850,
        ["gb2312"] = 936,
        ["gbk"] = 936,
        ["x-gbk"] = 936,
        ["cp936"] = 936,
        ["euc-cn"] = 936,
        ["gb18030"] = 54936,
        ["hz-gb-2312"] = 52936,
        ["big5-hkscs"] = 950,
        ["big5"] = 950,
        ["cp950"] = 950,
        ["shift_jis"] = 932,
        ["shift-jis"] = 932,
        ["sjis"] = 932,
        ["x-sjis"] = 932,
        ["cp932"] = 932,
        ["windows-31j"] = 932,
        ["ms_kanji"] = 932,
        ["iso-2022-jp"] = 50220,
        ["iso-2022-jp-2"] = 50220,
        ["iso-2022-jp-ms"] = 50220,
        ["euc-jp"] = 51932,
        ["ks_c_5601-1987"] = 949,
        ["ks_c_5601"] = 949,
        ["euc-kr"] = 949,
        ["cp949"] = 949,
        ["iso-2022-kr"] = 50225,
        ["utf-16"] = 1201,
        ["utf-16be"] = 1201,
        ["utf-16le"] = 1200,
        ["ucs-2"] = 1201,
        ["utf-32"] = 12001,
        ["utf-32be"] = 12001,
        ["utf-32le"] = 12000,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly ConcurrentDictionary<string, Encoding?> Cache = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The encoding behind <paramref name="charset"/>; false when we have none by that name.</summary>
    public static bool TryGet(string charset, out Encoding encoding)
    {
        charset = charset.Trim().Trim('"', '\'');
        if (!Cache.TryGetValue(charset, out var known))
        {
            known = Find(charset);
            if (Cache.Count < CacheLimit) Cache.TryAdd(charset, known);
        }
        encoding = known ?? Utf8;
        return known is not null;
    }

    /// <summary>
    /// Text of <paramref name="octets"/>. A missing or unknown charset, and US-ASCII with high octets, is read as
    /// UTF-8 if it is that and as Windows-1252 if not.
    /// </summary>
    public static string Decode(string? charset, ReadOnlySpan<byte> octets)
    {
        if (Ascii.IsValid(octets) && !IsShifting(charset)) return Encoding.ASCII.GetString(octets);
        if (string.IsNullOrEmpty(charset) || !TryGet(charset, out var encoding) || encoding.CodePage == 20127) return Guess(octets);
        return encoding.GetString(octets);
    }

    /// <summary>As <see cref="Decode(string?, ReadOnlySpan{byte})"/>.</summary>
    /// <param name="isProblem">True when we have no such charset, or the octets are not what it allows; without any, when they are not
    /// UTF-8.</param>
    public static string Decode(string? charset, ReadOnlySpan<byte> octets, out bool isProblem)
    {
        var isNamed = !string.IsNullOrEmpty(charset);
        var isKnown = TryGet(charset ?? "", out var encoding);
        var text = Decode(charset, octets);
        if (!isNamed) isProblem = !Utf8IsValid(octets);
        else if (!isKnown) isProblem = true;
        else if (encoding.CodePage == 20127) isProblem = !Ascii.IsValid(octets);
        else if (encoding.CodePage == 65001) isProblem = !Utf8IsValid(octets);
        else isProblem = text.Contains('\uFFFD', StringComparison.Ordinal) && !Fits(encoding, octets);
        return text;
    }

    // U+FFFD may be what the sender wrote (UTF-16, GB 18030).
    private static bool Fits(Encoding encoding, ReadOnlySpan<byte> octets)
    {
        var strict = (Encoding)encoding.Clone();
        strict.DecoderFallback = DecoderFallback.ExceptionFallback;
        try
        {
            strict.GetCharCount(octets);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>RFC 6532 text, or what old software sent instead: UTF-8 if valid, else Windows-1252.</summary>
    public static string Guess(ReadOnlySpan<byte> octets) =>
        Utf8IsValid(octets) ? Utf8.GetString(octets) : Windows1252.GetString(octets);

    internal static bool Utf8IsValid(ReadOnlySpan<byte> octets) => System.Text.Unicode.Utf8.IsValid(octets);

    private static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    // These write other scripts, or two-octet characters, in octets below 128.
    private static bool IsShifting(string? charset) => charset is not null
        && (charset.Contains("2022", StringComparison.Ordinal) || charset.StartsWith("hz", StringComparison.OrdinalIgnoreCase)
            || charset.Contains("16", StringComparison.Ordinal) || charset.Contains("32", StringComparison.Ordinal)
            || charset.StartsWith("ucs", StringComparison.OrdinalIgnoreCase));

    private static Encoding? Find(string charset)
    {
        if (charset.Length > 64) return null;
        if (Labels.TryGetValue(charset, out var page)) return FromPage(page);
        return CodePagesEncodingProvider.Instance.GetEncoding(charset)
            ?? CodePagesEncodingProvider.Instance.GetEncoding(charset.ToLowerInvariant().Replace('_', '-'));
    }

    private static Encoding? FromPage(int page) => page switch
    {
        65001 => Utf8,
        20127 => Encoding.ASCII,
        1200 => Encoding.Unicode,
        1201 => Encoding.BigEndianUnicode,
        12000 => Encoding.UTF32,
        12001 => new UTF32Encoding(bigEndian: true, byteOrderMark: false),
        _ => CodePagesEncodingProvider.Instance.GetEncoding(page),
    };
}
