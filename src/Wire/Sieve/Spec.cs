namespace Aviso.Sieve;

/// <summary>What comes after a command: the next, or the end of the script, of the included script, of the loop.</summary>
internal enum Flow
{
    Next, Stop, Return, Break,
}

/// <summary>What a positional argument, or the argument of a tag, is.</summary>
internal enum Wants
{
    Nothing, Number, String, Strings,
}

/// <summary>Tests a command or test has after its arguments.</summary>
internal enum Inner
{
    None, One, Many,
}

internal delegate ValueTask<Flow> CommandHandler(SieveRun run, Call call);

internal delegate ValueTask<bool> TestHandler(SieveRun run, Call call);

/// <summary>A tag (RFC 5228 §2.6.2). Of one <see cref="Group"/> a call has one tag at most.</summary>
internal sealed record TagSpec(string Name, Wants Takes = Wants.Nothing, string? Requires = null, string? Group = null);

/// <summary>What may stand in a call of a command or test, and what it does.</summary>
internal sealed record Spec(string Name, string? Requires = null)
{
    /// <summary>Another extension that brings the same command.</summary>
    public string? OrRequires { get; init; }

    public Wants[] Positional { get; init; } = [];

    /// <summary>How many positional arguments may be left out, from the left (from the right with <see cref="OptionalLast"/>).</summary>
    public int Optional { get; init; }

    public bool OptionalLast { get; init; }

    public TagSpec[] Tags { get; init; } = [];

    /// <summary>Takes comparator and match type (RFC 5228 §2.7).</summary>
    public bool Matches { get; init; }

    /// <summary>Takes :all, :localpart, :domain and their like.</summary>
    public bool AddressParts { get; init; }

    public Inner Inner { get; init; }

    public bool HasBlock { get; init; }

    /// <summary>For a command.</summary>
    public CommandHandler? Run { get; init; }

    /// <summary>For a test.</summary>
    public TestHandler? Test { get; init; }

    /// <summary>What else can be said against a call before it runs.</summary>
    public Action<Checker, Call>? Check { get; init; }

    public bool IsTest => Run is null;
}

/// <summary>An argument ready to be evaluated.</summary>
internal sealed class Operand(int at, long number, IReadOnlyList<Template>? texts)
{
    public readonly int At = at;
    public readonly long Number = number;
    public readonly IReadOnlyList<Template> Texts = texts ?? [];

    /// <summary>All strings, when none of them needs a run; else null.</summary>
    public readonly string[]? Fixed = texts is not null && texts.All(t => t.Constant is not null)
        ? [.. texts.Select(t => t.Constant!)] : null;

    /// <summary>The strings that need no run.</summary>
    public IEnumerable<Template> Constants => Texts.Where(t => t.Constant is not null);
}

/// <summary>One compiled command or test.</summary>
internal sealed class Call(Spec spec, int at, int line, int column)
{
    public readonly Spec Spec = spec;
    public readonly int At = at;
    public readonly int Line = line;
    public readonly int Column = column;
    public readonly Dictionary<string, Operand> Tags = new(StringComparer.Ordinal);
    public Operand?[] Positional = [];
    public Call[] Tests = [];

    /// <summary>The block; empty when there is none.</summary>
    public Call[] Block = [];

    /// <summary>For `if`: its branches; a branch without test is `else`.</summary>
    public readonly List<(Call? Test, Call[] Block)> Branches = [];

    /// <summary>For `if`: a branch always runs because of what is there (RFC 5463), so none behind it does.</summary>
    public bool IsDecided;

    public MatchRule Match = MatchRule.Default;
    public AddressPart Part;

    /// <summary>Known when compiled (true, false, ihave).</summary>
    public bool? Constant;

    /// <summary>The constant holds because an extension is there or is not (RFC 5463).</summary>
    public bool IsIhave;

    /// <summary>The keys of a comparison when they are constant.</summary>
    public MatchKeys? Keys;

    public bool Has(string tag) => Tags.ContainsKey(tag);

    public Operand? Tag(string tag) => Tags.GetValueOrDefault(tag);

    /// <summary>Where an error points: line and column.</summary>
    public string Place => $"{Line}:{Column}";
}
