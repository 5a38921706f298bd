using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Aviso.Tests.System.Prometheus;

/// <summary>What is shipped for Prometheus and Grafana: promtool judges the rules, and every metric they name is one that the server
/// has.</summary>
public sealed partial class RulesTests
{
    private static readonly string Shipped = Path.Combine(Checkout.Root, "deploy", "prometheus"),
        Board = Path.Combine(Checkout.Root, "deploy", "grafana", "aviso.json");

    [Fact]
    public async Task Every_rule_fires_on_what_it_is_about_and_passes()
    {
        var promtool = Tool.Find("promtool", "prometheus");
        var folder = Directory.CreateTempSubdirectory("aviso-rules-").FullName;
        foreach (var file in (string[])[Path.Combine(Shipped, "aviso.rules.yml"),
            Path.Combine(Checkout.Root, "tests", "Tests.System", "Prometheus", "aviso.rules.test.yml")])
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        (await Tool.RunAsync(promtool, ["check", "rules", "aviso.rules.yml"], folder: folder)).MustSucceed();
        (await Tool.RunAsync(promtool, ["test", "rules", "aviso.rules.test.yml"], folder: folder)).MustSucceed();
        var tested = await File.ReadAllTextAsync(Path.Combine(folder, "aviso.rules.test.yml"));
        var rules = await File.ReadAllTextAsync(Path.Combine(folder, "aviso.rules.yml"));
        Assert.All(Alerts().Matches(rules), alert => Assert.Contains(alert.Groups[1].Value, tested, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rules_and_board_name_metrics_that_the_server_has()
    {
        var copies = Directory.CreateTempSubdirectory("aviso-copies-").FullName;
        await using var server = await AvisoServer.StartAsync("probe: { every: 1h, account: alice@example.test }\n"
            + $"backup: {{ targets: [ {{ name: disk, folder: {copies} }} ], key: {new string('0', 64)}, drill: 7d }}");
        var page = "";
        await Patience.UntilAsync(
            async () => (page = (await server.PageAsync("/metrics")).Text).Contains("aviso_backup_copied", StringComparison.Ordinal),
            "the first backup arrives");
        var there = Types().Matches(page).Select(m => m.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var lint = await Tool.RunAsync(Tool.Find("promtool", "prometheus"), ["check", "metrics"], input: page);
        Assert.True(lint.ExitCode != 1, lint.Error);
        var rules = await File.ReadAllTextAsync(Path.Combine(Shipped, "aviso.rules.yml"));
        using var board = JsonDocument.Parse(await File.ReadAllTextAsync(Board));
        var asked = board.RootElement.GetProperty("panels").EnumerateArray().SelectMany(p => p.GetProperty("targets").EnumerateArray())
            .Select(t => t.GetProperty("expr").GetString()!).ToList();
        Assert.NotEmpty(asked);
        var named = Names().Matches(string.Join('\n', Expressions().Matches(rules).Select(m => m.Value)) + "\n" + string.Join('\n', asked))
            .Select(m => Suffix().Replace(m.Value, "")).Distinct().ToList();
        Assert.True(named.Count > 15, string.Join(' ', named));
        Assert.Empty(named.Where(n => !there.Contains(n)));
        var rows = string.Join(", ", asked.Select(a => $"{{ record: x, expr: {JsonSerializer.Serialize(a)} }}"));
        var file = Path.Combine(server.Folder, "board.yml");
        await File.WriteAllTextAsync(file, $"groups: [ {{ name: board, rules: [ {rows} ] }} ]");
        var checkedBoard = await Tool.RunAsync(Tool.Find("promtool", "prometheus"), ["check", "rules", "--lint=none", file]);
        Assert.True(checkedBoard.ExitCode == 0, checkedBoard.Error + checkedBoard.Output);
    }

    [GeneratedRegex(@"alert: (\w+)")]
    private static partial Regex Alerts();

    [GeneratedRegex(@"^ +expr: .*$", RegexOptions.Multiline)]
    private static partial Regex Expressions();

    [GeneratedRegex(@"^# TYPE (\w+)", RegexOptions.Multiline)]
    private static partial Regex Types();

    [GeneratedRegex(@"\b(?:aviso|email|process)_\w+")]
    private static partial Regex Names();

    [GeneratedRegex(@"(?<=_seconds|_bytes|_octets|_size)_(?:bucket|sum|count)$")]
    private static partial Regex Suffix();
}
