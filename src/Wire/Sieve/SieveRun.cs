using System.Text.RegularExpressions;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>What one script may see of variables while it runs; an included script has its own.</summary>
internal sealed class Frame(SieveScript script, Frame? caller)
{
    public readonly SieveScript Script = script;
    public readonly Frame? Caller = caller;
    public readonly int Depth = caller is null ? 0 : caller.Depth + 1;
    public readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal);
    public readonly HashSet<string> Globals = new(StringComparer.Ordinal);
    public IReadOnlyList<string> Matches = [];
}

/// <summary>One run: limits, variables, the message as it stands, and what is to happen so far.</summary>
internal sealed partial class SieveRun(SieveMessage message, ISieveHost host, SieveLimits limits, CancellationToken cancel)
{
    private readonly Dictionary<(string, Comparator), Regex> _expressions = [];
    private readonly Dictionary<string, string> _globals = new(StringComparer.Ordinal);
    private const int LongestKept = 64 * 1024;
    private const int MostKept = 64;
    private const int MostExpressions = 16;

    private readonly Dictionary<string, string> _asciiFolds = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, string> _otherFolds = new(ReferenceEqualityComparer.Instance);
    private readonly SieveLimits _given = limits;
    private int _steps = limits.Steps;

    /// <summary>What wildcards may still compare.</summary>
    public long MatchWork = limits.MatchWork;

    public SieveMessage Message { get; private set; } = message;

    public ISieveHost Host { get; } = host;

    public SieveLimits Limits { get; private set; } = limits;

    public CancellationToken Cancel { get; } = cancel;

    public MessageView View { get; private set; } = new(message, limits);

    public Frame Frame { get; private set; } = null!;

    public List<string> Trace { get; } = [];

    /// <summary>Set when the script failed: everything unwinds.</summary>
    public string? Error { get; private set; }

    public bool Failed => Error is not null;

    /// <summary>The part foreverypart is at, and where its loops are (RFC 5703 §3).</summary>
    public MimePart? Part { get; set; }

    /// <summary>The loop `break` leaves; null is the innermost.</summary>
    public string? BreakName { get; set; }

    /// <summary>Scripts included so far, for :once.</summary>
    public HashSet<string> Included { get; } = new(StringComparer.Ordinal);

    /// <summary>RFC 5232 §5: the internal variable. Included scripts and those that follow in the sequence go on with it.</summary>
    public List<string> Flags { get; set; } = [];

    /// <summary>Octets of header added so far.</summary>
    public int AddedHeader { get; set; }

    /// <summary>Loops of foreverypart that are open.</summary>
    public int Loops { get; set; }

    /// <summary>Set by the driver of test collections.</summary>
    public object? Driver { get; set; }

    /// <summary>What this run has cost so far.</summary>
    public SieveSpent Spent => new(_given.Steps - _steps, _given.MatchWork - MatchWork, _given.RegexTotal - _regexTime, View.Made.Taken);

    public bool KeepsMatches => Frame.Script.UsesVariables;

    /// <summary>Ends the script with an error at <paramref name="call"/>.</summary>
    public void Fail(Call call, string text) => Error ??= $"{Name}{call.Place}: {text}";

    public void Fail(string text) => Error ??= text;

    /// <summary>Takes steps from the budget; false, and the script fails, when it is used up.</summary>
    public bool Spend(int steps)
    {
        if ((_steps -= steps) >= 0) return !Failed;
        Fail($"{Name}it takes more than {_given.Steps} steps");
        return false;
    }

    /// <summary>For the test driver: another message is looked at from here on.</summary>
    public void Look(SieveMessage other) => (Message, View) = (other, new(other, Limits));

    /// <summary>For the test driver: other limits from here on.</summary>
    public void Limit(SieveLimits other) => Limits = other;

    /// <summary>For the test driver: the error, which no longer ends the run.</summary>
    public string? TakeError()
    {
        var error = Error;
        Error = null;
        return error;
    }

