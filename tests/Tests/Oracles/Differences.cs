using System.IO.Enumeration;
using Xunit;

namespace Aviso.Tests.Oracles;

/// <summary>
/// The table differences.txt: message | fields | who is right | where it is written | why. Names may have * in them. A difference that has no line is a
/// finding; so is a line that no difference needs any more.
/// </summary>
internal sealed class Differences
{
    private readonly List<(string Message, string[] Fields, string Line)> _lines;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly List<string> _found = [];

    /// <param name="suites">The lines of messages in these suites.</param>
    public Differences(params string[] suites)
        : this("differences.txt", suites)
    {
    }

    public static Differences In(string table, params string[] suites) => new(table, suites);

    private Differences(string table, string[] suites)
    {
        var path = Path.Combine(Checkout.Root, "tests", "Tests", "Oracles", table);
        _lines = [.. File.ReadAllLines(path).Where(l => l.Length > 0 && l[0] != '#').Select(Read).Where(l => suites.Contains(l.Message.Split('/')[0]))];
    }

    /// <summary>Notes that the two readers differ.</summary>
    public void Add(string message, string field, string ours, string theirs)
    {
        var line = _lines.Find(l => FileSystemName.MatchesSimpleExpression(l.Message, message)
            && Array.Exists(l.Fields, f => FileSystemName.MatchesSimpleExpression(f, field.TrimEnd())));
        if (line.Line is null) _found.Add($"{message} | {field}\n    ours   {Shown(ours)}\n    theirs {Shown(theirs)}");
        else _used.Add(line.Line);
    }

    public void MustBeArgued()
    {
        var left = _lines.Select(l => l.Line).Where(l => !_used.Contains(l)).ToList();
        Assert.True(_found.Count == 0 && left.Count == 0, $"{_found.Count} differences that nobody argued:\n{string.Join('\n', _found)}\n"
            + $"{left.Count} lines without a difference:\n{string.Join('\n', left)}");
    }

    private static (string Message, string[] Fields, string Line) Read(string line)
    {
        var cells = line.Split(" | ");
        Assert.True(cells is [_, _, "ours" or "theirs" or "neither", { Length: > 3 }, { Length: > 5 }], $"not message | fields | who | where | why: {line}");
        return (cells[0], cells[1].Split("; "), line);
    }

    private static string Shown(string text)
    {
        var line = text.ReplaceLineEndings("\\n");
        return line.Length > 200 ? line[..200] + "..." : line;
    }
}
