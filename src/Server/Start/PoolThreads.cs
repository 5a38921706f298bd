namespace Aviso.Server;

/// <summary>
/// Threads of the pool are made at start and kept (ThreadsToKeepAlive in the project file). To make one takes descriptors, and a runtime that
/// cannot make one ends the process: that must not wait for the moment in which the store needs it and there are none.
/// </summary>
internal static class PoolThreads
{
    /// <summary>As many as the project file says.</summary>
    public const int Kept = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Waits until they are there, for five seconds at most.</summary>
    public static void Make()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Kept), completions);
        // Never disposed: the last of them may still be leaving it.
        var all = new CountdownEvent(Kept);
        for (var i = 0; i < Kept; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static all =>
            {
                all.Signal();
                all.Wait(Patience);
            }, all, preferLocal: false);
        }
        all.Wait(Patience);
        // How many work at once is for the pool to find out, as before.
        ThreadPool.SetMinThreads(workers, completions);
    }
}
