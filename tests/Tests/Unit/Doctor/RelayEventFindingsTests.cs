using Aviso.Base;
using Aviso.Delivery;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>What relays say after they took mail, as findings.</summary>
public static class RelayEventFindingsTests
{
    private static RelayNews News(RelayEventKind kind, string says, EnhancedCode? status = null) =>
        new("brevo", new(kind, "carol@elsewhere.example", ["x@example.org"], default, says, status), null, true);

    [Fact]
    public static async Task What_a_relay_drops_is_a_finding_that_names_the_way_out()
    {
        using var world = await DoctorWorld.MakeAsync();
        var sink = new RelayEventFindings(world.Book, world.State.Replies);
        await sink.HeardAsync(News(RelayEventKind.Dropped, "blocked"), default);
        await sink.HeardAsync(News(RelayEventKind.Dropped, "blocked"), default);
        var finding = Assert.Single(world.Book.Standing).Finding;
        Assert.Equal((FindingCode.RelayDropped, "aviso relay unblock carol@elsewhere.example"), (finding.Code, finding.Act));
        Assert.Contains("blocked", finding.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public static async Task A_complaint_is_a_finding_for_a_day()
    {
        using var world = await DoctorWorld.MakeAsync();
        var sink = new RelayEventFindings(world.Book, world.State.Replies);
        await sink.HeardAsync(News(RelayEventKind.Complained, "abuse"), default);
        Assert.Equal(FindingCode.RelayComplaint, Assert.Single(world.Book.Standing).Finding.Code);
        world.Clock.Advance(TimeSpan.FromHours(25));
        await world.Book.EndAsync(default);
        Assert.Empty(world.Book.Standing);
    }

    [Fact]
    public static async Task A_switch_that_went_back_is_a_finding_that_says_why()
    {
        using var world = await DoctorWorld.MakeAsync();
        var back = RelayEventFindings.WentBack(new("brevo", "ses", 1, 1, 3, "back", "550 5.7.26 unauthenticated"));
        await world.Book.RaiseAsync(back, RelayEventFindings.WentBackStands, default);
        Assert.Contains("3 of the first 4", back.Says, StringComparison.Ordinal);
        Assert.Equal("550 5.7.26 unauthenticated", Assert.Single(world.Book.Standing).Finding.Evidence);
    }

    [Fact]
    public static async Task A_wrong_address_is_no_finding_and_a_refusal_for_dmarc_is_one()
    {
        using var world = await DoctorWorld.MakeAsync();
        var sink = new RelayEventFindings(world.Book, world.State.Replies);
        await sink.HeardAsync(News(RelayEventKind.Bounced, "550 5.1.1 no such user", new(5, 1, 1)), default);
        await sink.HeardAsync(News(RelayEventKind.Delivered, "250 ok"), default);
        Assert.Empty(await world.LookAsync());
        await sink.HeardAsync(News(RelayEventKind.Bounced, "550 5.7.26 unauthenticated", new(5, 7, 26)), default);
        Assert.Equal(["receiver-wants-authentication"], await world.LookAsync());
    }
}
