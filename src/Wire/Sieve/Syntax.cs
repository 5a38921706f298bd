namespace Aviso.Sieve;

/// <summary>One argument as written. <see cref="At"/> is the offset of its first character in the script.</summary>
internal readonly record struct Argument(ArgumentKind Kind, int At, string Text, long Number, IReadOnlyList<Literal>? Strings)
{
    public static Argument Tag(int at, string name) => new(ArgumentKind.Tag, at, name, 0, null);

    public static Argument Of(int at, long number) => new(ArgumentKind.Number, at, "", number, null);

    public static Argument Of(int at, IReadOnlyList<Literal> strings, bool isList) =>
        new(isList ? ArgumentKind.Strings : ArgumentKind.String, at, "", 0, strings);
}

/// <summary>A string as written: line ends are CRLF, escapes undone, nothing substituted.</summary>
internal readonly record struct Literal(string Text, int At);

internal enum ArgumentKind
{
    Tag, Number, String, Strings,
}

/// <summary>A command or test as written (RFC 5228 §8.2): name, arguments, tests, block.</summary>
internal sealed class Phrase(string name, int at)
{
    /// <summary>Lower case.</summary>
    public readonly string Name = name;
    public readonly int At = at;
    public readonly List<Argument> Arguments = [];
    public readonly List<Phrase> Tests = [];

    /// <summary>Tests stood in parentheses.</summary>
    public bool IsTestList;

    /// <summary>Its grammar is wrong and that was said: what else is wrong with it may follow from that. Its block is what it is.</summary>
    public bool IsBroken;

    /// <summary>Null when the command ended with ";".</summary>
    public List<Phrase>? Block;
}

/// <summary>Collects problems by offset and gives them lines and columns.</summary>
internal sealed class Problems(string text, int most)
{
    private readonly List<int> _lines = LineStarts(text);

    public List<SieveProblem> Errors { get; } = [];

    public List<SieveProblem> Warnings { get; } = [];

    public bool IsFull => Errors.Count >= most;

    public void Error(int at, string message)
    {
        if (!IsFull) Errors.Add(Place(at, message));
    }

    public void Warn(int at, string message)
    {
        if (Warnings.Count < most) Warnings.Add(Place(at, message));
    }

    public (int Line, int Column) Of(int at)
    {
        var line = _lines.BinarySearch(at);
        if (line < 0) line = ~line - 1;
        return (line + 1, at - _lines[line] + 1);
    }

    private SieveProblem Place(int at, string message)
    {
        var (line, column) = Of(at);
        return new(line, column, message);
    }

    private static List<int> LineStarts(string text)
    {
        var starts = new List<int> { 0 };
        for (var at = text.IndexOf('\n', StringComparison.Ordinal); at >= 0; at = text.IndexOf('\n', at + 1)) starts.Add(at + 1);
        return starts;
    }
}
