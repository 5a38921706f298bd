namespace Aviso.Moving;

/// <summary>How often and how long a source far away is waited for: it is another's server, and in service.</summary>
internal class ImapPatience
{
    /// <summary>Failures in a row after which a run ends, two minutes after the first.</summary>
    public const int MostTries = 8;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Doubles from a second.</summary>
    public static TimeSpan After(int tries) =>
        tries > 6 ? Longest : TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, 1 << Math.Max(0, tries - 1)));

    /// <exception cref="OperationCanceledException">The run is stopped.</exception>
    public virtual void Wait(int tries, CancellationToken cancel)
    {
        cancel.WaitHandle.WaitOne(After(tries));
        cancel.ThrowIfCancellationRequested();
    }
}
