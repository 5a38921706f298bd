namespace Aviso.Base;

/// <summary>
/// Makes the ids of everything we store: 63-bit, positive, growing with time, unique per process and across restarts
/// (the store seeds it with the largest id it holds, so a clock that went back cannot make one twice).
/// Layout: 41 bits of milliseconds since 2025-01-01, 8 bits of node, 14 bits of counter.
/// </summary>
public sealed class IdSource(TimeProvider clock, byte node = 0)
{
    private const long Epoch2025 = 1_735_689_600_000;
    private long _last;

    /// <summary>Never hands out an id at or below <paramref name="seen"/>.</summary>
    public void Seed(long seen)
    {
        long last;
        do last = Volatile.Read(ref _last);
        while (seen > last && Interlocked.CompareExchange(ref _last, seen, last) != last);
    }

    /// <summary>When an id was made, to the millisecond; later than that only when many were made at once or the clock went back.</summary>
    public static DateTimeOffset TimeOf(long id) => DateTimeOffset.FromUnixTimeMilliseconds((id >> 22) + Epoch2025);

    /// <summary>The next id; thread-safe.</summary>
    public long Next()
    {
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var fresh = ((clock.GetUtcNow().ToUnixTimeMilliseconds() - Epoch2025) << 22) | ((long)node << 14);
            var next = fresh > last ? fresh : last + 1;
            if (Interlocked.CompareExchange(ref _last, next, last) == last) return next;
        }
    }
}

/// <summary>How ids are shown to people and clients: Crockford base 32, 13 characters, sorts like the number.</summary>
public static class IdText
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>13 lower-case characters.</summary>
    public static string Format(long id) => string.Create(13, id, static (text, value) =>
    {
        for (var i = text.Length - 1; i >= 0; i--, value >>= 5) text[i] = Alphabet[(int)(value & 31)];
    });

    /// <summary>Reads what <see cref="Format"/> wrote, in either case; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long id)
    {
        id = 0;
        if (text.Length != 13) return false;
        foreach (var c in text)
        {
            var digit = Alphabet.IndexOf(char.ToLowerInvariant(c), StringComparison.Ordinal);
            if (digit < 0 || id > long.MaxValue >> 5) return false;
            id = (id << 5) | (uint)digit;
        }
        return true;
    }
}
