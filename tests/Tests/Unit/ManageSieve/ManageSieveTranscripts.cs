using System.Text;
using System.Text.RegularExpressions;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.ManageSieve;

/// <summary>
/// Runs Transcripts/ManageSieve/*.txt. "C: line" is sent with CRLF, "S: line" must come; <c>&lt;any&gt;</c> stands for anything, "#" comments.
/// All lines from the client are sent at once, line by line or octet by octet.
/// </summary>
public sealed class ManageSieveTranscripts
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Transcripts", "ManageSieve");

    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var file in Directory.GetFiles(Folder, "*.txt").Order(StringComparer.Ordinal))
        {
            foreach (var piece in new[] { int.MaxValue, 0, 1 }) cases.Add(Path.GetFileNameWithoutExtension(file), piece);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Transcript_runs(string name, int piece)
    {
        var script = await File.ReadAllLinesAsync(Path.Combine(Folder, name + ".txt"), TestContext.Current.CancellationToken);
        await using var host = await ManageSieveHost.StartAsync();
        await using var pair = ManageSieveHost.Connect(cleartext: name != "clear", tls: name == "clear");
        var run = host.Server.RunAsync(pair.Server);
        var sent = Task.Run(() => SendAsync(pair, Lines(script, "C: ").Select(l => l + "\r\n").ToList(), piece), TestContext.Current.CancellationToken);
        var closed = run.ContinueWith(_ => pair.Server.DisposeAsync().AsTask(), TaskScheduler.Default).Unwrap();
        var got = (await pair.ReceiveAllAsync()).Split("\r\n")[..^1];
        await sent;
        await run;
        await closed;
        AssertSame(Lines(script, "S: ").ToList(), got);
    }

    private static async Task SendAsync(WirePair pair, List<string> lines, int piece)
    {
        var units = piece == 0 ? lines : [string.Concat(lines)];
        foreach (var unit in units) await pair.SendInPiecesAsync(Encoding.UTF8.GetBytes(unit), piece == 1 ? 1 : int.MaxValue);
        await pair.FinishAsync();
    }

    private static IEnumerable<string> Lines(string[] script, string kind) =>
        script.Where(l => l.StartsWith(kind, StringComparison.Ordinal) || l == kind.TrimEnd()).Select(l => l.Length < 3 ? "" : l[3..]);

    private static void AssertSame(List<string> wanted, string[] got)
    {
        for (var i = 0; i < Math.Max(wanted.Count, got.Length); i++)
        {
            var w = i < wanted.Count ? wanted[i] : "(nothing)";
            var g = i < got.Length ? got[i] : "(nothing)";
            var pattern = "^" + Regex.Escape(w).Replace("<any>", ".*", StringComparison.Ordinal) + "$";
            if (!Regex.IsMatch(g, pattern, RegexOptions.Singleline))
                Assert.Fail($"line {i + 1}: wanted\n  {w}\ngot\n  {g}\nall:\n{string.Join('\n', got.Select(l => "S: " + l))}");
        }
    }
}
