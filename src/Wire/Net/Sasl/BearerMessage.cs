using System.Text;

namespace Aviso.Net;

/// <summary>
/// What a client of OAUTHBEARER (RFC 7628 §3.1) or XOAUTH2 sends first. One method for each rule; it never throws.
/// </summary>
internal ref struct BearerMessage(ReadOnlySpan<byte> octets)
{
    private const byte KvSep = 1;
    private const int MostPairs = 16;

    private readonly ReadOnlySpan<byte> _octets = octets;
    private int _at;

    /// <summary>The name given; empty when none.</summary>
    public string User { get; private set; } = "";

    public string Token { get; private set; } = "";

    // client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
    public bool TryOAuthBearer() => TryGs2Header() && TryPairs(withUser: false);

    // "user=" name kvsep "auth=Bearer " token kvsep kvsep
    public bool TryXOAuth2() => TryPairs(withUser: true);

    // gs2-header = "n," or "y," [ "a=" saslname ] ","; a mechanism without channel binding has no "p="
    private bool TryGs2Header()
    {
        if (_octets is not [(byte)'n' or (byte)'y', (byte)',', ..]) return false;
        _at = 2;
        var end = _octets[_at..].IndexOf((byte)',');
        if (end < 0) return false;
        var name = _octets.Slice(_at, end);
        _at += end + 1;
        if (!name.IsEmpty)
        {
            if (!name.StartsWith("a="u8) || !TryText(name[2..], out var escaped) || !Scram.TryName(escaped, out var plain)) return false;
            User = plain;
        }
        if (_at >= _octets.Length || _octets[_at] != KvSep) return false;
        _at++;
        return true;
    }

    // *kvpair kvsep, and nothing after it. One auth; what is not known (host, port) is skipped.
    private bool TryPairs(bool withUser)
    {
        for (var count = 0; count < MostPairs; count++)
        {
            var end = _octets[_at..].IndexOf(KvSep);
            if (end < 0) return false;
            if (end == 0) return _at + 1 == _octets.Length && Token.Length > 0;
            if (!TryPair(_octets.Slice(_at, end), withUser)) return false;
            _at += end + 1;
        }
        return false;
    }

    // kvpair = key "=" value kvsep; key = 1*ALPHA; value = *(VCHAR / SP / HTAB / CR / LF)
    private bool TryPair(ReadOnlySpan<byte> pair, bool withUser)
    {
        var equals = pair.IndexOf((byte)'=');
        if (equals <= 0) return false;
        foreach (var c in pair[..equals])
        {
            if (!char.IsAsciiLetter((char)c)) return false;
        }
        var value = pair[(equals + 1)..];
        if (Ascii.EqualsIgnoreCase(pair[..equals], "auth"u8)) return Token.Length == 0 && TryToken(value);
        if (!withUser || !Ascii.EqualsIgnoreCase(pair[..equals], "user"u8)) return !value.ContainsAnyExcept(Values);
        return User.Length == 0 && TryText(value, out var name) && (User = name).Length > 0;
    }

    // RFC 6750 §2.1: credentials = "Bearer" 1*SP b64token
    private bool TryToken(ReadOnlySpan<byte> value)
    {
        if (value.Length < 8 || !Ascii.EqualsIgnoreCase(value[..7], "Bearer "u8)) return false;
        var token = value[7..].TrimStart((byte)' ');
        if (token.IsEmpty || token.ContainsAnyExcept(TokenOctets)) return false;
        Token = Encoding.ASCII.GetString(token);
        return true;
    }

    private static bool TryText(ReadOnlySpan<byte> octets, out string text)
    {
        text = "";
        if (octets.Length > 320 || !System.Text.Unicode.Utf8.IsValid(octets)) return false;
        text = Encoding.UTF8.GetString(octets);
        return !text.Any(char.IsControl);
    }

    private static readonly System.Buffers.SearchValues<byte> TokenOctets =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="u8);

    private static readonly System.Buffers.SearchValues<byte> Values =
        System.Buffers.SearchValues.Create([9, 10, 13, .. Enumerable.Range(0x20, 0x5f).Select(i => (byte)i)]);
}
