using System.Text;
using Aviso.Tests.Unit.ManageSieve;
using Aviso.Tests.Unit.Pop3;
using Xunit;

namespace Aviso.Tests.Unit.Net;

/// <summary>A stranger who says much and reads nothing gathers no replies in our memory, in any conversation by lines.</summary>
public sealed class GatheredRepliesTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task Of_pop3()
    {
        await using var host = await Pop3Host.StartAsync(with: o => o with { WritePatience = Short });
        await using var pair = Pop3Host.Connect();
        await EndsAsync(pair, host.Server.RunAsync(pair.Server), "CAPA\r\n");
    }

    [Fact]
    public async Task Of_managesieve()
    {
        await using var host = await ManageSieveHost.StartAsync(o => o with { WritePatience = Short });
        await using var pair = ManageSieveHost.Connect();
        await EndsAsync(pair, host.Server.RunAsync(pair.Server), "CAPABILITY\r\n");
    }

    // Each piece ends in the middle of a command, so that the server always has more to read.
    private static async Task EndsAsync(WirePair pair, Task run, string command)
    {
        var text = string.Concat(Enumerable.Repeat(command, 100_000));
        var sending = pair.SendInPiecesAsync(Encoding.ASCII.GetBytes(text), (command.Length * 100) + 3);
        await run;
        Assert.False(sending.IsCompleted, "it read on while nobody took its replies");
    }
}
