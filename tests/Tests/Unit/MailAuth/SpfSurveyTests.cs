using Aviso.Dns;
using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

/// <summary>An SPF record read as a whole, for its owner.</summary>
public static class SpfSurveyTests
{
    private static async Task<SpfSurvey> OfAsync(FakeZone zone) => await SpfSurvey.OfAsync(zone, "example.org", default);

    [Fact]
    public static async Task Terms_are_found_in_whatever_is_included()
    {
        var survey = await OfAsync(new FakeZone().Txt("example.org", "v=spf1 +include:A.example redirect=b.example")
            .Txt("a.example", "v=spf1 ip4:192.0.2.1/32 -all")
            .Txt("b.example", "v=spf1 a:h.example ?ip4:192.0.2.9 -all").A("h.example", "192.0.2.2"));
        Assert.Equal((SpfTrouble.None, 3), (survey.Trouble, survey.Lookups));
        Assert.True(survey.Has("include:a.example") && survey.Has("ip4:192.0.2.1 a:h.example"));
        // What does not pass lets nobody send.
        Assert.False(survey.Has("ip4:192.0.2.9"));
    }

    [Theory]
    [InlineData(SpfTrouble.NoRecord, 0)]
    [InlineData(SpfTrouble.Several, 0, "v=spf1 -all", "v=spf1 mx -all")]
    [InlineData(SpfTrouble.Broken, 0, "v=spf1 ip4:1.2.3 -all")]
    [InlineData(SpfTrouble.Broken, 1, "v=spf1 include:none.example -all")]
    [InlineData(SpfTrouble.None, 10, "v=spf1 include:loop1.example -all")]
    [InlineData(SpfTrouble.TooManyLookups, 11, "v=spf1 a:there.example include:loop1.example -all")]
    [InlineData(SpfTrouble.None, 2, "v=spf1 a:x.example mx:y.example -all")]
    [InlineData(SpfTrouble.TooManyVoids, 3, "v=spf1 a:x.example mx:y.example exists:z.example -all")]
    [InlineData(SpfTrouble.None, 1, "v=spf1 exists:%{i}.x.example -all")]
    [InlineData(SpfTrouble.None, 0, "v=spf1 -all include:none.example")]
    [InlineData(SpfTrouble.NotAnswered, 1, "v=spf1 include:silent.example -all")]
    public static async Task What_is_wrong_is_named_and_lookups_are_counted(SpfTrouble trouble, int lookups, params string[] records)
    {
        var zone = new FakeZone().Fail("silent.example", DnsStatus.Timeout).A("there.example", "192.0.2.1");
        foreach (var record in records) zone.Txt("example.org", record);
        for (var i = 1; i < 10; i++) zone.Txt($"loop{i}.example", $"v=spf1 include:loop{i + 1}.example -all");
        zone.Txt("loop10.example", "v=spf1 ip4:192.0.2.1 -all");
        var survey = await OfAsync(zone);
        Assert.Equal((trouble, lookups), (survey.Trouble, survey.Lookups));
    }

    [Fact]
    public static async Task A_circle_of_includes_ends()
    {
        var survey = await OfAsync(new FakeZone().Txt("example.org", "v=spf1 include:a.example include:a.example -all")
            .Txt("a.example", "v=spf1 include:example.org -all"));
        Assert.Equal(SpfTrouble.TooManyLookups, survey.Trouble);
    }

    [Fact]
    public static async Task Plus_all_counts_in_the_own_record_only()
    {
        Assert.True((await OfAsync(new FakeZone().Txt("example.org", "v=spf1 all"))).AllowsEverybody);
        Assert.False((await OfAsync(new FakeZone().Txt("example.org", "v=spf1 include:a.example -all")
            .Txt("a.example", "v=spf1 +all"))).AllowsEverybody);
    }

    private static FakeZone Others => new FakeZone().Txt("a.example", "v=spf1 mx include:b.example -all").Mx("a.example", 1, "x.example")
        .Txt("b.example", "v=spf1 a:x.example -all").A("x.example", "192.0.2.1").Txt("twice.example", "v=spf1 -all")
        .Txt("twice.example", "v=spf1 ~all").Txt("loop.example", "v=spf1 include:loop.example -all").Txt("r.example",
            "v=spf1 redirect=a.example");

