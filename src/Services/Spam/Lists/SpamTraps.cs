using System.Collections.Frozen;
using Aviso.Base;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>
/// Addresses that no person has and nobody was ever given: who writes to them found them in a harvest. Such mail is accepted, teaches as spam for
/// everybody, counts against its source, and is delivered to nobody. What one network can teach in a day is bounded, so that who knows a trap cannot
/// spoil what was learned. Thread-safe.
/// </summary>
public sealed class SpamTraps(TimeProvider clock, ILogger log)
{
    private const int MostOfANetwork = 5;
    private const int MostOfADay = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _taught = new(StringComparer.Ordinal);
    private DateTime _day;
    private int _today;
    private volatile FrozenSet<string> _addresses = [];
    private volatile (string Before, string After)[] _patterns = [];

    /// <summary>Null: nothing is learned.</summary>
    public LearnedWords? Words { get; init; }

    public Reputation? Reputation { get; init; }

    public IEvidence? Evidence { get; init; }

    /// <summary>Addresses, or patterns with one * before the @; any case.</summary>
    public void Declare(IEnumerable<string> traps)
    {
        var all = traps.Select(Plain).ToList();
        _addresses = all.Where(t => !t.Contains('*', StringComparison.Ordinal)).ToFrozenSet(StringComparer.Ordinal);
        _patterns = [.. all.Where(t => t.Contains('*', StringComparison.Ordinal)).Select(t => (t[..t.IndexOf('*', StringComparison.Ordinal)], t[(t.IndexOf('*', StringComparison.Ordinal) + 1)..]))];
    }

    private static string Plain(string trap) => MailAddress.TryCut(trap, out var local, out var host) && DomainName.TryParse(host, out var domain)
        ? $"{local}@{domain.Ascii}".ToLowerInvariant() : trap.ToLowerInvariant();

    /// <summary>True for a trap that is named as such, in any case; the domain as A-labels.</summary>
    public bool IsNamed(string address) => _addresses.Count > 0 && _addresses.Contains(address.ToLowerInvariant());

    /// <summary>True for an address that a pattern of traps fits.</summary>
    public bool IsInPattern(string address)
    {
        foreach (var (before, after) in _patterns)
        {
            if (address.Length >= before.Length + after.Length && address.StartsWith(before, StringComparison.OrdinalIgnoreCase)
                && address.EndsWith(after, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    /// <summary>A message came to a trap. Blocks for the disk.</summary>
    /// <param name="kind">Where it came in.</param>
    public void Caught(SpamInput input, byte[] key, ListenerKind kind)
    {
        // A bounce tells that somebody used the trap as a false sender; who sends it is innocent.
        var counts = !input.IsInternal && !input.IsSubmission && !input.Sender.IsNone && input.Client is not null;
        var teaches = counts && MayTeach(Reputation.NetworkOf(input.Client!));
        log.TrapHit(input.Client?.ToString() ?? "?", teaches ? "learned" : "not learned");
        SpamMeters.Trapped(teaches);
        if (!counts) return;
        Evidence?.Report(new(kind, input.Client!, Reason.SpamTrap));
        if (!teaches) return;
        var content = new MessageContent(input);
        Words?.Learn(default, key, true, content, input.Root);
        Reputation?.Trapped(input, content);
    }

    private bool MayTeach(string network)
    {
        lock (_gate)
        {
            var day = clock.GetUtcNow().UtcDateTime.Date;
            if (day != _day)
            {
                (_day, _today) = (day, 0);
                _taught.Clear();
            }
            var before = _taught.GetValueOrDefault(network);
            if (before >= MostOfANetwork || _today >= MostOfADay) return false;
            _taught[network] = before + 1;
            _today++;
            return true;
        }
    }
}

/// <summary>SPAM_TRAP: the same message also went to a trap.</summary>
public sealed class TrapCheck : ISpamCheck
{
    private const double Points = 12;

    public string Name => "trap";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var input = context.Input;
        if (input.Traps > 0 && !input.IsInternal && !input.Sender.IsNone) context.Add("SPAM_TRAP", Points, "also went to an address that no person has");
        return default;
    }
}
