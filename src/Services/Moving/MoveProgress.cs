namespace Aviso.Moving;

/// <summary>How far a run is; read while it runs. Thread-safe.</summary>
public sealed class MoveProgress(TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();
    private long _done, _octets, _total;
    private volatile string _now = "";

    /// <summary>Account and mailbox that is worked on.</summary>
    public string Now
    {
        get => _now;
        set => _now = value;
    }

    /// <summary>Messages that are to be taken in all, as far as is known.</summary>
    public long Total => Volatile.Read(ref _total);

    public long Done => Volatile.Read(ref _done);

    public long Octets => Volatile.Read(ref _octets);

    public TimeSpan Elapsed => clock.GetElapsedTime(_started);

    /// <summary>Messages a second since it began.</summary>
    public double Rate => Elapsed.TotalSeconds is > 0.5 and var seconds ? Done / seconds : 0;

    public double OctetRate => Elapsed.TotalSeconds is > 0.5 and var seconds ? Octets / seconds : 0;

    /// <summary>Null while nothing can be said.</summary>
    public TimeSpan? Left => Rate > 0 && Total > Done ? TimeSpan.FromSeconds((Total - Done) / Rate) : null;

    public void Expect(long messages) => Interlocked.Add(ref _total, messages);

    public void Taken(long messages, long octets)
    {
        Interlocked.Add(ref _done, messages);
        Interlocked.Add(ref _octets, octets);
    }
}
