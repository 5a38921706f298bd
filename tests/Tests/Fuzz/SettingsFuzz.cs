using System.Diagnostics;
using System.Text;
using Aviso.Settings;
using Aviso.Tests.Unit.Server;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Settings of any octets: never an exception; either settings, or problems that each have a text and a place in the
/// file.</summary>
public sealed class SettingsFuzz
{
    private static readonly string[] Seeds =
    [
        SettingsText.Good, SettingsManual.Sample(SampleNames.Example), "a: &b [*b, {<<: *c}]\n", "? [x]\n: {y}\n--- !t |\n z\n...\n",
        "hostname: \"\\u0000\\x\"\ntls: {key: file:\0}\n", "listeners:\n  - kind: smtp\n    address: '[::1%25]:99999'\n", "\t%YAML 9.9\n@`",
    ];

    [Fact]
    public void Seeds_and_mutations_never_throw_and_every_problem_has_a_place()
    {
        var seconds = int.TryParse(Environment.GetEnvironmentVariable("AVISO_FUZZ_SECONDS"), out var s) ? s : 0;
        var clock = Stopwatch.StartNew();
        var round = 1;
        do
        {
            foreach (var seed in Seeds)
            {
                var octets = Encoding.UTF8.GetBytes(seed);
                Check(octets);
                foreach (var mutant in Mutator.Mutate(octets, 300, round)) Check(mutant);
            }
            round++;
        }
        while (clock.Elapsed.TotalSeconds < seconds);
    }

    private static void Check(byte[] octets)
    {
        var load = SettingsFile.Parse(octets, "fuzz.yaml", "/", SettingsText.References);
        if (load.Settings is not null)
        {
            Assert.Empty(load.Problems);
            return;
        }
        Assert.NotEmpty(load.Problems);
        var lines = octets.Count(o => o is (byte)'\n' or (byte)'\r') + 3;
        foreach (var problem in load.Problems)
        {
            Assert.NotEmpty(problem.Text);
            Assert.InRange(problem.Place.Line, 1, lines + octets.Length / 2);
            Assert.True(problem.Place.Column >= 1);
        }
    }
}
