using Xunit;

namespace Aviso.Tests.Unit.House;

internal static class Findings
{
    /// <summary>Pages that the symbols write follow the code before it is shared, as generated pages do: a fast build does not wait for
    /// them.</summary>
    public static void NotInTheInnerLoop() => Assert.SkipWhen(
        Environment.GetEnvironmentVariable("AVISO_FAST") == "1" && Environment.GetEnvironmentVariable("AVISO_WRITE") != "1",
        "a fast build does not look whether docs/architecture.md and docs/changing.md are current: ./dev rooms writes them, ./dev test looks");

    /// <summary>A ceiling follows the count down before the code is shared; a fast build only looks that nothing grows.</summary>
    public static void Lower(bool isLow, string what) =>
        Assert.True(isLow || Environment.GetEnvironmentVariable("AVISO_FAST") == "1", what);

    /// <summary>Fails with every line: who broke a habit of the house wants to see all places at once.</summary>
    public static void None(IEnumerable<string> lines)
    {
        var all = lines.ToList();
        if (all.Count > 0) Assert.Fail(string.Join('\n', all));
    }
}
