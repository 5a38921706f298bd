using System.Text;
using Aviso.Backup;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>Targets keep what they are given, and say what is wrong.</summary>
public sealed class TargetTests
{
    [Theory]
    [InlineData("folder")]
    [InlineData("s3")]
    public async Task What_is_put_is_listed_read_and_removed(string kind)
    {
        using var s3 = new FakeS3();
        var folder = Directory.CreateTempSubdirectory("aviso-target-").FullName;
        await using var target = kind == "s3" ? Bucket(s3) : new FolderTarget("disk", folder);
        for (var i = 0; i < 11; i++) await target.PutAsync($"pieces/a{i % 3}/{i}", Encoding.UTF8.GetBytes($"octets {i}"), default);
        await target.PutAsync("points/1", "a point"u8.ToArray(), default);
        await target.PutAsync("points/1", "another"u8.ToArray(), default);
        Assert.Equal("another", Encoding.UTF8.GetString((await target.GetAsync("points/1", default))!));
        Assert.Null(await target.GetAsync("points/2", default));
        Assert.Equal(11, await CountAsync(target, "pieces/"));
        Assert.Equal(4, await CountAsync(target, "pieces/a1/"));
        Assert.Equal(0, await CountAsync(target, "nothing/"));
        await target.DeleteAsync("pieces/a1/1", default);
        await target.DeleteAsync("pieces/a1/1", default);
        Assert.Equal(3, await CountAsync(target, "pieces/a1/"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_bucket_that_is_busy_is_asked_again_and_one_that_refuses_says_why()
    {
        using var s3 = new FakeS3 { Failing = 2 };
        await using var target = Bucket(s3);
        await target.PutAsync("points/1", "x"u8.ToArray(), default);
        s3.Refuses = (403, "AccessDenied");
        Assert.Contains("403 AccessDenied", (await Assert.ThrowsAsync<TargetException>(() =>
            target.PutAsync("points/2", "x"u8.ToArray(), default))).Message,
            StringComparison.Ordinal);
        await using var wrong = Bucket(s3, secret: "another");
        Assert.Contains("SignatureDoesNotMatch", (await Assert.ThrowsAsync<TargetException>(() =>
            wrong.GetAsync("points/1", default))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html><body>please sign in</body></html>", "no list of objects")]
    [InlineData("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "breaks off")]
    [InlineData("<ListBucketResult><Contents>", "no XML")]
    public async Task A_list_that_is_none_or_not_whole_is_not_taken_for_all_there_is(string answer, string problem)
    {
        using var s3 = new FakeS3 { ListAnswer = answer };
        await using var target = Bucket(s3);
        Assert.Contains(problem, (await Assert.ThrowsAsync<TargetException>(() => CountAsync(target, "points/"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_object_lock_each_object_is_held_until_then()
    {
        using var s3 = new FakeS3();
        var spec = Spec(s3, FakeS3.SecretKey) with { LockFor = TimeSpan.FromDays(30) };
        await using var target = spec.Open(TimeProvider.System);
        await target.PutAsync("points/1", "x"u8.ToArray(), default);
        var until = s3.Locks["mail/points/1"].Split(' ');
        Assert.Equal("COMPLIANCE", until[0]);
        Assert.InRange(DateTimeOffset.Parse(until[1], System.Globalization.CultureInfo.InvariantCulture) - TimeProvider.System.GetUtcNow(),
            TimeSpan.FromDays(29.9), TimeSpan.FromDays(30.1));
    }

    [Fact]
    public async Task A_store_goes_to_a_bucket_and_comes_back()
    {
        using var s3 = new FakeS3();
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        for (var i = 0; i < 9; i++) await w.Store.DeliverAsync(alice, $"Subject: {i}\r\n\r\n{new string('x', 500 * i)}");
        await using var rounds = new BackupRounds(new(w.Store.Store, () => [], w.Store.Store), [Bucket(s3)], w.Key, w.Rounds.Options,
            w.Store.Clock, NullLogger.Instance);
        Assert.Null(Assert.Single(await rounds.RoundAsync(false, true, default)).Problem);
        Assert.Empty((await rounds.DrillAsync(rounds.Targets[0], default)).Problems);
        await using var target = Bucket(s3);
        var report = await new WholeRestore(target, w.Key, w.Store.Clock).RunAsync(new(Path.Combine(w.Folder, "new"), null, false),
            default);
        Assert.Equal((9, 0), (report.Messages, report.Damage.Count));
        // Whoever holds the bucket sees no word of it.
        Assert.All(s3.Objects.Values, o => Assert.Equal(-1, o.AsSpan().IndexOf("Subject"u8)));
    }

    [Fact]
    public async Task A_target_that_is_away_catches_up_and_the_other_does_not_wait()
    {
        await using var w = await BackupWorld.OpenAsync();
        var (alice, _) = await w.Store.AccountAsync();
        var (away, there) = (Path.Combine(w.Folder, "away"), Directory.CreateDirectory(Path.Combine(w.Folder, "there")).FullName);
        await using var rounds = new BackupRounds(new(w.Store.Store, () => [], w.Store.Store),
            [new FolderTarget("away", away), new FolderTarget("there", there)],
            w.Key, w.Rounds.Options, w.Store.Clock, NullLogger.Instance);
        for (var i = 0; i < 4; i++)
        {
            await w.Store.DeliverAsync(alice);
            var states = await rounds.RoundAsync(false, all: true, default);
            Assert.Contains("there is no folder", states[0].Problem, StringComparison.Ordinal);
            Assert.NotNull(states[0].FailsSince);
            Assert.Null(states[1].Problem);
            w.Store.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        Directory.CreateDirectory(away);
        var caught = await rounds.RoundAsync(false, all: true, default);
        Assert.All(caught, s => Assert.Null(s.Problem));
        foreach (var place in new[] { away, there })
        {
            var name = "from-" + Path.GetFileName(place);
            await using var target = new FolderTarget("x", place);
            Assert.Equal(4, (await new WholeRestore(target, w.Key, w.Store.Clock).RunAsync(new(Path.Combine(w.Folder, name), null, false),
                default)).Messages);
        }
    }

    [Theory]
    [InlineData("s3://host/bucket/prefix", "`s3` needs")]
    [InlineData("s3://host", "is no s3://")]
    [InlineData("s3+http://elsewhere.example/bucket/x", "is no s3://")]
    [InlineData("sftp://host/path", "is no sftp://")]
    [InlineData("sftp://user@host/path", "needs `identity`")]
    [InlineData("/mnt/x", "")]
    public void What_is_wrong_with_a_place_is_said(string text, string problem) =>
        Assert.Contains(problem, TargetSpec.Of(text).Problem, StringComparison.Ordinal);

    private static ITarget Bucket(FakeS3 s3, string secret = FakeS3.SecretKey) => Spec(s3, secret).Open(TimeProvider.System);

    private static TargetSpec Spec(FakeS3 s3, string secret) => new("off", null, $"s3+http://127.0.0.1:{s3.Port}/bucket/mail", null)
    {
        AccessKey = FakeS3.AccessKey,
        SecretKey = secret,
    };

    private static async Task<int> CountAsync(ITarget target, string prefix)
    {
        var count = 0;
        await foreach (var _ in target.ListAsync(prefix, default)) count++;
        return count;
    }
}
