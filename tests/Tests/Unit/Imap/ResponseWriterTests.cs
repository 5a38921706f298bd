using System.IO.Pipelines;
using System.Net;
using System.Text;
using Aviso.Imap;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

public sealed class ResponseWriterTests
{
    /// <summary>A text that did not fit into the piece at hand once left a gap filled with somebody's old mail.</summary>
    [Fact]
    public async Task Texts_of_any_length_follow_one_another_across_pieces()
    {
        var wire = new Pipe(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
        await using var connection = new WireConnection(
            "test", new WireOrigin(ListenerKind.Imap, new(IPAddress.Loopback, 1), new(IPAddress.Loopback, 143)),
            new Duplex(new Pipe().Reader, wire.Writer), TimeProvider.System);
        var writer = new ResponseWriter(connection, TimeSpan.FromSeconds(10));
        var expected = new StringBuilder();
        var chance = new Random(9051);
        for (var i = 0; i < 5_000; i++)
        {
            var text = new string((char)('a' + (i % 26)), chance.Next(0, 900));
            writer.Text(text).Number(i).Byte(' ');
            expected.Append(text).Append(i).Append(' ');
        }
        await writer.FlushAsync();
        await wire.Writer.CompleteAsync();
        var read = await wire.Reader.ReadAtLeastAsync(expected.Length);
        Assert.Equal(expected.ToString(), Encoding.ASCII.GetString(read.Buffer));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
