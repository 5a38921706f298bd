namespace Aviso.Sieve;

/// <summary>What a run took of its <see cref="SieveLimits"/>.</summary>
public readonly record struct SieveSpent(int Steps, long MatchWork, TimeSpan Regex, long Octets);

/// <summary>
/// What all runs over one message may take together: a message for a hundred people who all have scripts is one message. Each run has its
/// own limits too, so that one script leaves something for the next. For one run at a time.
/// </summary>
public sealed class SieveBudget
{
    // A run that takes all it may leaves as much again for everybody after it.
    private const int Runs = 2;

    private readonly TimeProvider _clock;
    private readonly long _begun;
    private readonly TimeSpan _time;
    private int _steps;
    private long _matchWork;
    private TimeSpan _regex;
    private long _octets;

    /// <param name="limits">Of one run.</param>
    /// <param name="time">From now on, for all of them.</param>
    public SieveBudget(SieveLimits limits, TimeSpan time, TimeProvider clock)
    {
        (_clock, _begun, _time) = (clock, clock.GetTimestamp(), time);
        (_steps, _matchWork) = (limits.Steps * Runs, limits.MatchWork * Runs);
        (_regex, _octets) = (limits.RegexTotal * Runs, limits.Octets * Runs);
    }

    /// <summary>Nothing more can be run.</summary>
    public bool IsSpent => _steps <= 0 || _matchWork <= 0 || _regex <= TimeSpan.Zero || _octets <= 0 || Time <= TimeSpan.Zero;

    /// <summary>What is left of the time.</summary>
    public TimeSpan Time => _time - _clock.GetElapsedTime(_begun);

    /// <summary>What the next run may take.</summary>
    public SieveLimits Of(SieveLimits limits) => limits with
    {
        Steps = Math.Min(limits.Steps, _steps),
        MatchWork = Math.Min(limits.MatchWork, _matchWork),
        RegexTotal = limits.RegexTotal < _regex ? limits.RegexTotal : _regex,
        Octets = Math.Min(limits.Octets, _octets),
    };

    public void Take(SieveSpent spent)
    {
        _steps -= spent.Steps;
        _matchWork -= spent.MatchWork;
        _regex -= spent.Regex;
        _octets -= spent.Octets;
    }
}

/// <summary>
/// Octets of texts, variables and changed messages that a run made and keeps. Ends it by an exception, so that nobody in between overlooks
/// it.
/// </summary>
internal sealed class MadeOctets(long most)
{
    private bool _ended;

    public long Taken { get; private set; }

    /// <summary>The scripts have ended: what is written down once more, from what they left, is theirs no longer.</summary>
    public void End() => _ended = true;

    /// <exception cref="SieveSpentException">More than the run may make.</exception>
    public void Take(long octets)
    {
        if ((Taken += octets) > most && !_ended)
            throw new SieveSpentException($"its texts, variables and changed messages have more than {most} octets");
    }

    /// <summary>A string, as it lies in memory.</summary>
    public string Take(string text)
    {
        Take(2L * text.Length);
        return text;
    }
}

/// <summary>A run is over a limit: its script fails and the message is kept.</summary>
internal sealed class SieveSpentException(string message) : Exception(message);
