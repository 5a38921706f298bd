using System.Net;
using System.Text;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>
/// Who really sent what a relay of ours hands over (a backup MX, a spam gateway): the relay's own Received field says it. Fields
/// further down were written by strangers and are not believed.
/// </summary>
public static class OriginalClient
{
    private const int MostHops = 10;
    private const int LongestHelo = 255;

    /// <summary>The client and its HELO; what was given when the field of a trusted relay says nothing.</summary>
    /// <param name="header">The message's header octets.</param>
    /// <param name="isTrusted">Is this address one of the declared relays.</param>
    public static (IPAddress Client, string Helo) Find(
        ReadOnlySpan<byte> header, IPAddress peer, string helo, Func<IPAddress, bool> isTrusted)
    {
        var (client, name) = (peer, helo);
        var hops = 0;
        foreach (var field in new HeaderFields(header))
        {
            if (!field.Is("Received"u8)) continue;
            if (!isTrusted(client) || hops++ == MostHops) break;
            if (Read(Encoding.Latin1.GetString(field.Value)) is not { } found) break;
            (client, name) = found;
        }
        return (client, name);
    }

    // "from HELO (name [192.0.2.1])" of most servers, "from name ([192.0.2.1] helo=HELO)" of some. HELO, and further down the name
    // in a client's certificate, are a stranger's words and may hold anything but a line end: the address is the last one on the
    // first line that has any, and "by" counts where it begins a line, if it does anywhere.
    private static (IPAddress, string)? Read(string value)
    {
        var lines = value.Split('\n');
        var isFolded = Array.Exists(lines, l => Words(l) is [var first, ..] && IsBy(first));
        var head = Words(lines[0]);
        if (head.Length < 2 || !head[0].Equals("from", StringComparison.OrdinalIgnoreCase)) return null;
        var helo = head[1];
        IPAddress? address = null;
        for (var i = 0; i < lines.Length && address is null; i++)
        {
            var words = Words(lines[i]);
            var from = i == 0 ? 1 : 0;
            if (i > 0 && words is [var first, ..] && IsBy(first)) break;
            for (var at = from; at < words.Length; at++)
            {
                if (!isFolded && at > from && IsBy(words[at])) return address is null ? null : Found(address, helo);
                if (at > from && words[at].TrimStart('(') is var word
                    && word.StartsWith("helo=", StringComparison.OrdinalIgnoreCase)) helo = word[5..].TrimEnd(')', ',');
                address = Address(words[at]) ?? address;
            }
        }
        return address is null ? null : Found(address, helo);
    }

    private static (IPAddress, string) Found(IPAddress address, string helo) => (address, helo.Length <= LongestHelo ? helo : "");

    private static string[] Words(string line) => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);

    private static bool IsBy(string word) => word.Equals("by", StringComparison.OrdinalIgnoreCase);

    // "[192.0.2.1]" within a word; what a "name=" stands before was said by the client.
    private static IPAddress? Address(string word)
    {
        var (open, close) = (word.IndexOf('[', StringComparison.Ordinal), word.IndexOf(']', StringComparison.Ordinal));
        if (open < 0 || close < open || word.AsSpan(0, open).Contains('=')) return null;
        var text = word.AsSpan(open + 1, close - open - 1);
        if (text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase)) text = text[5..];
        return !IPAddress.TryParse(text, out var found) ? null : found.IsIPv4MappedToIPv6 ? found.MapToIPv4() : found;
    }
}