    public void Note(Call call, string text)
    {
        if (Trace.Count < Limits.TraceLines) Trace.Add(Template.Cut($"{Name}{call.Line}: {text}", 400).ReplaceLineEndings(" "));
    }

    public string At(Call call) => $"{Name}{call.Line}";

    private string Name => Frame?.Script.Name is { Length: > 0 } name ? name + ":" : "";

    public string MatchValue(int number) => number < Frame.Matches.Count ? Frame.Matches[number] : "";

    /// <summary>RFC 5229 §3.2: ${0} and what the wildcards took.</summary>
    public void SetMatches(IEnumerable<string> values)
    {
        if (KeepsMatches) Frame.Matches = [.. values.Take(1000).Select(v => Template.Cut(v, Limits.VariableLength))];
    }

    public string Variable(string space, string name)
    {
        if (space == "tst") return (Driver as TestDriver)?.Variable(name) ?? "";
        if (space.StartsWith("env", StringComparison.Ordinal)) return HostTests.Variable(this, space, name);
        return Store(space, name).GetValueOrDefault(name, "");
    }

    /// <summary>False, and the script fails, when there are too many variables.</summary>
    public bool SetVariable(Call call, string space, string name, string value)
    {
        var store = Store(space, name);
        if (store.Count >= Limits.Variables && !store.ContainsKey(name))
        {
            Fail(call, $"a script has at most {Limits.Variables} variables");
            return false;
        }
        store[name] = View.Made.Take(Template.Cut(value, Limits.VariableLength));
        return Spend(1 + (value.Length / 1024));
    }

    /// <summary>RFC 6609 §3.4.1: the name means the global variable from here on.</summary>
    public void DeclareGlobal(string name)
    {
        Frame.Variables.Remove(name);
        Frame.Globals.Add(name);
    }

    private Dictionary<string, string> Store(string space, string name) =>
        space == "global" || Frame.Globals.Contains(name) ? _globals : Frame.Variables;

    public IReadOnlyList<string> Strings(Operand? operand)
    {
        if (operand is null) return [];
        Spend(operand.Texts.Count);
        if (operand.Fixed is { } known) return known;
        var list = new string[operand.Texts.Count];
        for (var i = 0; i < list.Length; i++) list[i] = operand.Texts[i].Get(this);
        return list;
    }

    /// <summary>The text in the form it is compared in. Rules look at the same few fields: what was folded for one is kept for the
    /// next.</summary>
    public string Fold(Comparator comparator, string text)
    {
        if (comparator == Comparator.Octet || text.Length > LongestKept) return Comparators.Fold(comparator, text);
        var kept = comparator == Comparator.AsciiCasemap ? _asciiFolds : _otherFolds;
        if (kept.TryGetValue(text, out var folded)) return folded;
        folded = Comparators.Fold(comparator, text);
        if (kept.Count < MostKept) kept[text] = folded;
        return folded;
    }

    public string String(Operand operand) => operand.Texts[0].Get(this);

    public string? String(Call call, string tag) => call.Tag(tag) is { } operand ? String(operand) : null;

    /// <summary>
    /// What a regular expression finds in a text, or null; null, too, and the script fails, when the pattern is none or the run's time
    /// for all of them is over. What an expression learns while it matches may be megabytes: it lives as long as the run, few at once.
    /// </summary>
    public Match? Match(Call call, string pattern, string text)
    {
        var began = TimeProvider.System.GetTimestamp();
        if (_regexTime <= TimeSpan.Zero) Fail(call, $"regular expressions took more than {Limits.RegexTotal.TotalSeconds:0.#} s");
        if (!Spend(10 + (text.Length / 64)) || Expression(call, pattern) is not { } regex) return null;
        try
        {
            return regex.Match(text);
        }
        catch (RegexMatchTimeoutException)
        {
            Fail(call, "a regular expression took too long");
            return null;
        }
        finally
        {
            _regexTime -= TimeProvider.System.GetElapsedTime(began);
        }
    }

    private TimeSpan _regexTime = limits.RegexTotal;

