using Xunit;

namespace Aviso.Tests.System.MailAuth;

/// <summary>dkimpy, through dkimpy.py; the message goes to its standard input.</summary>
internal static class Dkimpy
{
    public static async Task<string> RunAsync(string message, params string[] arguments)
    {
        if (!File.Exists("/usr/lib/python3/dist-packages/dkim/__init__.py")) Assert.Skip(
            "dkimpy is not installed (Debian package python3-dkim)");
        var run = await Tool.RunAsync(
            Tool.Find("python3", "python3"), [Path.Combine(AppContext.BaseDirectory, "MailAuth", "dkimpy.py"), .. arguments], message);
        return run.MustSucceed().Output;
    }
}
