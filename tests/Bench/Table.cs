using System.Globalization;
using System.Text;
using Aviso.Tests;

namespace Aviso.Bench;

/// <summary>One line of figures: lower is better unless <paramref name="HigherIsBetter"/>.</summary>
internal sealed record Row(string What, string Unit, double Aviso, double Peer, double? Owes = null, bool HigherIsBetter = false);

/// <summary>The figures of one benchmark.</summary>
/// <param name="Load">One sentence: what was done to the servers.</param>
internal sealed record Table(string Name, string Load, IReadOnlyList<Row> Rows)
{
    /// <summary>Above this share of all cores used by others, CPU and rates say little: batches grow and CPU an operation falls.</summary>
    public const double QuietShare = 0.15;

    public int Runs { get; init; }

    /// <summary>Share of all cores that neither the servers nor the load used meanwhile, 0 to 1.</summary>
    public double Others { get; init; }

    public string Peer { get; init; } = "Postfix + Dovecot";

    private string Doubt => Others > QuietShare ? " (busy machine)" : "";

    public override string ToString()
    {
        var text = new StringBuilder($"| what | Aviso | {Peer} | ratio | Aviso owes |\n|---|---|---|---|---|\n");
        foreach (var row in Rows)
        {
            var ratio = row.HigherIsBetter ? row.Aviso / row.Peer : row.Peer / row.Aviso;
            var met = row.Owes is not { } owes ? "" : $"{Show(owes)}: {((row.HigherIsBetter ? row.Aviso >= owes : row.Aviso <= owes) ? "met" : "**missed**")}{Doubt}";
            text.Append(CultureInfo.InvariantCulture, $"| {row.What} | {Figure(row.Aviso, row.Unit)} | {Figure(row.Peer, row.Unit)} | {(double.IsFinite(ratio) ? $"{ratio:0.0}x" : "")} | {met} |\n");
        }
        return text.ToString();
    }

    private static string Figure(double figure, string unit) => double.IsNaN(figure) ? "" : $"{Show(figure)} {unit}";

    private static string Show(double figure) => figure.ToString(
        figure >= 100 ? "0" : figure >= 10 ? "0.0" : figure >= 1 ? "0.00" : "0.000", CultureInfo.InvariantCulture);
}

/// <summary>docs/bench.md: every table with the command that made it.</summary>
internal static class Page
{
    public static void Write(Table table)
    {
        var path = Path.Combine(Checkout.Root, "docs", "bench.md");
        var sections = File.Exists(path) ? Split(File.ReadAllText(path)) : [];
        sections[table.Name] = $"## {table.Name}\n\n{table.Load}\n`./dev bench {table.Name} --runs {table.Runs} --write`, {DateTimeOffset.UtcNow:yyyy-MM-dd}, "
            + string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {table.Others:P0} of them used by others meanwhile.\n\n{table}\n");
        File.WriteAllText(path, "# Aviso beside its peers\n\n"
            + "Both servers on the same machine, in turn, with the same load; the peers are Debian's packages. Figures are medians over the runs. CPU\n"
            + "is that of all processes of a server; rates move with the machine, ratios and CPU per operation much less. \"Owes\" is the figure we\n"
            + "promised. Where others used more than 15 % of the machine the verdict says so: a busy machine makes rates worse and, because commits\n"
            + "are shared by more messages, CPU per message better.\n\n"
            + string.Concat(sections.OrderBy(section => section.Key, StringComparer.Ordinal).Select(section => section.Value)));
    }

    private static Dictionary<string, string> Split(string page) => page.Split("\n## ").Skip(1)
        .ToDictionary(section => section.Split('\n')[0], section => "## " + section.TrimEnd() + "\n\n");
}
