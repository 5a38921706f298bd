using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

public static class InformationTests
{
    public static TheoryData<string> Names => [.. Faults.Information.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public static async Task What_is_worth_knowing_is_told_and_is_no_trouble(string name)
    {
        var fault = Faults.Information.Single(f => f.Name == name);
        using var world = await DoctorWorld.MakeAsync();
        fault.Spoil(world.State);
        Assert.Empty(await world.LookAsync());
        Assert.Contains(world.Book.Standing, s => s.Finding.Code == fault.Codes[0]);
        Assert.DoesNotContain(world.Book.Standing, s => s.Counts);
        world.Repair();
        await world.LookAsync();
        Assert.DoesNotContain(world.Book.Standing, s => s.Finding.Code == fault.Codes[0]);
    }

    [Fact]
    public static async Task A_resolver_that_does_not_validate_is_worth_knowing()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.SaysNothingOfDnssec = true;
        Assert.Empty(await world.LookAsync());
        Assert.Contains(world.Book.Standing, s => s.Finding.Code == FindingCode.ResolverNoDnssec);
    }

    [Theory]
    [InlineData("127.255.255.252")]
    [InlineData("127.255.255.254")]
    [InlineData("127.255.255.255")]
    [InlineData("192.0.2.1")]
    public static async Task What_a_list_says_instead_of_an_answer_is_no_listing(string answer)
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Zone.A("7.100.51.198.zen.spamhaus.org", answer);
        Assert.Empty(await world.LookAsync());
    }

    [Fact]
    public static async Task All_mail_may_come_by_a_trusted_relay()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Clients[0] = new(Aviso.Net.ListenerKind.Smtp, 500, [System.Net.IPAddress.Parse("192.0.2.25")], world.Clock.GetUtcNow());
        Assert.Empty(await world.LookAsync());
    }

    [Fact]
    public static async Task Behind_a_relay_nobody_minds_our_address()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.SendsOnlyByRelay();
        world.State.Zone.Remove(Aviso.Dns.DnsName.Reverse(DoctorState.Four)).A("7.100.51.198.zen.spamhaus.org", "127.0.0.2");
        world.State.Texts(DoctorState.Domain, "v=spf1 include:spf.brevo.example -all");
        Assert.Empty(await world.LookAsync());
    }
}
