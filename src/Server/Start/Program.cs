using Aviso.Verbs;

namespace Aviso;

internal static class Program
{
    private static Task<int> Main(string[] args) =>
        CommandTree.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
}
