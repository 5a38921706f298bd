using System.Globalization;
using System.Net;

namespace Aviso.Trace;

/// <summary>What is looked for: all that is given must hold.</summary>
public sealed record TraceQuery
{
    /// <summary>Ids, addresses, domains, IP addresses, words of the subject.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    /// <summary>An account that it came from or went to, by id; empty: any.</summary>
    public string Account { get; init; } = "";

    /// <summary>Traces, the newest of those that fit.</summary>
    public int Limit { get; init; } = 50;

    /// <summary>The time is within what is asked for.</summary>
    public bool Covers(DateTimeOffset at) => !(at < Since) && !(at > Until);

    /// <summary>
    /// Reads what somebody typed. A date or a time of day is a moment, and asks for the minutes around it; everything else is a word.
    /// </summary>
    /// <param name="now">A time of day is the last one before this.</param>
    public static TraceQuery Parse(string text, DateTimeOffset now)
    {
        var (words, query) = (new List<string>(), new TraceQuery());
        foreach (var part in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (Moment(part, now) is (var since, var until, _)) query = query with { Since = since, Until = until };
            else words.AddRange(WordsOf(part));
        }
        return query with { Words = words };
    }

    /// <summary>Such as 2h or 30d before now, a date, or a date and time (UTC unless it says otherwise); null for anything else.</summary>
    public static DateTimeOffset? Time(string text, DateTimeOffset now)
    {
        if (text.Length > 1 && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number < 100_000)
        {
            TimeSpan? ago = text[^1] switch
            {
                's' => TimeSpan.FromSeconds(number),
                'm' => TimeSpan.FromMinutes(number),
                'h' => TimeSpan.FromHours(number),
                'd' => TimeSpan.FromDays(number),
                _ => null,
            };
            if (ago is { } span) return now - span;
        }
        return Moment(text, now)?.Of;
    }

    private static (DateTimeOffset Since, DateTimeOffset Until, DateTimeOffset Of)? Exact(string text, DateTimeOffset now)
    {
        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        var invariant = CultureInfo.InvariantCulture;
        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", invariant, utc, out var day)) return (day, day.AddDays(1), day);
        string[] minutes = ["yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm'Z'"];
        string[] seconds = ["yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];
        if (DateTimeOffset.TryParseExact(text, minutes, invariant, utc, out var minute)) return Around(minute, TimeSpan.FromMinutes(2));
        if (DateTimeOffset.TryParseExact(text, seconds, invariant, utc, out var second)) return Around(second, TimeSpan.FromSeconds(30));
        var isTime = TimeOnly.TryParseExact(text, "HH:mm", invariant, DateTimeStyles.None, out var time);
        if (!isTime && !TimeOnly.TryParseExact(text, "HH:mm:ss", invariant, DateTimeStyles.None, out time)) return null;
        var at = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) + time.ToTimeSpan();
        if (at > now) at = at.AddDays(-1);
        return Around(at, isTime ? TimeSpan.FromMinutes(2) : TimeSpan.FromSeconds(30));
    }

    private static (DateTimeOffset Since, DateTimeOffset Until, DateTimeOffset Of) Around(DateTimeOffset at, TimeSpan span) =>
        (at - span, at + span, at);

    private static (DateTimeOffset Since, DateTimeOffset Until, DateTimeOffset Of)? Moment(string text, DateTimeOffset now) =>
        text.Length >= 5 && char.IsAsciiDigit(text[0]) && text.AsSpan(1).ContainsAny(':', '-')
            && !text.Contains('@', StringComparison.Ordinal) ? Exact(text, now) : null;

    // As it was put down: an address without brackets, an IP address as the system writes it, a subject word by word.
    private static IEnumerable<string> WordsOf(string part)
    {
        var word = part.Trim('<', '>', '"', ',', ';').TrimStart('[').TrimEnd(']');
        if (word.Length == 0) return [];
        if (IPAddress.TryParse(word, out var ip) && word.AsSpan().ContainsAny('.', ':'))
            return [(ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).ToString()];
        if (word.AsSpan().ContainsAny('@', '.')) return [word];
        var words = new List<string>();
        TraceToken.EachWord(word, w => words.Add(w.ToString()));
        return words;
    }
}
