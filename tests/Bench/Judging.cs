using System.Globalization;
using System.Text.Json.Nodes;

namespace Aviso.Bench;

/// <summary>A measurement that says nothing: a server that failed, or delivered nothing. It ends the run; there is no table.</summary>
internal sealed class BenchFailedException(string message) : Exception(message);

/// <summary>One figure over its runs: the median with the least and the most.</summary>
internal readonly record struct Figure(double Median, double Least, double Most, int Runs)
{
    /// <summary>Runs below which the spread says nothing.</summary>
    public const int FewestRuns = 3;

    /// <summary>What nobody measured: no peer does this.</summary>
    public static readonly Figure None = new(double.NaN, double.NaN, double.NaN, 0);

    public bool IsThere => Runs > 0;

    public static Figure Of(IEnumerable<double> runs)
    {
        var sorted = runs.Order().ToArray();
        return sorted.Length == 0
            ? None : new((sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2, sorted[0], sorted[^1], sorted.Length);
    }

    public string Show(string unit)
    {
        if (!IsThere) return "";
        return Runs == 1 ? $"{Text(Median)} {unit}" : $"{Text(Median)} {unit} ({Text(Least)} to {Text(Most)})";
    }

    public static string Text(double figure) => figure.ToString(
        figure >= 100 ? "0" : figure >= 10 ? "0.0" : figure >= 1 ? "0.00" : "0.000", CultureInfo.InvariantCulture);
}

/// <summary>What we promised: so many times better than the peer, or a figure of our own.</summary>
internal readonly record struct Owed(double Amount, bool IsRatio)
{
    public static Owed Times(double ratio) => new(ratio, true);

    public static Owed AtMost(double figure) => new(figure, false);

    /// <summary>For figures where more is better.</summary>
    public static Owed AtLeast(double figure) => new(figure, false);

    public override string ToString() => IsRatio ? $"{Amount.ToString("0.##", CultureInfo.InvariantCulture)}x" : Figure.Text(Amount);
}

internal enum Verdict
{
    /// <summary>Nothing was promised.</summary>
    None,
    Met,
    Missed,

    /// <summary>Too few runs, or others used too much of the machine meanwhile.</summary>
    NotMeasured,
}

/// <summary>One line of figures: lower is better unless <paramref name="HigherIsBetter"/>.</summary>
internal sealed record Row(string What, string Unit, Figure Aviso, Figure Peer, Owed? Owes = null, bool HigherIsBetter = false)
{
    /// <summary>Above this share of all cores used by others, CPU and rates say little: batches grow and CPU an operation falls.</summary>
    public const double QuietShare = 0.15;

    /// <summary>How many times better than the peer; NaN without one.</summary>
    public double Ratio => HigherIsBetter ? Aviso.Median / Peer.Median : Peer.Median / Aviso.Median;

    /// <param name="others">Share of all cores that others used meanwhile, 0 to 1.</param>
    /// <exception cref="BenchFailedException">One of the figures is no figure: a server did nothing.</exception>
    public Verdict Judge(double others)
    {
        if (!IsFigure(Aviso) || (Peer.IsThere && !IsFigure(Peer))) throw new BenchFailedException(
            $"{What}: {(IsFigure(Aviso) ? "the peer" : "Aviso")} did nothing");
        if (Owes is not { } owes) return Verdict.None;
        if (others > QuietShare || Aviso.Runs < Figure.FewestRuns
            || (Peer.IsThere && Peer.Runs < Figure.FewestRuns)) return Verdict.NotMeasured;
        if (owes.IsRatio) return Peer.IsThere ? Said(Ratio >= owes.Amount) : Verdict.NotMeasured;
        return Said(HigherIsBetter ? Aviso.Median >= owes.Amount : Aviso.Median <= owes.Amount);
    }

    public string Show(double others) => Judge(others) switch
    {
        Verdict.None => "",
        Verdict.Met => $"{Owes}: met",
        Verdict.Missed => $"{Owes}: **missed**",
        _ => $"{Owes}: not measured",
    };

    // A rate or a time of nothing is no figure; memory on top may well be next to nothing.
    private static bool IsFigure(Figure figure) => figure.IsThere && double.IsFinite(figure.Median) && figure.Median > 0;

    private static Verdict Said(bool met) => met ? Verdict.Met : Verdict.Missed;
}

/// <summary>What a script says of one run, believed only when everything that was sent arrived.</summary>
internal static class Proof
{
    /// <summary>The run of smtp_rate.py; where arrivals were counted, all must be there.</summary>
    public static JsonNode Mail(string server, JsonNode run, int wanted)
    {
        var (sent, failed) = ((int)run["sent"]!, (int)run["failed"]!);
        if (sent < wanted || failed > 0)
            throw new BenchFailedException($"{server} took {sent} of {wanted} messages, {failed} failed: {(string?)run["last_error"]}");
        if (run["delivered"] is { } delivered && (int)delivered < sent) throw new BenchFailedException(
            $"{server} delivered {(int)delivered} of {sent} messages");
        return run;
    }

    /// <summary>The run of scan_rate.py.</summary>
    public static JsonNode Scan(string server, JsonNode run, int wanted)
    {
        var (judged, failed) = ((int)run["ok"]!, (int)run["err"]!);
        return judged >= wanted && failed == 0
            ? run : throw new BenchFailedException($"{server} judged {judged} of {wanted} messages, {failed} failed");
    }

    /// <summary>The run of imap_idle.py.</summary>
    public static JsonNode Idle(string server, JsonNode run, int wanted)
    {
        var (open, failed) = ((int)run["connections"]!, (int)run["errors"]!);
        return open >= wanted && failed == 0 ? run : throw new BenchFailedException(
            $"{server} held {open} of {wanted} connections, {failed} failed: {run["err"]?.ToJsonString()}");
    }
}
