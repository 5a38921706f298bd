using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Dns;

/// <summary>Domain names as text and as labels (RFC 1035 §3.1, §5.1).</summary>
public static class DnsName
{
    /// <summary>RFC 1035 §2.3.4: octets on the wire, length octets included.</summary>
    public const int MaxWireLength = 255;

    /// <summary>Lower case, no last dot, "." for the root, one spelling of escapes; null when it cannot be a name in the DNS.</summary>
    public static string? Normalize(string name)
    {
        Span<byte> wire = stackalloc byte[MaxWireLength];
        return TryWrite(name, wire, out var length) && new DnsReader(wire[..length]).TryName(out var normal) ? normal : null;
    }

    /// <summary>The name whose PTR record names this address (RFC 1035 §3.5, RFC 3596 §2.5).</summary>
    public static string Reverse(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var octets = address.GetAddressBytes();
        var text = new StringBuilder(74);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            for (var i = 3; i >= 0; i--) text.Append(octets[i]).Append('.');
            return text.Append("in-addr.arpa").ToString();
        }
        for (var i = 15; i >= 0; i--)
            text.Append(Hex(octets[i] & 15)).Append('.').Append(Hex(octets[i] >> 4)).Append('.');
        return text.Append("ip6.arpa").ToString();
    }

    /// <summary>Writes labels and the root's zero; false for an empty or overlong label, an overlong name or non-ASCII text.</summary>
    internal static bool TryWrite(string name, Span<byte> into, out int written)
    {
        written = 0;
        var at = 1;
        var labelStart = 0;
        if (name is "" or ".")
        {
            into[0] = 0;
            written = 1;
            return true;
        }
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (c == '.')
            {
                var length = at - labelStart - 1;
                if (length is 0 or > 63) return false;
                into[labelStart] = (byte)length;
                labelStart = at++;
                if (at > into.Length) return false;
                continue;
            }
            if (c == '\\' && !TryUnescape(name, ref i, out c)) return false;
            if (c > 255 || (c > 126 && name[i] == c) || at >= into.Length) return false;
            into[at++] = (byte)(char.IsAsciiLetterUpper(c) ? c | 0x20 : c); // RFC 4343 §3: ASCII letters only
        }
        var last = at - labelStart - 1;
        if (last > 63 || (last > 0 && at >= into.Length)) return false;
        into[labelStart] = (byte)last;
        if (last > 0) into[at++] = 0;
        written = at;
        return true;
    }

    /// <summary>One label's octets as text, escaped where a plain character would be misread.</summary>
    internal static void AppendLabel(StringBuilder text, ReadOnlySpan<byte> label)
    {
        foreach (var octet in label)
        {
            var c = (char)octet;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '/' or '*' or '+' or '=') text.Append(char.ToLowerInvariant(c));
            else if (c is > ' ' and < (char)127) text.Append('\\').Append(c);
            else text.Append('\\').Append((char)('0' + octet / 100)).Append((char)('0' + octet / 10 % 10)).Append((char)('0' + octet % 10));
        }
    }

    private static bool TryUnescape(string name, ref int i, out char c)
    {
        c = '\0';
        if (++i >= name.Length) return false;
        c = name[i];
        if (!char.IsAsciiDigit(c)) return c < 127;
        if (i + 2 >= name.Length || !char.IsAsciiDigit(name[i + 1]) || !char.IsAsciiDigit(name[i + 2])) return false;
        var value = (name[i] - '0') * 100 + (name[i + 1] - '0') * 10 + name[i + 2] - '0';
        i += 2;
        c = (char)value;
        return value < 256;
    }

    private static char Hex(int nibble) => "0123456789abcdef"[nibble];
}
