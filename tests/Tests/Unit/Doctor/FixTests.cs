using System.Text.RegularExpressions;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>What a finding says is to be done, done to the letter, ends it.</summary>
public static partial class FixTests
{
    // One that breaks many things at once is mended by what none of them names.
    public static TheoryData<string> Names => [.. Faults.All.Concat(Faults.Information).Where(f => f.Codes.Length <= 3)
        .Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public static async Task A_record_that_a_finding_names_ends_it(string name)
    {
        using var world = await DoctorWorld.MakeAsync();
        Faults.All.Concat(Faults.Information).Single(f => f.Name == name).Spoil(world.State);
        await world.LookAsync();
        // Some faults need several records, one after the other.
        for (var round = 0; round < 3; round++)
        {
            var named = world.Book.Standing.Select(s => s.Finding).Where(f => Record().IsMatch(f.Act)).ToList();
            foreach (var finding in named) Publish(world.State, Record().Match(finding.Act));
            await world.LookAsync();
            foreach (var finding in named) Assert.DoesNotContain(world.Book.Standing, s => s.Finding.Key == finding.Key
                && s.Finding.Act == finding.Act);
        }
        Assert.DoesNotContain(world.Book.Standing, s => Record().IsMatch(s.Finding.Act));
    }

    [Fact]
    public static async Task Most_findings_about_records_name_one()
    {
        var named = new HashSet<FindingCode>();
        foreach (var fault in Faults.All)
        {
            using var world = await DoctorWorld.MakeAsync();
            fault.Spoil(world.State);
            await world.LookAsync();
            named.UnionWith(world.Book.Standing.Where(s => Record().IsMatch(s.Finding.Act)).Select(s => s.Finding.Code));
        }
        Assert.InRange(named.Count, 12, 100);
    }

    private static void Publish(DoctorState state, Match record)
    {
        var (name, type, value) = (record.Groups[1].Value, record.Groups[2].Value, record.Groups[3].Value);
        switch (type)
        {
            // Beside SPF nothing of ours stands at the domain but MX.
            case "TXT" when name == DoctorState.Domain:
                state.Texts(name, value.Trim('"'));
                break;
            case "TXT":
                // A key that waits signs once its record is there.
                state.Keys[0] = state.Keys[0] with { State = "signing" };
                state.Zone.Remove(name).Txt(name, value.Trim('"'));
                break;
            case "MX":
                var texts = state.Zone.QueryAsync(name, Aviso.Dns.DnsType.Txt, default).AsTask().Result.Of<Aviso.Dns.TxtRecord>()
                    .Select(t => t.Text).ToList();
                state.Zone.Remove(name).Mx(name, 10, value.Split(' ')[1]);
                foreach (var text in texts) state.Zone.Txt(name, text);
                break;
            case "PTR":
                state.Zone.Remove(name).Add(new Aviso.Dns.PtrRecord(name, 300, value.TrimEnd('.')));
                break;
        }
    }

    [GeneratedRegex(@"^(\S+)\. (TXT|MX|PTR) (.+)$")]
    private static partial Regex Record();
}
