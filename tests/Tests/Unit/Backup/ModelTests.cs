using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>Everything that can happen to a target and to the rounds, in random order; whatever moment is restored afterwards is as the
/// model knows it, or the restore says that it is not.</summary>
public sealed class ModelTests
{
    private const int Steps = 90, MostIdle = 2;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Whatever_happens_to_a_target_each_moment_is_as_the_model_knows_it(int seed)
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, inbox) = await w.Store.AccountAsync();
        var run = new Run(w, alice, inbox, new Random(seed));
        await w.RoundAsync();
        for (var step = 0; step < Steps; step++) await run.StepAsync(step);
        await run.EndAsync();
    }

    private sealed class Run(BackupWorld w, AccountId alice, MailboxId inbox, Random random)
    {
        private readonly List<(uint Uid, EmailId Email)> _live = [];

        /// <summary>The last state of each second in which a commit came.</summary>
        private readonly SortedDictionary<long, List<EmailId>> _moments = [];

        /// <summary>Seconds of commits that no frames may bring: between the last point and the end of the base of a restart.</summary>
        private readonly HashSet<long> _uncertain = [], _since = [];

        /// <summary>Seconds into which commits may have fallen while the clock was set back: the log's own does not go back.</summary>
        private readonly HashSet<long> _vague = [];
        private readonly List<string> _log = [];
        private long _highest;
        private int _idle;
        private bool _anew;

        public async Task StepAsync(int step)
        {
            var what = random.Next(100);
            _highest = Math.Max(_highest, w.Store.Clock.Seconds);
            if (what < 45) await DeliverAsync(step);
            else if (what < 60) await RoundAsync(Shakes.Nothing);
            else if (what < 75) await RoundAsync((Shakes)random.Next(1, 5));
            else if (what < 80) Advance(TimeSpan.FromHours(25), "a day");
            else if (what < 85) await RestartAsync();
            else if (what < 88) w.Store.Clock.Jump(TimeSpan.FromSeconds(Log("a step of the clock", random.Next(-90, 90))));
            else if (what < 91 && _idle++ < MostIdle)
            {
                Log("idle", 0);
                await w.IdleAsync();
            }
            else if (_live.Count > 0) await ExpungeAsync();
        }

        public async Task EndAsync()
        {
            await RoundAsync(Shakes.Nothing);
            Assert.Equal("", string.Join('\n', (await w.VerifyAsync()).Damage));
            var known = _moments.Keys.Where(at => !_vague.Contains(at)).ToLookup(_uncertain.Contains);
            var certain = known[false].ToList();
            var chosen = Enumerable.Range(0, 8).Select(_ => certain[random.Next(certain.Count)]).Append(certain[^1]).Distinct();
            foreach (var at in chosen) await CompareAsync(at);
            foreach (var at in known[true].Take(3)) await CompareAsync(at, mayBeMissing: true);
            Assert.Empty((await w.Rounds.DrillAsync(w.Target, default)).Problems);
        }

        private async Task DeliverAsync(int step)
        {
            Advance(TimeSpan.FromSeconds(1), "deliver");
            var entry = await w.Store.DeliverAsync(alice, $"Subject: {step}\r\n\r\n{new string('x', random.Next(1, 9_000))}\r\n");
            _live.Add((entry.Uid, entry.Email));
            Committed();
        }

        private async Task ExpungeAsync()
        {
            Advance(TimeSpan.FromSeconds(1), "expunge");
            var at = random.Next(_live.Count);
            await w.Store.Store.ExpungeAsync(alice, inbox, [_live[at].Uid], onlyDeleted: false, default);
            _live.RemoveAt(at);
            Committed();
        }

        private async Task RoundAsync(Shakes shakes)
        {
            Log($"round, {shakes}", 0);
            w.Shaky.Shakes = shakes;
            var state = Assert.Single(await w.Rounds.RoundAsync(asBase: random.Next(6) == 0, all: true, default));
            w.Shaky.Shakes = Shakes.Nothing;
            if (shakes == Shakes.Nothing) Assert.Null(state.Problem);
            if (state.Problem is not null) return;
            _since.Clear();
            _anew = false;
        }

        private async Task RestartAsync()
        {
            Log("restart", 0);
            await w.AnewAsync();
            _uncertain.UnionWith(_since);
            _anew = true;
        }

        private void Committed()
        {
            var now = w.Store.Clock.Seconds;
            _highest = Math.Max(_highest, now);
            _vague.UnionWith(_moments.Keys.Where(at => at >= now && at < _highest));
            _moments[_highest] = [.. _live.Select(l => l.Email)];
            _since.Add(_highest);
            if (_anew) _uncertain.Add(_highest);
        }

        private void Advance(TimeSpan by, string what)
        {
            Log(what, 0);
            w.Store.Clock.Advance(by);
        }

        private int Log(string what, int number)
        {
            _log.Add(number == 0 ? what : $"{what} {number}");
            return number;
        }

        private async Task CompareAsync(long at, bool mayBeMissing = false)
        {
            var name = "at" + Guid.NewGuid().ToString("N");
            var report = await w.RestoreAsync(name, DateTimeOffset.FromUnixTimeSeconds(at));
            var told = $"{at}: {string.Join('\n', report.Damage.Concat(report.Lost).Concat(report.Findings))}\n{string.Join('\n', _log)}";
            if (mayBeMissing && report.Damage.Count > 0) return;
            Assert.True(report.Damage.Count + report.Lost.Count + report.Findings.Count == 0, told);
            await using var restored = await w.OpenRestoredAsync(name);
            var view = (await restored.Store.ViewAsync(alice, inbox, default))!;
            var has = Enumerable.Range(0, view.Count).Select(i => view[i].Email).ToList();
            Assert.True(_moments[at].SequenceEqual(has), $"{_moments[at].Count} became {has.Count} at {told}");
        }
    }
}
