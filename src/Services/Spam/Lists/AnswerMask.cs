using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Aviso.Spam;

/// <summary>
/// Which answers of a DNS list mean something. Four octets with dots; each is a number ("2"), a range ("4-7"), any ("*") or bits of which
/// one must be set ("&amp;64").
/// </summary>
public sealed class AnswerMask : IEquatable<AnswerMask>
{
    private readonly string _text;
    private readonly Octet[] _octets;

    private AnswerMask(string text, Octet[] octets) => (_text, _octets) = (text, octets);

    public static bool TryParse(string text, [NotNullWhen(true)] out AnswerMask? mask)
    {
        mask = null;
        var parts = text.Split('.');
        if (parts.Length != 4) return false;
        var octets = new Octet[4];
        for (var i = 0; i < 4; i++)
        {
            if (!TryOctet(parts[i], out octets[i])) return false;
        }
        mask = new(text, octets);
        return true;
    }

    public bool Matches(IPAddress answer)
    {
        Span<byte> octets = stackalloc byte[16];
        if (answer.AddressFamily != AddressFamily.InterNetwork || !answer.TryWriteBytes(octets, out _)) return false;
        for (var i = 0; i < 4; i++)
        {
            if (!_octets[i].Matches(octets[i])) return false;
        }
        return true;
    }

    public override string ToString() => _text;

    public bool Equals(AnswerMask? other) => other is not null && other._text == _text;

    public override bool Equals(object? obj) => Equals(obj as AnswerMask);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    private static bool TryOctet(string text, out Octet octet)
    {
        octet = new(0, 255, 0);
        if (text == "*") return true;
        if (text.StartsWith('&'))
        {
            if (!TryNumber(text.AsSpan(1), out var bits) || bits == 0) return false;
            octet = new(0, 255, bits);
            return true;
        }
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (!TryNumber(text.AsSpan(0, dash < 0 ? text.Length : dash), out var low)) return false;
        var high = low;
        if (dash >= 0 && (!TryNumber(text.AsSpan(dash + 1), out high) || high < low)) return false;
        octet = new(low, high, 0);
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out byte number) =>
        byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private readonly record struct Octet(byte Low, byte High, byte Bits)
    {
        public bool Matches(byte value) => Bits != 0 ? (value & Bits) != 0 : value >= Low && value <= High;
    }
}
