using System.Diagnostics;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>Waits for what must become true, bounded, so that a failing test says what it waited for.</summary>
internal static class Patience
{
    public static Task UntilAsync(Func<bool> holds, string what, int seconds = 30, Func<string>? why = null) =>
        UntilAsync(() => Task.FromResult(holds()), what, seconds, why);

    public static async Task UntilAsync(Func<Task<bool>> holds, string what, int seconds = 30, Func<string>? why = null)
    {
        // A machine that stood still for that long is no reason to fail: some looks must come after it.
        var waited = Stopwatch.StartNew();
        for (var looks = 0; looks < 40 || waited.Elapsed < TimeSpan.FromSeconds(seconds); looks++)
        {
            if (await holds()) return;
            await Task.Delay(50);
        }
        Assert.Fail($"not within {seconds} s: {what}\n{why?.Invoke()}");
    }
}
