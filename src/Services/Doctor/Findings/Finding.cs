namespace Aviso.Doctor;

/// <summary>One thing that is wrong now.</summary>
/// <param name="Subject">What it is about: a domain, relay, address or listener; with the code it names the finding.</param>
/// <param name="Says">One sentence: what is wrong, without a dot at its end.</param>
/// <param name="Evidence">What was seen: records, replies, figures.</param>
/// <param name="Fix">One sentence: what to do.</param>
/// <param name="Act">The command, record or setting that mends it; empty when only a person can say.</param>
public sealed record Finding(FindingCode Code, string Subject, string Says, string Evidence, string Fix, string Act = "")
{
    /// <summary>Longer texts come from strangers.</summary>
    private const int MostSubject = 200, MostText = 1000;

    /// <summary>Names the finding among all.</summary>
    public string Key => $"{Code.Word} {Subject}";

    /// <summary>Bounded, and without characters that do something to a terminal or a line of a log.</summary>
    internal Finding Safe() => new(Code, Clean(Subject, MostSubject), Clean(Says, MostText), Clean(Evidence, MostText),
        Clean(Fix, MostText),
        Clean(Act, MostText));

    private static string Clean(string text, int most)
    {
        if (text.Length <= most && !text.Any(char.IsControl)) return text;
        var clean = string.Concat(text.Take(most).Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length > most ? clean + "..." : clean;
    }
}

/// <summary>A finding that stands, and what became of it.</summary>
/// <param name="Since">When it was first seen.</param>
/// <param name="Acknowledged">When somebody said that he knows; null: nobody has.</param>
/// <param name="EndsAt">When it ends unless it is seen again; null: a check decides.</param>
public sealed record StandingFinding(Finding Finding, DateTimeOffset Since, DateTimeOffset? Acknowledged, DateTimeOffset? EndsAt)
{
    /// <summary>It counts for exit statuses and events.</summary>
    public bool Counts => Acknowledged is null && Finding.Code.Severity >= Severity.Warning;
}

/// <summary>Something came up or is over.</summary>
/// <param name="IsRaised">False: it has cleared.</param>
public sealed record FindingChange(StandingFinding Standing, bool IsRaised, DateTimeOffset At);
