using System.Net;
using Aviso.Base;
using Aviso.Doctor;
using Aviso.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>"We refused one of ours."</summary>
public static class OwnWatchTests
{
    private static readonly IPAddress Ours = IPAddress.Parse("10.0.0.7");

    public static TheoryData<string, string> Refusals => new()
    {
        { "relay", "own-relay-refused" }, { "send-as", "own-sender-refused" }, { "bad-commands", "own-refused" },
    };

    private static async Task<IReadOnlyList<StandingFinding>> AfterAsync(DoctorWorld world, Action<OwnWatch> happens)
    {
        using var watch = new OwnWatch(world.Book, client => client.Equals(Ours), world.Clock, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = watch.RunAsync(stop.Token);
        happens(watch);
        // What is heard after is written after.
        watch.Hear(new OwnRefusal(IPAddress.Parse("10.0.0.99"), default, "500", "the last", Reason.LineTooLong));
        await Patience.UntilAsync(() => world.Book.Standing.Any(s => s.Finding.Subject == "10.0.0.99"), "all is written");
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return [.. world.Book.Standing.Where(s => s.Finding.Subject != "10.0.0.99")];
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public static async Task A_refusal_of_one_of_ours_is_a_finding_that_names_it(string reason, string code)
    {
        using var world = await DoctorWorld.MakeAsync();
        var why = Reason.All.Single(r => r.Word == reason);
        var standing = await AfterAsync(world, watch => watch.Hear(
            new OwnRefusal(Ours, new("reader.lan", "app@example.org", "me@device.com"), "554 5.7.1 No", "seen", why)));
        var finding = Assert.Single(standing).Finding;
        Assert.Equal(code, finding.Code.Word);
        foreach (var word in (string[])["10.0.0.7", "reader.lan", "app@example.org", "me@device.com", "554 5.7.1 No"])
            Assert.Contains(word, finding.Says + finding.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public static async Task A_failed_login_of_ours_is_a_finding_and_one_of_strangers_is_not()
    {
        using var world = await DoctorWorld.MakeAsync();
        var standing = await AfterAsync(world, watch =>
        {
            watch.Hear(new Evidence(ListenerKind.Submission, Ours, Reason.LoginFailed), "bob@example.org");
            watch.Hear(new Evidence(ListenerKind.Submission, IPAddress.Parse("192.0.2.9"), Reason.LoginFailed), "bob@example.org");
        });
        var finding = Assert.Single(standing).Finding;
        Assert.Equal(("own-login-failed", "10.0.0.7 as bob@example.org"), (finding.Code.Word, finding.Subject));
    }

    [Fact]
    public static async Task What_is_put_off_or_in_order_is_none()
    {
        using var world = await DoctorWorld.MakeAsync();
        Assert.Empty(await AfterAsync(world, watch =>
        {
            watch.Hear(new OwnRefusal(Ours, default, "450 4.7.1 later", "rate", Reason.Rate));
            watch.Hear(new OwnRefusal(Ours, default, "closed", "quit", Reason.Quit));
        }));
    }

    [Fact]
    public static async Task It_stands_until_it_has_not_happened_for_a_day()
    {
        using var world = await DoctorWorld.MakeAsync();
        await AfterAsync(world, watch => watch.Hear(new OwnRefusal(Ours, default, "554 No", "relay", Reason.RelayDenied)));
        world.Clock.Advance(TimeSpan.FromHours(20));
        await world.Rounds.StepAsync(default);
        Assert.Contains("own-relay-refused", world.Troubles);
        world.Clock.Advance(TimeSpan.FromHours(5));
        await world.Rounds.StepAsync(default);
        Assert.DoesNotContain("own-relay-refused", world.Troubles);
    }
}
