using System.Net;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>
/// Who really sent what a relay of ours hands over (a backup MX, a spam gateway): the relay's own Received field says it. Fields
/// further down were written by strangers and are not believed.
/// </summary>
public static class OriginalClient
{
    private const int MostHops = 10;

    /// <summary>The client and its HELO; what was given when the field of a trusted relay says nothing.</summary>
    /// <param name="header">The message's header octets.</param>
    /// <param name="isTrusted">Is this address one of the declared relays.</param>
    public static (IPAddress Client, string Helo) Find(ReadOnlySpan<byte> header, IPAddress peer, string helo, Func<IPAddress, bool> isTrusted)
    {
        var (client, name) = (peer, helo);
        var hops = 0;
        foreach (var field in new HeaderFields(header))
        {
            if (!field.Is("Received"u8)) continue;
            if (!isTrusted(client) || hops++ == MostHops) break;
            if (Read(HeaderText.Raw(field.Value)) is not { } found) break;
            (client, name) = found;
        }
        return (client, name);
    }

    // "from HELO (name [192.0.2.1])" of most servers, "from name ([192.0.2.1] helo=HELO)" of some. Only what stands before "by" counts.
    private static (IPAddress, string)? Read(string value)
    {
        var words = value.Split((char[])[' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !words[0].Equals("from", StringComparison.OrdinalIgnoreCase)) return null;
        var helo = words[1];
        IPAddress? address = null;
        foreach (var word in words.Skip(1).TakeWhile(w => !w.Equals("by", StringComparison.OrdinalIgnoreCase)))
        {
            if (word.Contains("helo=", StringComparison.OrdinalIgnoreCase)) helo = word[(word.IndexOf("helo=", StringComparison.OrdinalIgnoreCase) + 5)..].TrimEnd(')', ',');
            // The last one: a HELO may be an address literal, and it comes first.
            var (open, close) = (word.IndexOf('[', StringComparison.Ordinal), word.IndexOf(']', StringComparison.Ordinal));
            if (open < 0 || close < open) continue;
            var text = word[(open + 1)..close];
            if (text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase)) text = text[5..];
            if (IPAddress.TryParse(text, out var found)) address = found.IsIPv4MappedToIPv6 ? found.MapToIPv4() : found;
        }
        return address is null ? null : (address, helo.Length <= 255 ? helo : "");
    }
}
