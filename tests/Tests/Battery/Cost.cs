using System.Runtime.InteropServices;
using Xunit;

namespace Aviso.Tests.Battery;

/// <summary>What a piece of work cost its thread: CPU time and octets allocated. Other threads and a loaded machine do not count.</summary>
public sealed partial record Cost(TimeSpan Cpu, long Allocated)
{
    /// <summary>Any message of up to 10 MB, any parser.</summary>
    private static readonly TimeSpan MostCpu = TimeSpan.FromSeconds(1);

    private const int MostTries = 5;

    /// <summary>Allocated in all, most of it gone again at once; a decoded message of the largest size is half of that.</summary>
    public const long MostAllocated = 128L << 20;

    /// <summary>Over the bound it is done again, and the least counts: what shares the core slows even what only its own thread is charged
    /// for.</summary>
    public static Cost Of(Action work)
    {
        var cost = Once(work);
        for (var again = 0; again < MostTries && cost.Cpu > MostCpu; again++)
        {
            if (Once(work) is var next && next.Cpu < cost.Cpu) cost = next;
        }
        return cost;
    }

    private static Cost Once(Action work)
    {
        Exception? failed = null;
        Cost? cost = null;
        // A thread of its own with a stack as sessions have: what nests too deep must end here too.
        var thread = new Thread(() =>
        {
            var (cpu, allocated) = (ThreadCpu(), GC.GetAllocatedBytesForCurrentThread());
            try
            {
                work();
            }
            catch (Exception e)
            {
                failed = e;
            }
            cost = new(ThreadCpu() - cpu, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }, maxStackSize: 1 << 20);
        thread.Start();
        thread.Join();
        if (failed is not null) throw new InvalidOperationException("the work failed", failed);
        return cost!;
    }

    public void AssertBounded(string name, long allocated = MostAllocated)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {Cpu.TotalMilliseconds:0} ms, {Allocated >> 20} MB allocated");
        Assert.True(Cpu <= MostCpu, $"{name} took {Cpu.TotalSeconds:0.0} s of CPU");
        Assert.True(Allocated <= allocated, $"{name} allocated {Allocated >> 20} MB");
    }

    /// <summary>Held at once, beyond what was held before: any message of up to 10 MB, any parser.</summary>
    public const long MostLive = 64L << 20;

    /// <summary>
    /// The most that the work holds at once. What it allocated in all is the bound where that is less; else it is run again, and the heap
    /// is collected and measured meanwhile, so that only what is really held counts.
    /// </summary>
    public void AssertHeld(string name, Action work)
    {
        if (Allocated <= MostLive) return;
        var live = LiveOf(work);
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {live >> 20} MB held");
        Assert.True(live <= MostLive, $"{name} holds {live >> 20} MB at once");
    }

    // A collection of the whole heap takes longer than most of this work: a look now and then, not one after the other.
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private static long LiveOf(Action work)
    {
        var before = Heap();
        var most = before;
        var thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception fault)
            {
                // It was run before, and ended well.
                GC.KeepAlive(fault);
            }
        }, maxStackSize: 1 << 20);
        thread.Start();
        do most = Math.Max(most, Heap());
        while (!thread.Join(Between));
        return most - before;
    }

    private static long Heap()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        return GC.GetTotalMemory(forceFullCollection: false);
    }

    private static TimeSpan ThreadCpu()
    {
        const int threadCpuTime = 3;
        return clock_gettime(threadCpuTime, out var time) == 0
            ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100))
                : throw new PlatformNotSupportedException();
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int clock_gettime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
