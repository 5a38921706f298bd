namespace Aviso.Mime;

/// <summary>The fields of mailing lists (RFC 2369 §2): URLs in angle brackets, the one the list's owner likes best first.</summary>
public static class UrlList
{
    /// <summary>The URLs without brackets and without the white space that may stand in them; comments are skipped. Reading ends at what is
    /// neither. At most <see cref="MimeLimits.Urls"/>.</summary>
    public static IReadOnlyList<string> Parse(ReadOnlySpan<byte> value)
    {
        var urls = new List<string>();
        var reader = new ValueReader(value);
        while (urls.Count < MimeLimits.Urls)
        {
            reader.SkipCfws();
            if (reader.Take((byte)',')) continue;
            if (!reader.Take((byte)'<')) break;
            var url = reader.Until(">"u8);
            if (!reader.Take((byte)'>')) break;
            var text = WithoutBlanks(HeaderText.Raw(url));
            if (text.Length > 0) urls.Add(text);
        }
        return urls;
    }

    private static string WithoutBlanks(string url) =>
        url.AsSpan().IndexOfAny(' ', '\t') < 0 ? url : string.Concat(url.Where(static c => c is not (' ' or '\t')));
}
