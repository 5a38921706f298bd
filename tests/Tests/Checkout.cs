namespace Aviso.Tests;

/// <summary>Where this checkout stands: found by walking up from the test binary to Aviso.slnx.</summary>
public static class Checkout
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Aviso.slnx"))) return folder.FullName;
        throw new InvalidOperationException("the test binary does not stand inside a checkout");
    }
}
