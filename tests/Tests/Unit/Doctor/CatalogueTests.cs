using System.Text.RegularExpressions;
using Aviso.Doctor;
using Aviso.Verbs;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

public static partial class CatalogueTests
{
    /// <summary>What no fault of the matrix raises, since it takes time or happens by itself, each with its test.</summary>
    private static readonly Dictionary<FindingCode, string> Elsewhere = new()
    {
        [FindingCode.ResolverNoDnssec] = nameof(InformationTests.A_resolver_that_does_not_validate_is_worth_knowing),
        [FindingCode.DiskFilling] = nameof(FindingBookTests.A_disk_that_fills_is_told_days_before),
        [FindingCode.ClockJumped] = nameof(FindingBookTests.A_clock_that_jumps_is_told),
        [FindingCode.ResolverSlow] = nameof(FindingBookTests.A_resolver_that_is_slow_twice_is_told),
        [FindingCode.OwnRelayRefused] = nameof(OwnWatchTests.A_refusal_of_one_of_ours_is_a_finding_that_names_it),
        [FindingCode.OwnSenderRefused] = nameof(OwnWatchTests.A_refusal_of_one_of_ours_is_a_finding_that_names_it),
        [FindingCode.OwnRefused] = nameof(OwnWatchTests.A_refusal_of_one_of_ours_is_a_finding_that_names_it),
        [FindingCode.OwnLoginFailed] = nameof(OwnWatchTests.A_failed_login_of_ours_is_a_finding_and_one_of_strangers_is_not),
        [FindingCode.RelayDropped] = nameof(RelayEventFindingsTests.What_a_relay_drops_is_a_finding_that_names_the_way_out),
        [FindingCode.RelaySwitchedBack] = nameof(RelayEventFindingsTests.A_switch_that_went_back_is_a_finding_that_says_why),
        [FindingCode.RelayComplaint] = nameof(RelayEventFindingsTests.A_complaint_is_a_finding_for_a_day),
        [FindingCode.EventsNotDelivered] =
            nameof(EventDeskTests.A_target_that_is_away_gets_everything_once_it_is_back_and_is_a_finding_meanwhile),
    };

    [Fact]
    public static void Every_code_is_raised_by_a_fault()
    {
        var raised = Faults.All.Concat(Faults.Information).SelectMany(f => f.Codes).Concat(Elsewhere.Keys).ToHashSet();
        Assert.Equal("", string.Join(' ', FindingCode.All.Where(c => !raised.Contains(c))));
    }

    [Fact]
    public static async Task Every_code_belongs_to_one_check_or_happens_by_itself()
    {
        using var world = await DoctorWorld.MakeAsync();
        var owned = world.Checks.SelectMany(c => c.Codes).ToList();
        Assert.Equal(owned.Count, owned.Distinct().Count());
        var alone = FindingCode.All.Except(owned).Select(c => c.Word);
        Assert.Equal(["doctor-check-failed", "events-not-delivered", "own-login-failed", "own-refused", "own-relay-refused",
            "own-sender-refused", "relay-complaint", "relay-dropped", "relay-switched-back"],
            alone.Order(StringComparer.Ordinal));
    }

    [Fact]
    public static void Codes_are_words_that_can_be_labels_and_say_what_they_mean()
    {
        Assert.All(FindingCode.All, c => Assert.Matches("^[a-z]+(-[a-z]+)+$", c.Word));
        Assert.All(FindingCode.All, c => Assert.True(c.Means.EndsWith('.') && c.ToDo.EndsWith('.'), c.Word));
        Assert.Equal(FindingCode.All.Count, FindingCode.All.Select(c => c.Word).Distinct().Count());
        Assert.All(FindingCode.All, c => Assert.Contains($"### {c.Word}\n", DoctorManual.Page(), StringComparison.Ordinal));
    }

    /// <summary>docs/coverage.md: what looks like a code is one, and every row says where it is or why not.</summary>
    [Fact]
    public static void The_page_of_coverage_names_codes_that_exist()
    {
        var rows = File.ReadAllLines(Path.Combine(Checkout.Root, "docs", "coverage.md"))
            .Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => l.Split('|')).Where(c =>
                c[2].Trim() is not ("Here" or "")).ToList();
        Assert.InRange(rows.Count, 30, 200);
        var named = rows.SelectMany(r => Code().Matches(r[2])).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.InRange(named.Count, 40, 200);
        Assert.Empty(named.Where(n => FindingCode.Find(n) is null));
    }

    [GeneratedRegex("`([a-z]+(?:-[a-z]+)+)`")]
    private static partial Regex Code();

    /// <summary>docs/incidents.md: every row names a code that exists and a test that exists.</summary>
    [Fact]
    public static void The_page_of_incidents_names_codes_and_tests_that_exist()
    {
        var page = File.ReadAllLines(Path.Combine(Checkout.Root, "docs", "incidents.md"))
            .Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Skip(1).ToList();
        Assert.InRange(page.Count, 20, 200);
        var tests = string.Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        Assert.All(page, row =>
        {
            var cells = row.Split('|', StringSplitOptions.TrimEntries);
            var codes = Quoted().Matches(cells[3]).Select(m => m.Groups[1].Value).ToList();
            Assert.All(codes, code => Assert.NotNull(FindingCode.Find(code)));
            var named = Quoted().Matches(cells[4]).Select(m => m.Groups[1].Value).ToList();
            Assert.True(named.Count > 0, row);
            Assert.All(named, name => Assert.Contains(name, tests, StringComparison.Ordinal));
        });
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
