using Aviso.Server;
using Aviso.Verbs;

namespace Aviso;

internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        StandardStreams.Complete();
        return CommandTree.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
    }
}
