using Aviso.Spam;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam;

public sealed class SpamFilterTests
{
    private sealed class Check(string name, SpamPhase phase, Func<SpamContext, CancellationToken, ValueTask> run) : ISpamCheck
    {
        public string Name => name;

        public SpamPhase Phase => phase;

        public TimeSpan Budget => TimeSpan.FromMilliseconds(50);

        public ValueTask CheckAsync(SpamContext context, CancellationToken cancel) => run(context, cancel);
    }

    private static readonly Check Finds = new("finds", SpamPhase.Final, (c, _) =>
    {
        c.Add("FOUND", 2, "it");
        return default;
    });

    private static async Task<SpamVerdict> Run(params ISpamCheck[] checks) =>
        await new SpamFilter(new() { Budget = TimeSpan.FromMilliseconds(400) }, checks, TimeProvider.System, NullLogger.Instance).CheckAsync(SpamMail.Around("hi"), default);

    [Theory]
    [InlineData(SpamPhase.Message)]
    [InlineData(SpamPhase.Network)]
    public async Task A_check_that_throws_is_skipped_and_the_others_run(SpamPhase phase)
    {
        var verdict = await Run(new Check("broken", phase, (_, _) => throw new InvalidOperationException("x")), Finds);
        Assert.Equal(["broken (fault)"], verdict.Skipped);
        Assert.Equal(2, verdict.Score);
    }

    // A stranger's message may be why a check of the message never ends: that counts. Lists that do not answer are not its doing.
    [Theory]
    [InlineData(SpamPhase.Message, 3)]
    [InlineData(SpamPhase.Network, 2)]
    public async Task A_check_that_never_ends_is_skipped_and_the_others_run(SpamPhase phase, double score)
    {
        var verdict =
            await Run(new Check("stuck", phase, async (_, _) => await Task.Delay(Timeout.Infinite, CancellationToken.None)), Finds);
        Assert.Equal(["stuck (timeout)"], verdict.Skipped);
        Assert.Equal(score, verdict.Score);
        Assert.Equal(phase == SpamPhase.Message, verdict.Symbols.Any(s => s.Name == SpamContext.LimitSymbol));
    }

    [Theory]
    [InlineData(7.0, SpamAction.Tag, null, SpamAction.Tag)]
    [InlineData(7.0, SpamAction.Tag, 1.0, SpamAction.Accept)]
    [InlineData(1.0, SpamAction.Accept, 97.0, SpamAction.Tag)]
    [InlineData(20.0, SpamAction.Reject, 18.0, SpamAction.Reject)]
    public void What_happens_to_a_copy_goes_by_its_accounts_own_score(double score, SpamAction action, double? own, SpamAction expected)
    {
        var account = new AccountId(5);
        var verdict = new SpamVerdict(score, action, [], [], own is { } o ? new Dictionary<AccountId, double> { [account] = o } : null);
        Assert.Equal(expected, verdict.ActionFor(account));
        Assert.Contains($"action={expected.ToString().ToLowerInvariant()};", verdict.Fields(account), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_holds_its_thread_costs_no_more_than_the_budget()
    {
        using var release = new ManualResetEventSlim();
        var verdict = await Run(Finds, new Check("holds", SpamPhase.Message, (_, _) =>
        {
            release.Wait(TimeSpan.FromSeconds(30), CancellationToken.None);
            return default;
        }));
        release.Set();
        Assert.Contains("holds (timeout)", verdict.Skipped);
        Assert.Contains("skipped=", verdict.Fields(), StringComparison.Ordinal);
    }

    private sealed class Scanner(Func<SpamContext, CancellationToken, Task> run) : ISpamCheck
    {
        public string Name => "scanner";

        public SpamPhase Phase => SpamPhase.Network;

        public bool IsAlone => true;

        public TimeSpan Budget => TimeSpan.FromSeconds(5);

        public ValueTask CheckAsync(SpamContext context, CancellationToken cancel) => new(run(context, cancel));
    }

    [Fact]
    public async Task The_scanner_is_asked_and_believed_whatever_the_other_checks_use_up()
    {
        using var release = new ManualResetEventSlim();
        var verdict = await Run(
            new Check("holds", SpamPhase.Message, (_, _) =>
            {
                release.Wait(TimeSpan.FromSeconds(30), CancellationToken.None);
                return default;
            }),
            new Scanner(async (context, cancel) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(600), cancel);
                context.VirusScanned("Eicar");
                context.Ask(SpamAction.Reject, "virus Eicar");
            }));
        release.Set();
        Assert.Equal((SpamAction.Reject, "Eicar"), (verdict.Action, verdict.Virus));
        Assert.DoesNotContain(verdict.Skipped, s => s.StartsWith("scanner", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_check_that_is_told_to_end_has_ended_before_the_message_goes_on()
    {
        var ended = false;
        var verdict = await Run(new Check("walks", SpamPhase.Message, (context, _) =>
        {
            try
            {
                while (true) context.Work.Step(0);
            }
            finally
            {
                ended = true;
            }
        }));
        Assert.True(ended);
        Assert.Contains(verdict.Symbols, s => s is { Name: SpamContext.LimitSymbol, Score: 1 });
    }

    [Fact]
    public async Task A_check_that_spends_the_messages_budget_counts_and_the_others_run()
    {
        var verdict = await Run(new Check("unpacks", SpamPhase.Message, (context, _) =>
        {
            while (true) context.Work.Take(1 << 20);
        }), Finds);
        Assert.Equal(["unpacks (limit)"], verdict.Skipped);
        Assert.Equal(
            "unpacks: more octets than one message may cost", verdict.Symbols.Single(s => s.Name == SpamContext.LimitSymbol).Reason);
        Assert.Equal(3, verdict.Score);
    }

    [Fact]
    public async Task The_symbols_add_up_to_the_score_and_thresholds_choose_the_action()
    {
        var filter = new SpamFilter(new(), BuiltInChecks.All(new(RuleSet.BuiltIn)), TimeProvider.System, NullLogger.Instance);
        var verdict =
            await filter.CheckAsync(SpamMail.Around("XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"), default);
        Assert.Equal(SpamAction.Reject, verdict.Action);
        Assert.Equal(verdict.Score, verdict.Symbols.Sum(s => s.Score), 3);
        Assert.Empty(verdict.Skipped);
        verdict = await filter.CheckAsync(SpamMail.Around("YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"), default);
        Assert.Equal(SpamAction.Tag, verdict.Action);
        Assert.All(verdict.Fields().Split("\r\n"), line => Assert.True(line.Length <= 78, line));
    }
}
