using System.Text.Json.Nodes;
using Aviso.Verbs;
using Spectre.Console;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>The picture of `aviso top`, of looks that are given.</summary>
public sealed class TopTests
{
    private static JsonNode Look(string at = "2026-11-30T10:00:00.000Z", double cpu = 360, int findings = 2) => JsonNode.Parse($$"""
        {
          "at": "{{at}}", "hostname": "mail.example.org", "version": "1.2.3",
          "sessions": [ { "kind": "smtp", "open": 4 }, { "kind": "imaps", "open": 1200 } ],
          "queue": { "messages": 3, "recipients": 5, "deferred": 2, "held": 1, "oldest_seconds": 7200 },
          "rates": [
            { "what": "accepted", "second": 12, "minute": 345, "total": 67890 },
            { "what": "refused", "second": 0, "minute": 1, "total": 2 } ],
          "verdicts": [ { "word": "accept", "count": 60000 }, { "word": "tag", "count": 7 } ],
          "refusals": [],
          "process": { "id": 42, "started": "2026-11-30T09:00:00.000Z", "cpu_seconds": {{cpu}}, "cores": 2,
            "resident": 104857600, "heap": 20971520 },
          "disk": { "total": 21474836480, "free": 16106127360 },
          "findings": [
            { "severity": "error", "code": "disk-full", "says": "the disk is [full]\u001b[2J", "acknowledged": false },
            { "severity": "warning", "code": "queue-old", "says": "mail waits", "acknowledged": true } ],
          "findings_count": {{findings}}
        }
        """)!;

    private static string[] Print(JsonNode look)
    {
        var output = new StringWriter();
        TopVerb.Print(output, look);
        return [.. output.ToString().Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0)];
    }

    private static string[] Cells(string line) => line.Split((char[])[' ', '│', '|'], StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void The_picture_shows_everything_that_moves()
    {
        var lines = Print(Look());
        Assert.Equal("mail.example.org  Aviso 1.2.3  up 60 minutes  2026-11-30 10:00:00Z", lines[0]);
        Assert.Equal("cpu 10 % since the start of 2 cores  memory 100 MB (heap 20 MB)  disk 15 GB free of 20 GB", lines[1]);
        Assert.Equal("queue     3 messages, 5 recipients: 2 deferred, 1 held; oldest 2 hours", lines[2]);
        Assert.Contains(lines, l => Cells(l) is ["accepted", "12", "345", "67,890"]);
        Assert.Contains(lines, l => Cells(l) is ["refused", "0", "1", "2"]);
        Assert.Contains("sessions  smtp 4  imaps 1,200", lines);
        Assert.Contains("verdicts  accept 60,000  tag 7", lines);
        Assert.Contains("refused   none", lines);
        Assert.Equal("ERROR       disk-full: the disk is [full] [2J", lines[^2]);
        Assert.Equal("WARNING     queue-old: mail waits (acknowledged)", lines[^1]);
        Assert.DoesNotContain(lines, l => l.Contains('\u001b'));
    }

    [Fact]
    public void An_empty_server_is_drawn_too()
    {
        var lines = Print(JsonNode.Parse("""{ "hostname": "mail.example.org", "findings": [] }""")!);
        Assert.Contains("queue     empty", lines);
        Assert.Equal("findings  none stands", lines[^1]);
    }

    [Fact]
    public void What_has_no_place_at_the_foot_is_counted() => Assert.Equal("and 28 more: `aviso doctor`", Print(Look(findings: 30))[^1]);

    [Fact]
    public void The_processor_is_measured_between_two_looks()
    {
        var (output, later) = (new StringWriter(), Look("2026-11-30T10:00:02.000Z", 361));
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 160;
        console.Write(TopPicture.Draw(later, Look()));
        Assert.Contains("cpu 50 % of 2 cores", output.ToString(), StringComparison.Ordinal);
        // Another process has another time.
        var restarted = Look("2026-11-30T10:00:04.000Z", 36);
        restarted["process"]!["id"] = 43;
        console.Write(TopPicture.Draw(restarted, later));
        Assert.Contains("cpu 1 % since the start of 2 cores", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_it_says_so()
    {
        var folder = Directory.CreateTempSubdirectory("aviso-top-").FullName;
        var config = Path.Combine(folder, "aviso.yaml");
        await File.WriteAllTextAsync(config, $"data: {folder}\n", TestContext.Current.CancellationToken);
        var errors = new StringWriter();
        string[] args = ["top", "--config", config];
        Assert.Equal(3, await CommandTree.RunAsync(args, new StringWriter(), errors, TestContext.Current.CancellationToken));
        Assert.Contains("no server runs", errors.ToString(), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
