using System.Globalization;
using System.Text;
using Aviso.Tests;

namespace Aviso.Bench;

/// <summary>The figures of one benchmark.</summary>
/// <param name="Load">One sentence: what was done to the servers.</param>
internal sealed record Table(string Name, string Load, IReadOnlyList<Row> Rows)
{
    public int Runs { get; init; }

    /// <summary>Share of all cores that neither the servers nor the load used meanwhile, 0 to 1.</summary>
    public double Others { get; init; }

    public string Peer { get; init; } = "Postfix + Dovecot";

    public override string ToString()
    {
        var text = new StringBuilder($"| what | Aviso | {Peer} | ratio | Aviso owes |\n|---|---|---|---|---|\n");
        foreach (var row in Rows)
        {
            var ratio = row.Peer.IsThere ? string.Create(CultureInfo.InvariantCulture, $"{row.Ratio:0.0}x") : "";
            text.Append(CultureInfo.InvariantCulture,
                $"| {row.What} | {row.Aviso.Show(row.Unit)} | {row.Peer.Show(row.Unit)} | {ratio} | {row.Show(Others)} |\n");
        }
        return text.ToString();
    }
}

/// <summary>docs/bench.md: every table with the command that made it.</summary>
internal static class Page
{
    public static void Write(Table table)
    {
        var path = Path.Combine(Checkout.Root, "docs", "bench.md");
        var sections = File.Exists(path) ? Split(File.ReadAllText(path)) : [];
        sections[table.Name] =
            $"## {table.Name}\n\n{table.Load}\n`./dev bench {table.Name} --runs {table.Runs} --write`, {DateTimeOffset.UtcNow:yyyy-MM-dd}, "
            + string.Create(CultureInfo.InvariantCulture,
                $"{Environment.ProcessorCount} cores, {table.Others:P0} of them used by others meanwhile.\n\n{table}\n");
        File.WriteAllText(path, "# Aviso beside its peers\n\n"
            + "Both servers on the same machine, in turn, with the same load; the peers are Debian's packages. Figures are medians over at least three\n"
            + "runs, with the least and the most of them. CPU is that of all processes of a server; rates move with the machine, ratios and CPU per\n"
            + "operation much less. \"Owes\" is what we promised, mostly a ratio. Where others used more than 15 % of the machine there is no verdict\n"
            + "(\"not measured\"): a busy machine makes rates worse and, because commits are shared by more messages, CPU per message better.\n\n"
            + string.Concat(sections.OrderBy(section => section.Key, StringComparer.Ordinal).Select(section => section.Value)));
    }

    private static Dictionary<string, string> Split(string page) => page.Split("\n## ").Skip(1)
        .ToDictionary(section => section.Split('\n')[0], section => "## " + section.TrimEnd() + "\n\n");
}
