using Aviso.Base;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>
/// One message on its way through the checks: the findings so far, and what several checks need of the message, made once when it is
/// first asked for. Safe to use from several checks at once.
/// </summary>
public sealed class SpamContext(SpamInput input, DateTimeOffset now, IReadOnlyDictionary<string, double>? scores = null)
{
    /// <summary>More symbols than this are left out: a broken rule can not fill a header.</summary>
    public const int MostSymbols = 200;

    /// <summary>The symbol of what was not looked at because it would cost more than one message may.</summary>
    public const string LimitSymbol = "LIMIT_HIT";

    private readonly Lock _gate = new();
    private readonly List<SpamSymbol> _symbols = new(16);
    private Dictionary<AccountId, List<SpamSymbol>>? _accountSymbols;
    private MessageContent? _content;
    private WorkBudget? _work;
    private HashSet<string>? _marks;
    private List<string>? _skipped;
    private List<string>? _owed;
    private bool _closed;

    public SpamInput Input => input;

    public DateTimeOffset Now => now;

    /// <summary>Makes the budget of this message when it is first asked for.</summary>
    internal Func<WorkBudget> MakeWork { get; init; } = WorkBudget.Once;

    /// <summary>What all checks together may spend on what is packed in the message; it begins when it is first asked for.</summary>
    public WorkBudget Work
    {
        get
        {
            lock (_gate) return _work ??= MakeWork();
        }
    }

    /// <summary>Header, texts, links, attachments: see there.</summary>
    public MessageContent Content
    {
        get
        {
            if (_content is { } made) return made;
            lock (_gate) return _content ??= new MessageContent(input);
        }
    }

    /// <summary>A copy of the symbols so far.</summary>
    public IReadOnlyList<SpamSymbol> Symbols
    {
        get
        {
            lock (_gate) return [.. _symbols];
        }
    }

    /// <summary>The sum of the symbols so far, without those of single accounts.</summary>
    public double Score
    {
        get
        {
            lock (_gate)
            {
                var score = 0.0;
                foreach (var symbol in _symbols) score += symbol.Score;
                return score;
            }
        }
    }

    /// <summary>An action asked for whatever the score is; the highest wins.</summary>
    public SpamAction Asked { get; private set; }

    /// <summary>Why <see cref="Asked"/>.</summary>
    public string AskedReason { get; private set; } = "";

    /// <summary>A finding; a second one of the same name only counts when it scores more.</summary>
    public void Add(string name, double score, string reason)
    {
        lock (_gate)
        {
            if (_closed) return;
            Put(_symbols, new(name, ScoreOf(name, score), Clean(reason)));
        }
    }

    /// <summary>Something was not looked at because it is too much: that counts, or a limit would be a way around the checks.</summary>
    /// <param name="score">Less where ordinary mail does it too.</param>
    public void LimitHit(string reason, double score = 1) => Add(LimitSymbol, score, reason);

    /// <summary>Notes something for expressions (<see cref="Has"/>) that is no finding of its own.</summary>
    public void Mark(string name)
    {
        lock (_gate) (_marks ??= new(StringComparer.Ordinal)).Add(name);
    }

    /// <summary>A finding that only counts for <paramref name="account"/>.</summary>
    public void AddFor(AccountId account, string name, double score, string reason)
    {
        lock (_gate)
        {
            if (_closed) return;
            _accountSymbols ??= [];
            if (!_accountSymbols.TryGetValue(account, out var list)) _accountSymbols[account] = list = [];
            Put(list, new(name, ScoreOf(name, score), Clean(reason)));
        }
    }

    /// <summary>Part of a check was not done: it is named in the verdict, such as "zen.spamhaus.org (timeout)". Events and counts are the
    /// check's own.</summary>
    public void Skip(string what, string why)
    {
        lock (_gate)
        {
            if (!_closed) (_skipped ??= []).Add($"{what} ({why})");
        }
    }

    /// <summary>The message is not taken before <paramref name="check"/> has said something of it.</summary>
    internal void Owe(string check)
    {
        lock (_gate) (_owed ??= []).Add(check);
    }

    /// <summary>What <paramref name="check"/> owed the message is said: a finding, or that it will never look at this one.</summary>
    public void Answered(string check)
    {
        lock (_gate)
        {
            if (!_closed) _owed?.Remove(check);
        }
    }

    /// <summary>Who owes an answer still.</summary>
    public IReadOnlyList<string> Owed
    {
        get
        {
            lock (_gate) return _owed is null ? [] : [.. _owed];
        }
    }

    /// <summary>A scanner looked at the message; "" when it found nothing.</summary>
    public void VirusScanned(string virus)
    {
        lock (_gate)
        {
            if (!_closed) Virus = virus;
        }
    }

    /// <summary>The name of a virus, "" when a scanner found none, null when none looked.</summary>
    public string? Virus { get; private set; }

    /// <summary>What <see cref="Skip"/> was told.</summary>
    public IReadOnlyList<string> Skipped
    {
        get
        {
            lock (_gate) return _skipped is null ? [] : [.. _skipped];
        }
    }

    public bool Has(string name)
    {
        lock (_gate)
        {
            foreach (var symbol in _symbols)
            {
                if (symbol.Name == name) return true;
            }
            return _marks is not null && _marks.Contains(name);
        }
    }

    /// <summary>Asks for an action whatever the score is.</summary>
    public void Ask(SpamAction action, string reason)
    {
        lock (_gate)
        {
            if (_closed || action <= Asked) return;
            (Asked, AskedReason) = (action, Clean(reason));
        }
    }

    /// <summary>The verdict is made: what late checks still find is thrown away.</summary>
    internal (IReadOnlyList<SpamSymbol> Symbols, IReadOnlyDictionary<AccountId, IReadOnlyList<SpamSymbol>>? PerAccount) Close()
    {
        lock (_gate)
        {
            _closed = true;
            return (_symbols, _accountSymbols?.ToDictionary(p => p.Key, p => (IReadOnlyList<SpamSymbol>)p.Value));
        }
    }

    // The administrator's rules file may give our symbols other scores.
    private double ScoreOf(string name, double score) => scores is not null && scores.TryGetValue(name, out var own) ? own : score;

    private static void Put(List<SpamSymbol> list, SpamSymbol symbol)
    {
        var at = list.FindIndex(s => s.Name == symbol.Name);
        if (at < 0 && list.Count < MostSymbols) list.Add(symbol);
        else if (at >= 0 && Math.Abs(symbol.Score) > Math.Abs(list[at].Score)) list[at] = symbol;
    }

    // Reasons go to headers of reports, logs and terminals.
    private static string Clean(string reason)
    {
        if (reason.Length > 200) reason = reason[..200];
        return reason.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 && !reason.Contains('\x7f', StringComparison.Ordinal) ? reason
            : string.Create(reason.Length, reason, static (into, from) =>
            {
                for (var i = 0; i < into.Length; i++) into[i] = char.IsControl(from[i]) ? ' ' : from[i];
            });
    }
}
