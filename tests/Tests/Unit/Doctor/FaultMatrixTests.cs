using Xunit;

namespace Aviso.Tests.Unit.Doctor;

public static class FaultMatrixTests
{
    public static TheoryData<string> Names => [.. Faults.All.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public static async Task A_fault_is_told_by_its_codes_and_no_other_and_clears_when_it_is_mended(string name)
    {
        var fault = Faults.All.Single(f => f.Name == name);
        using var world = await DoctorWorld.MakeAsync();
        Assert.Empty(await world.LookAsync());
        fault.Spoil(world.State);
        Assert.Equal(fault.Codes.Select(c => c.Word).Order(StringComparer.Ordinal), await world.LookAsync());
        Assert.All(world.Book.Standing, s => Assert.True(s.Finding is { Says.Length: > 10, Evidence.Length: > 2, Fix.Length: > 8 }
            && !s.Finding.Says.EndsWith('.'),
            s.Finding.ToString()));
        world.Repair();
        Assert.Empty(await world.LookAsync());
    }

    [Fact]
    public static void There_are_sixty_faults_and_more() => Assert.True(Faults.All.Count >= 60, $"{Faults.All.Count}");

    [Fact]
    public static async Task A_healthy_system_is_told_nothing_about_for_a_day()
    {
        using var world = await DoctorWorld.MakeAsync();
        for (var minute = 0; minute < 24 * 60; minute++)
        {
            await world.Rounds.StepAsync(default);
            Assert.Empty(world.Troubles);
            world.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        Assert.All(world.Rounds.States, s => Assert.NotNull(s.LastAt));
    }
}
