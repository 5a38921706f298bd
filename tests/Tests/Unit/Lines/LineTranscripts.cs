using System.Text;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Lines;

/// <summary>
/// Conversations that need no waiting: all that the client says is sent at once, line by line or octet by octet, and what the server said
/// until it closed is compared line by line. "C: line" is sent with CRLF, "S: line" must come; <c>&lt;any&gt;</c> stands for anything, "M:
/// text" is a message that is there before (\n becomes a line end), "#" comments. SMTP's, where clients must wait and clocks move, are <see cref="Transcript"/>s.
/// </summary>
internal sealed class LineTranscripts(string protocol)
{
    private readonly string _folder = Path.Combine(AppContext.BaseDirectory, "Transcripts", protocol);

    /// <summary>Each file in each cut.</summary>
    public TheoryData<string, Cut> Cases()
    {
        var cases = new TheoryData<string, Cut>();
        foreach (var name in Names) foreach (var cut in Enum.GetValues<Cut>()) cases.Add(name, cut);
        return cases;
    }

    public IEnumerable<string> Names =>
        Directory.GetFiles(_folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    /// <summary>What follows the mark <paramref name="kind"/> ("C: "), in order.</summary>
    public List<string> Lines(string name, string kind) =>
        [.. File.ReadLines(Path.Combine(_folder, name + ".txt"))
            .Where(line => line.StartsWith(kind, StringComparison.Ordinal) || line == kind.TrimEnd())
                .Select(line => line.Length < 3 ? "" : line[3..])];

    /// <summary>Messages that are there before.</summary>
    public IEnumerable<string> Messages(string name) =>
        Lines(name, "M: ").Select(text => text.Replace("\\n", "\r\n", StringComparison.Ordinal));

    /// <summary>Plays the client's part; <paramref name="serve"/> is the server's, which ends when the client has gone.</summary>
    public async Task PlayAsync(string name, Cut cut, WirePair pair, Func<Task> serve)
    {
        var run = serve();
        var sent = Task.Run(() => SendAsync(pair, Lines(name, "C: "), cut), TestContext.Current.CancellationToken);
        var closed = run.ContinueWith(_ => pair.Server.DisposeAsync().AsTask(), TaskScheduler.Default).Unwrap();
        var got = (await pair.ReceiveAllAsync().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken))
            .Split("\r\n")[..^1];
        await Task.WhenAll(sent, run, closed).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        AssertSame(Lines(name, "S: "), got);
    }

    /// <summary>Commands that a tagged client was answered OK, by their names ("UID FETCH" is one of its own).</summary>
    public HashSet<string> Answered(string name)
    {
        var said = Lines(name, "C: ").Select(line => line.Split(' ', 4)).Where(words => words.Length > 1)
            .GroupBy(words => words[0], words => Command(words), StringComparer.Ordinal)
                .ToDictionary(one => one.Key, one => one.First(), StringComparer.Ordinal);
        return [.. Lines(name, "S: ").Select(line => line.Split(' ')).Where(words => words is [_, "OK", ..]).Select(words =>
            said.GetValueOrDefault(words[0])).OfType<string>()];

        static string Command(string[] words) =>
            (words[1].Equals("UID", StringComparison.OrdinalIgnoreCase) && words.Length > 2 ? $"{words[1]} {words[2]}" : words[1])
                .ToUpperInvariant();
    }

    private static async Task SendAsync(WirePair pair, List<string> lines, Cut cut)
    {
        var units = lines.Select(line => line + "\r\n");
        foreach (var unit in cut == Cut.Line ? units : [string.Concat(units)])
            await pair.SendInPiecesAsync(Encoding.UTF8.GetBytes(unit), cut == Cut.Octet ? 1 : int.MaxValue);
        await pair.FinishAsync();
    }

    private static void AssertSame(List<string> wanted, string[] got)
    {
        for (var i = 0; i < Math.Max(wanted.Count, got.Length); i++)
        {
            var w = i < wanted.Count ? wanted[i] : "(nothing)";
            var g = i < got.Length ? got[i] : "(nothing)";
            if (!Transcript.Fits(w, g)) Assert.Fail(
                $"line {i + 1}: wanted\n  {w}\ngot\n  {g}\nall:\n{string.Join('\n', got.Select(line => "S: " + line))}");
        }
    }
}
