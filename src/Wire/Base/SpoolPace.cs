namespace Aviso.Base;

/// <summary>How fast a body comes, by the last ten seconds: what came quickly at first says nothing of a client that fell silent.</summary>
internal struct SpoolPace
{
    /// <summary>Octets a second; who sends as fast holds nobody up.</summary>
    public const int Fair = 32 * 1024;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private double? _last;
    private long _since, _length;
    private bool _hasBegun;

    /// <summary>Before octets are added to <paramref name="length"/>.</summary>
    public void Note(long length, long now, TimeProvider clock)
    {
        if (_hasBegun && clock.GetElapsedTime(_since, now) < Window) return;
        if (_hasBegun) _last = At(length, now, clock);
        (_hasBegun, _since, _length) = (true, now, length);
    }

    /// <summary>Octets a second; a body is fast until ten seconds are over.</summary>
    public readonly double At(long length, long now, TimeProvider clock)
    {
        var past = clock.GetElapsedTime(_since, now);
        if (!_hasBegun) return double.MaxValue;
        if (past < Window) return _last ?? double.MaxValue;
        // Octets after the window would have begun another.
        return past >= Window * 2 ? 0 : (length - _length) / past.TotalSeconds;
    }
}