    [Theory]
    [InlineData("v=spf1 ip4:192.0.2.1 -all", 0, 0, "")]
    [InlineData("v=spf1 include:a.example -all", 4, 0, "include:a.example 4")]
    [InlineData("v=spf1 include:a.example include:b.example ~all", 6, 0, "include:a.example 4, include:b.example 2")]
    [InlineData("v=spf1 include:r.example ~all", 5, 0, "include:r.example 5")]
    [InlineData("v=spf1 exists:%{i}.list.example -all", 1, 0, "exists:%{i}.list.example 1")]
    [InlineData("v=spf1 a:gone.example mx:gone.example ~all", 2, 2, "a:gone.example 1, mx:gone.example 1")]
    [InlineData("v=spf1 redirect=b.example", 2, 0, "")]
    [InlineData("v=spf1 -all redirect=b.example", 0, 0, "")]
    [InlineData("v=spf1 -all include:a.example", 0, 0, "")]
    public static async Task A_record_that_is_not_published_yet_is_counted_through_its_includes(
        string text, int lookups, int voids, string costs)
    {
        var survey = await SpfSurvey.OfAsync(Others, "example.org", text, default);
        Assert.Equal((lookups, voids, costs, "", SpfTrouble.None),
            (survey.Lookups, survey.Voids.Count, string.Join(", ", survey.Costs), survey.Problem, survey.Trouble));
    }

    [Theory]
    [InlineData("v=spf1 include:gone.example -all", SpfTrouble.Broken, "has no SPF record")]
    [InlineData("v=spf1 include:twice.example -all", SpfTrouble.Broken, "twice.example has 2 SPF records")]
    [InlineData("v=spf1 include:a.example include:a.example include:a.example -all", SpfTrouble.TooManyLookups, "12 lookups")]
    [InlineData("v=spf1 a:1.example a:2.example a:3.example -all", SpfTrouble.TooManyVoids, "3 of its lookups have no answer")]
    [InlineData("v=spf1 include:loop.example -all", SpfTrouble.TooManyLookups, "40 or more lookups")]
    [InlineData("v=spf1 ip4:nonsense -all", SpfTrouble.Broken, "ip4:nonsense")]
    [InlineData("v=spf1 mx:many.example -all", SpfTrouble.Broken, "more than 10 MX records")]
    public static async Task What_every_receiver_ends_with_an_error_for_is_said(string text, SpfTrouble trouble, string problem)
    {
        var zone = Others;
        for (ushort i = 0; i < 11; i++) zone.Mx("many.example", i, $"mx{i}.example");
        var survey = await SpfSurvey.OfAsync(zone, "example.org", text, default);
        Assert.Equal(trouble, survey.Trouble);
        Assert.Contains(problem, survey.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public static async Task A_dns_that_does_not_answer_is_no_problem_of_the_record_and_hides_none()
    {
        var zone = Others.Fail("b.example", DnsStatus.ServFail);
        Assert.Equal(SpfTrouble.NotAnswered,
            (await SpfSurvey.OfAsync(zone, "example.org", "v=spf1 include:a.example -all", default)).Trouble);
        var many = "v=spf1 " + string.Concat(Enumerable.Repeat("include:a.example ", 4)) + "-all";
        Assert.Equal(SpfTrouble.TooManyLookups, (await SpfSurvey.OfAsync(zone, "example.org", many, default)).Trouble);
    }

    [Theory]
    [InlineData("include:spf.example", true)]
    [InlineData("include:a.example ip4:192.0.2.0/24", true)]
    [InlineData("v=spf1 include:a.example", false)]
    [InlineData("include:a.example -all", false)]
    [InlineData("-include:a.example", false)]
    [InlineData("redirect=a.example", false)]
    public static void Settings_name_mechanisms_that_let_send(string terms, bool good) => Assert.Equal(good, SpfText.AreSenders(terms));

    [Theory]
    [InlineData("ip6:2001:DB8::1", "ip6:2001:db8:0::1")]
    [InlineData("+ip4:192.0.2.1/32", "ip4:192.0.2.1")]
    public static async Task A_term_is_the_same_however_it_is_written(string written, string wanted) =>
        Assert.True((await SpfSurvey.OfAsync(new FakeZone(), "example.org", $"v=spf1 {written} -all", default)).Has(wanted));
}
