namespace Aviso.Smtp;

/// <summary>
/// RFC 5321 §4.5.3.2.5: three minutes for each block of a message, not for each octet. Who sends a drop now and then has to fill a block
/// all the same.
/// </summary>
internal struct BlockPace(TimeSpan patience, TimeProvider clock)
{
    // Octets. At three minutes each: slower than any line that mail was ever sent over.
    private const int Block = 4 * 1024;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private long _since = clock.GetTimestamp(), _length;

    /// <summary>How long the next wait may take.</summary>
    /// <param name="length">Octets that have come.</param>
    public TimeSpan Patience(long length)
    {
        if (length - _length >= Block) (_since, _length) = (clock.GetTimestamp(), length);
        var left = patience - clock.GetElapsedTime(_since);
        return left > Shortest ? left : Shortest;
    }
}
