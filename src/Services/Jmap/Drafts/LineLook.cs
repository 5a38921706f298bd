namespace Aviso.Jmap;

/// <summary>Looks at octets as they come: may they stand in a message as they are (RFC 2045 §2.7).</summary>
internal sealed class LineLook
{
    private const int LongestLine = 998;

    private long _line;
    private bool _isBroken, _lastWasCr;

    /// <summary>Nothing above 127, no NUL.</summary>
    public bool IsAscii { get; private set; } = true;

    /// <summary>Lines of at most 998 octets too, CR and LF only together.</summary>
    public bool IsSevenBit => IsAscii && !_isBroken && !_lastWasCr;

    public void Look(ReadOnlySpan<byte> octets)
    {
        foreach (var c in octets)
        {
            if (c is 0 or > 127) IsAscii = false;
            if (_lastWasCr != (c == '\n')) _isBroken = true;
            _lastWasCr = c == '\r';
            _line = c == '\n' ? 0 : _line + 1;
            if (_line > LongestLine + 1) _isBroken = true;
        }
    }
}
