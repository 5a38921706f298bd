using System.Diagnostics;
using Xunit;

namespace Aviso.Tests;

/// <summary>Waits for what must become true, bounded: a test that waits in vain fails and says for what, it never hangs.</summary>
internal static class Patience
{
    /// <param name="what">What must become true, for the message.</param>
    /// <param name="seconds">How long it may take; a machine that stood still gets 40 looks all the same.</param>
    /// <param name="why">What is known when it did not.</param>
    /// <param name="pause">Milliseconds between two looks.</param>
    public static Task UntilAsync(Func<bool> holds, string what, int seconds = 30, Func<string>? why = null, int pause = 50) =>
        UntilAsync(() => Task.FromResult(holds()), what, seconds, why, pause);

    /// <inheritdoc cref="UntilAsync(Func{bool}, string, int, Func{string}?, int)"/>
    public static async Task UntilAsync(Func<Task<bool>> holds, string what, int seconds = 30, Func<string>? why = null, int pause = 50)
    {
        // A machine that stood still for that long is no reason to fail: some looks must come after it.
        var waited = Stopwatch.StartNew();
        for (var looks = 0; looks < 40 || waited.Elapsed < TimeSpan.FromSeconds(seconds); looks++)
        {
            if (await holds()) return;
            await Task.Delay(pause);
        }
        Assert.Fail($"not within {seconds} s: {what}\n{why?.Invoke()}");
    }
}
