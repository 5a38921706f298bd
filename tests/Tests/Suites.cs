using Xunit;

namespace Aviso.Tests;

/// <summary>
/// Finds the public test suites, which are never part of this checkout: in AVISO_SUITES, or in <c>../shared/suites</c> beside
/// a folder above the test binary. A suite that is not there skips the test with a visible reason.
/// </summary>
public static class Suites
{
    /// <summary>The folder of suite <paramref name="name"/>; skips the running test when it is not on this machine.</summary>
    public static string Find(string name)
    {
        var path = Root() is { } root ? Path.Combine(root, name) : null;
        if (path is null || !Directory.Exists(path))
            Assert.Skip($"suite {name} is not on this machine (set AVISO_SUITES to the folder that holds it)");
        return path;
    }

    private static string? Root()
    {
        if (Environment.GetEnvironmentVariable("AVISO_SUITES") is { Length: > 0 } given) return given;
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var candidate = Path.Combine(at.FullName, "shared", "suites");
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }
}
