using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>What is not as it was written is found, and said.</summary>
public sealed class DamageTests
{
    [Fact]
    public async Task Each_of_a_thousand_changed_octets_is_found_and_names_what_is_lost()
    {
        await using var w = await WithMailAsync();
        var (objects, random) = (w.Objects(), new Random(13));
        Assert.Empty((await w.VerifyAsync()).Damage);
        var named = 0;
        for (var i = 0; i < 1_000; i++)
        {
            var path = objects[random.Next(objects.Count)];
            var octets = await File.ReadAllBytesAsync(path);
            var at = random.Next(octets.Length);
            var was = octets[at];
            octets[at] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(path, octets);
            var report = await w.VerifyAsync();
            var name = Path.GetRelativePath(w.Place, path);
            Assert.True(report.Damage.Any(d => d.Contains(name, StringComparison.Ordinal)),
                $"octet {at} of {name}: {string.Join('\n', report.Damage)}");
            if (report.Damage.Any(d => d.Contains(" of segments/", StringComparison.Ordinal)
                || d.Contains(" of large/", StringComparison.Ordinal)))
            {
                Assert.Contains(report.Messages, m => m.StartsWith("alice@example.test INBOX UID ", StringComparison.Ordinal));
                named++;
            }
            octets[at] = was;
            await File.WriteAllBytesAsync(path, octets);
        }
        Assert.True(named > 50, $"{named} named messages");
        Assert.Empty((await w.VerifyAsync()).Damage);
    }

    [Fact]
    public async Task An_object_that_is_gone_or_cut_off_is_found_by_the_drill_and_proves_nothing()
    {
        await using var w = await WithMailAsync();
        var good = await w.Rounds.DrillAsync(w.Target, default);
        Assert.Empty(good.Problems);
        Assert.Equal((12, 0), (good.Messages, good.Lost.Count));
        var proven = Assert.Single(w.Rounds.States).ProvenAt;
        Assert.NotNull(proven);
        foreach (var path in w.Objects().Where((_, i) => i % 3 == 0))
        {
            var octets = await File.ReadAllBytesAsync(path);
            await File.WriteAllBytesAsync(path, octets.AsMemory(0, octets.Length / 2));
            w.Store.Clock.Advance(TimeSpan.FromMinutes(1));
            var drill = await w.Rounds.DrillAsync(w.Target, default);
            Assert.NotEmpty(drill.Problems);
            var state = Assert.Single(w.Rounds.States);
            Assert.Equal(proven, state.ProvenAt);
            Assert.NotNull(state.DrillProblem);
            await File.WriteAllBytesAsync(path, octets);
        }
        // The base that the last finding asked for.
        await w.RoundAsync();
        var (piece, kept) = (w.Objects().First(o => o.Contains("/pieces/", StringComparison.Ordinal)), Array.Empty<byte>());
        kept = await File.ReadAllBytesAsync(piece);
        File.Delete(piece);
        Assert.Contains((await w.Rounds.DrillAsync(w.Target, default)).Problems, p => p.Contains("it is gone", StringComparison.Ordinal));
        await File.WriteAllBytesAsync(piece, kept);
        Assert.Empty((await w.Rounds.DrillAsync(w.Target, default)).Problems);
        Assert.NotEqual(proven, Assert.Single(w.Rounds.States).ProvenAt);
    }

    [Fact]
    public async Task The_rest_comes_back_and_what_is_lost_is_listed()
    {
        await using var w = await WithMailAsync();
        // The largest piece holds bodies: those of the large message.
        var largest = w.Objects().Where(o => o.Contains("/pieces/", StringComparison.Ordinal)).MaxBy(o => new FileInfo(o).Length)!;
        var octets = await File.ReadAllBytesAsync(largest);
        octets[octets.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(largest, octets);
        var report = await w.RestoreAsync("new");
        Assert.NotEmpty(report.Damage);
        Assert.NotEmpty(report.Lost);
        Assert.Equal(12, report.Messages);
        await using var restored = await w.OpenRestoredAsync("new");
        restored.CheckAtEnd = false;
        var alice = (await restored.Store.ListAccountsAsync(default))[0].Id;
        var inbox = (await restored.Store.FindMailboxAsync(alice, "INBOX", default))!;
        var view = (await restored.Store.ViewAsync(alice, inbox.Id, default))!;
        var lost = 0;
        for (var i = 0; i < view.Count; i++)
        {
            using var body = await restored.Store.OpenBodyAsync(alice, view[i].Email, default);
            if (body!.Prove() is null) continue;
            Assert.Contains(report.Lost, l => l.Contains($"UID {view[i].Uid}:", StringComparison.Ordinal));
            lost++;
        }
        Assert.InRange(lost, 1, report.Lost.Count);
    }

    [Fact]
    public async Task A_point_that_is_taken_out_is_a_gap()
    {
        await using var w = await WithMailAsync();
        var points = w.Objects().Where(o => o.EndsWith("-more", StringComparison.Ordinal)).ToList();
        File.Delete(points[0]);
        Assert.Contains((await w.VerifyAsync()).Damage, d => d.Contains("are gone", StringComparison.Ordinal));
    }

    /// <summary>Twelve messages, one of them a file of its own, over four points.</summary>
    private static async Task<BackupWorld> WithMailAsync()
    {
        var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        var random = new Random(7);
        for (var i = 0; i < 12; i++)
        {
            // Random letters do not pack: pieces are as large as what they hold.
            var text = new string([.. Enumerable.Range(0, i == 5 ? 60_000 : 2_000).Select(_ => (char)random.Next('!', '~'))]);
            await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{text}\r\n");
            w.Store.Clock.Advance(TimeSpan.FromSeconds(1));
            if (i % 3 == 2) await w.RoundAsync();
        }
        return w;
    }
}
