using System.Text.Json.Nodes;
using Aviso.Bench;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>`./dev bench` tells the truth: no verdict over a peer that did nothing, over a busy machine, or over too few runs.</summary>
public sealed class BenchJudgingTests
{
    private static readonly Figure Ours = Figure.Of([0.5, 0.4, 0.6]);
    private static readonly Figure Theirs = Figure.Of([11, 10, 12]);

    [Theory]
    [InlineData(22.0, Verdict.Met)]
    [InlineData(22.5, Verdict.Missed)]
    public void A_ratio_is_judged_over_the_medians(double owes, object verdict) =>
        Assert.Equal(verdict, new Row("CPU a message", "ms", Ours, Theirs, Owed.Times(owes)).Judge(0.05));

    [Theory]
    [InlineData(0.04, Verdict.Met)]
    [InlineData(0.05, Verdict.Missed)]
    public void Where_more_is_better_the_ratio_turns_round(double owes, object verdict) =>
        Assert.Equal(verdict, new Row("messages a second", "/s", Ours, Theirs, Owed.Times(owes), HigherIsBetter: true).Judge(0));

    [Theory]
    [InlineData(0.5, false, Verdict.Met)]
    [InlineData(0.4, false, Verdict.Missed)]
    [InlineData(0.5, true, Verdict.Met)]
    [InlineData(0.6, true, Verdict.Missed)]
    public void A_figure_of_our_own_needs_no_peer(double owes, bool higher, object verdict) =>
        Assert.Equal(verdict, new Row("start", "ms", Ours, Figure.None, Owed.AtMost(owes), higher).Judge(0.1));

    [Theory]
    [InlineData(0.15, Verdict.Met, "20x: met")]
    [InlineData(0.16, Verdict.NotMeasured, "20x: not measured")]
    [InlineData(0.9, Verdict.NotMeasured, "20x: not measured")]
    public void On_a_busy_machine_nothing_was_measured(double others, object verdict, string shown)
    {
        var row = new Row("CPU a message", "ms", Ours, Theirs, Owed.Times(20));
        Assert.Equal(verdict, row.Judge(others));
        Assert.Equal(shown, row.Show(others));
    }

    [Fact]
    public void Two_runs_are_no_spread()
    {
        Assert.Equal(Verdict.NotMeasured, new Row("x", "ms", Figure.Of([1, 1]), Theirs, Owed.Times(5)).Judge(0));
        Assert.Equal(Verdict.NotMeasured, new Row("x", "ms", Ours, Figure.Of([10, 10]), Owed.Times(5)).Judge(0));
        Assert.Equal(Verdict.None, new Row("x", "ms", Figure.Of([1]), Figure.Of([10])).Judge(0));
    }

    [Fact]
    public void A_figure_shows_its_spread()
    {
        Assert.Equal("0.500 ms (0.400 to 0.600)", Ours.Show("ms"));
        Assert.Equal("11.0 ms (10.0 to 12.0)", Theirs.Show("ms"));
        Assert.Equal("", Figure.None.Show("ms"));
        Assert.Equal(1.5, Figure.Of([1, 2]).Median);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_peer_that_did_nothing_ends_the_run(double figure)
    {
        var nothing = Figure.Of([figure, figure, figure]);
        Assert.Contains("the peer did nothing", Assert.Throws<BenchFailedException>(() =>
            new Row("rate", "/s", Ours, nothing, Owed.Times(1)).Judge(0)).Message, StringComparison.Ordinal);
        Assert.Contains("Aviso did nothing",
            Assert.Throws<BenchFailedException>(() => new Row("rate", "/s", nothing, Theirs).Judge(0.9)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"sent":3000,"failed":0,"delivered":3000}""", null)]
    [InlineData("""{"sent":3000,"failed":0}""", null)]
    [InlineData("""{"sent":3000,"failed":0,"delivered":0}""", "Peer delivered 0 of 3000 messages")]
    [InlineData("""{"sent":3000,"failed":0,"delivered":2999}""", "Peer delivered 2999 of 3000 messages")]
    [InlineData("""{"sent":0,"failed":3000,"last_error":"450 4.3.2 not now"}""",
        "Peer took 0 of 3000 messages, 3000 failed: 450 4.3.2 not now")]
    [InlineData("""{"sent":2990,"failed":10}""", "Peer took 2990 of 3000 messages, 10 failed: ")]
    public void Mail_counts_when_all_of_it_arrived(string run, string? problem) =>
        Same(problem, () => Proof.Mail("Peer", JsonNode.Parse(run)!, 3000));

    [Theory]
    [InlineData("""{"ok":1000,"err":0}""", null)]
    [InlineData("""{"ok":990,"err":10}""", "Peer judged 990 of 1000 messages, 10 failed")]
    public void Scans_count_when_each_was_answered(string run, string? problem) =>
        Same(problem, () => Proof.Scan("Peer", JsonNode.Parse(run)!, 1000));

    [Theory]
    [InlineData("""{"connections":500,"errors":0,"err":[]}""", null)]
    [InlineData("""{"connections":480,"errors":20,"err":["refused"]}""", "Peer held 480 of 500 connections, 20 failed: [\"refused\"]")]
    public void Idle_connections_count_when_all_are_open(string run, string? problem) =>
        Same(problem, () => Proof.Idle("Peer", JsonNode.Parse(run)!, 500));

    private static void Same(string? problem, Func<JsonNode> proof) =>
        Assert.Equal(problem, Record.Exception(() => _ = proof()) is BenchFailedException failed ? failed.Message : null);
}
