using System.Diagnostics;

namespace Aviso.Tests.Fuzz;

/// <summary>
/// Deterministic mutations of a seed: the same arguments give the same inputs, so a failure is found again by its number.
/// AVISO_FUZZ_SECONDS lengthens <see cref="Run"/>.
/// </summary>
public static class Mutator
{
    private const int LargestInput = 256 * 1024;

    /// <summary>The seed itself, then <paramref name="count"/> mutations of it (each one to four changes).</summary>
    public static IEnumerable<byte[]> Mutate(byte[] seed, int count, int randomSeed)
    {
        yield return seed;
        var random = new Random(randomSeed);
        for (var i = 0; i < count; i++)
        {
            var input = seed;
            for (var changes = random.Next(1, 5); changes > 0; changes--) input = Change(input, random);
            yield return input;
        }
    }

    /// <summary>
    /// Gives every seed and its mutations to <paramref name="check"/>; with AVISO_FUZZ_SECONDS set, goes on with new random
    /// seeds until that many seconds have passed. The failing input's seed and number are in the exception.
    /// </summary>
    public static void Run(IReadOnlyList<byte[]> seeds, int countEach, Action<byte[]> check)
    {
        var watch = Stopwatch.StartNew();
        var seconds = double.TryParse(Environment.GetEnvironmentVariable("AVISO_FUZZ_SECONDS"), out var s) ? s : 0;
        var round = 0;
        do
        {
            for (var i = 0; i < seeds.Count; i++) RunOne(seeds[i], countEach, randomSeed: (round * 1000) + i, check);
            round++;
        }
        while (watch.Elapsed.TotalSeconds < seconds);
    }

    private static void RunOne(byte[] seed, int count, int randomSeed, Action<byte[]> check)
    {
        var number = 0;
        foreach (var input in Mutate(seed, count, randomSeed))
        {
            try
            {
                check(input);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"random seed {randomSeed}, mutation {number}, input (base64) {Convert.ToBase64String(input)}", e);
            }
            number++;
        }
    }

    private static byte[] Change(byte[] input, Random random)
    {
        if (input.Length == 0) return [(byte)random.Next(256)];
        var from = random.Next(input.Length);
        var length = random.Next(1, Math.Min(input.Length - from, 64) + 1);
        return random.Next(7) switch
        {
            0 => With(input, from, (byte)(input[from] ^ (1 << random.Next(8)))),
            1 => With(input, from, (byte)random.Next(256)),
            2 => With(input, from, "\r\n\t \"\\()<>@,;:=?-\0"u8[random.Next(18)]),
            3 => [.. input[..from], .. input[(from + length)..]],
            4 => input.Length > LargestInput ? input[..from] : [.. input[..(from + length)], .. input[from..]],
            5 => input[..from],
            _ => Splice(input, from, length, random.Next(input.Length)),
        };
    }

    private static byte[] With(byte[] input, int at, byte octet)
    {
        var changed = (byte[])input.Clone();
        changed[at] = octet;
        return changed;
    }

    private static byte[] Splice(byte[] input, int from, int length, int to) => input.Length > LargestInput
        ? input[..from]
        : [.. input[..to], .. input[from..(from + length)], .. input[to..]];
}