    private Regex? Expression(Call call, string pattern)
    {
        var key = (pattern, call.Match.Comparator);
        if (_expressions.TryGetValue(key, out var known)) return known;
        if (!Spend(100 + pattern.Length)) return null;
        var regex = RegexSyntax.Compile(pattern, call.Match.Comparator != Comparator.Octet, Limits.Regex, out var wrong);
        if (regex is null) Fail(call, wrong);
        else
        {
            if (_expressions.Count >= MostExpressions) _expressions.Clear();
            _expressions[key] = regex;
        }
        return regex;
    }

    public Matcher Matcher(Call call, Operand keys)
    {
        if (call.Keys is null) return new(this, call, new([.. Strings(keys)], call.Match));
        Spend(keys.Texts.Count);
        return new(this, call, call.Keys);
    }

    /// <summary>Runs a whole script with variables of its own.</summary>
    public async ValueTask<Flow> RunScriptAsync(SieveScript script, Call? include)
    {
        var (caller, part) = (Frame, Part);
        if (include is not null && !await EnterAsync(include)) return Flow.Stop;
        Frame = new(script, caller);
        Part = null;
        var isPart = include is not null && part is not null && part != View.Root;
        if (isPart) Enter(part!);
        var flow = await BlockAsync(script.Commands);
        if (isPart) Leave();
        // The outermost frame stays: its name goes into messages about an error.
        if (!Failed && include is not null) (Frame, Part) = (caller!, part);
        return flow;
    }

    // Where a script is included in a loop over parts: the message around, the part, and the part as a message.
    private readonly Stack<(MessageView Around, MimePart Part, MessageView Inner)> _views = [];

    private void Enter(MimePart part)
    {
        var inner = View.Of(part);
        _views.Push((View, part, inner));
        View = inner;
    }

    private void Leave()
    {
        var (around, part, inner) = _views.Pop();
        if (!Failed) around.Return(part, inner);
        View = around;
    }

    /// <summary>The message that actions are about, with what included scripts edited in its parts so far.</summary>
    public MessageView Whole
    {
        get
        {
            var whole = View;
            foreach (var (around, part, inner) in _views)
            {
                around.Return(part, inner);
                whole = around;
            }
            return whole;
        }
    }

    private ValueTask<bool> EnterAsync(Call include)
    {
        if (++_includes > Limits.Includes) Fail(include, $"more than {Limits.Includes} includes");
        else if (Frame.Depth + 1 > Limits.IncludeDepth) Fail(include, $"scripts include one another more than {Limits.IncludeDepth} deep");
        return new(!Failed);
    }

    private int _includes;

    public async ValueTask<Flow> BlockAsync(Call[] block)
    {
        foreach (var call in block)
        {
            if (!Spend(1) || Cancel.IsCancellationRequested)
            {
                Fail("it ran out of time");
                return Flow.Stop;
            }
            var flow = call.Branches.Count > 0 ? await IfAsync(call) : call.Spec.Run is { } act ? await act(this, call) : await TestAsCommandAsync(call);
            if (Failed) return Flow.Stop;
            if (flow != Flow.Next) return flow;
        }
        return Flow.Next;
    }

    private async ValueTask<Flow> TestAsCommandAsync(Call call)
    {
        if (!await TestAsync(call)) Fail(call, $"`{call.Spec.Name}` has nothing to show");
        return Flow.Next;
    }

    private async ValueTask<Flow> IfAsync(Call call)
    {
        foreach (var (test, block) in call.Branches)
        {
            if (test is not null && !await TestAsync(test)) continue;
            if (Failed) return Flow.Stop;
            if (test is not null) Note(test, $"`{test.Spec.Name}` is true");
            return await BlockAsync(block);
        }
        return Flow.Next;
    }

    /// <summary>False also when the script failed.</summary>
    public async ValueTask<bool> TestAsync(Call test)
    {
        if (!Spend(1)) return false;
        var holds = test.Constant ?? await test.Spec.Test!(this, test);
        return holds && !Failed;
    }
}
