using Aviso.Dns;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Settings that would send mail by ways that the DNS does not allow.</summary>
public static class SendingChangeTests
{
    private static readonly SendingDomain Now = new(DoctorState.Domain, [new("brevo", "include:spf.brevo.example", ["brevo1"])], true);

    private static async Task<IReadOnlyList<string>> RefusesAsync(DoctorWorld world, Func<SendingDomain, SendingDomain> change,
        SendingDomain? before = null)
    {
        var old = world.State.Deployment with { Domains = before is null ? [Now] : [before] };
        return await new SendingChange(world, world.Clock).RefusesAsync(old, old with { Domains = [change(Now)] }, default);
    }

    [Fact]
    public static async Task A_relay_that_spf_does_not_name_is_refused_with_the_record_that_is_missing()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Zone.Txt("spf.ses.example", "v=spf1 ip4:192.0.2.0/24 -all");
        var problem = Assert.Single(await RefusesAsync(world, d => d with { Relays = [new("ses", "include:spf.ses.example", [])] }));
        Assert.Contains("example.org. TXT \"v=spf1 mx include:spf.brevo.example include:spf.ses.example -all\"", problem,
            StringComparison.Ordinal);
        Assert.Contains("aviso reload --force", problem, StringComparison.Ordinal);
        world.State.Texts(DoctorState.Domain, "v=spf1 mx include:spf.brevo.example include:spf.ses.example -all");
        Assert.Empty(await RefusesAsync(world, d => d with { Relays = [new("ses", "include:spf.ses.example", [])] }));
    }

    [Fact]
    public static async Task A_relay_whose_key_is_not_published_is_refused()
    {
        using var world = await DoctorWorld.MakeAsync();
        Assert.Contains("ses1._domainkey.example.org", Assert.Single(
            await RefusesAsync(world, d => d with { Relays = [new("ses", "include:spf.brevo.example", ["ses1"])] })),
                StringComparison.Ordinal);
    }

    [Fact]
    public static async Task Sending_directly_from_an_address_that_spf_does_not_allow_is_refused()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Texts(DoctorState.Domain, "v=spf1 include:spf.brevo.example -all");
        Assert.Contains("198.51.100.7", Assert.Single(await RefusesAsync(world, d => d, before: Now with { Direct = false })),
            StringComparison.Ordinal);
    }

    [Fact]
    public static async Task What_was_so_before_keeps_nobody_from_changing_something_else()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Texts(DoctorState.Domain, "v=spf1 -all");
        Assert.Empty(await RefusesAsync(world, d => d));
        Assert.Empty(await RefusesAsync(world, d => d with { Relays = [] }));
    }

    [Fact]
    public static async Task What_cannot_be_asked_is_taken()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Zone.Fail(DoctorState.Domain, DnsStatus.Timeout).Fail("x1._domainkey.example.org", DnsStatus.ServFail);
        Assert.Empty(await RefusesAsync(world, d => d with { Relays = [new("x", "include:x.example", ["x1"])] }));
    }

    [Fact]
    public static async Task A_new_domain_without_records_is_taken_and_one_whose_record_says_otherwise_is_not()
    {
        using var world = await DoctorWorld.MakeAsync();
        var other = Now with { Name = "example.net" };
        Assert.Empty(await RefusesAsync(world, _ => other with { Relays = [new("brevo", "include:spf.brevo.example", [])] }));
        world.State.Zone.Txt("example.net", "v=spf1 include:spf.elsewhere.example -all").Txt("spf.elsewhere.example",
            "v=spf1 ip4:192.0.2.1 -all");
        Assert.NotEmpty(await RefusesAsync(world, _ => other));
    }
}
