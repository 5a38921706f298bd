using System.Globalization;
using System.Text;
using Aviso.Tests;

namespace Aviso.Bench;

/// <summary>One line of figures: lower is better unless <paramref name="HigherIsBetter"/>.</summary>
internal sealed record Row(string What, string Unit, double Aviso, double Peer, double? Owes = null, bool HigherIsBetter = false);

/// <summary>The figures of one benchmark.</summary>
internal sealed record Table(string Name, IReadOnlyList<Row> Rows)
{
    public override string ToString()
    {
        var text = new StringBuilder("| what | Aviso | Postfix + Dovecot | ratio | Aviso owes |\n|---|---|---|---|---|\n");
        foreach (var row in Rows)
        {
            var ratio = row.HigherIsBetter ? row.Aviso / row.Peer : row.Peer / row.Aviso;
            var met = row.Owes is not { } owes ? "" : (row.HigherIsBetter ? row.Aviso >= owes : row.Aviso <= owes) ? $"{Show(owes)}: met" : $"{Show(owes)}: **missed**";
            text.Append(CultureInfo.InvariantCulture, $"| {row.What} | {Show(row.Aviso)} {row.Unit} | {Show(row.Peer)} {row.Unit} | {(double.IsFinite(ratio) ? $"{ratio:0.0}x" : "")} | {met} |\n");
        }
        return text.ToString();
    }

    private static string Show(double figure) => double.IsNaN(figure) ? "-" : figure.ToString(
        figure >= 100 ? "0" : figure >= 10 ? "0.0" : figure >= 1 ? "0.00" : "0.000", CultureInfo.InvariantCulture);
}

/// <summary>docs/bench.md: every table with the command that made it.</summary>
internal static class Page
{
    public static void Write(IReadOnlyList<Table> tables)
    {
        var path = Path.Combine(Checkout.Root, "docs", "bench.md");
        var sections = File.Exists(path) ? Split(File.ReadAllText(path)) : [];
        foreach (var table in tables)
            sections[table.Name] = $"## {table.Name}\n\n`./dev bench {table.Name} --write`, {DateTimeOffset.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores\n\n{table}\n";
        File.WriteAllText(path, "# Aviso beside its peers\n\n"
            + "Both servers on the same machine, in turn, with the same load; the peers are Debian's packages. CPU is that of all processes of a\n"
            + "server; rates move with the machine, ratios and CPU per operation much less. \"Owes\" is the figure we promised.\n\n"
            + string.Concat(sections.OrderBy(section => section.Key, StringComparer.Ordinal).Select(section => section.Value)));
    }

    private static Dictionary<string, string> Split(string page) => page.Split("\n## ").Skip(1)
        .ToDictionary(section => section.Split('\n')[0], section => "## " + section.TrimEnd() + "\n\n");
}
