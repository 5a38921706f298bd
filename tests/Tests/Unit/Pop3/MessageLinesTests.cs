using System.Text;
using Aviso.Pop3;
using Xunit;

namespace Aviso.Tests.Unit.Pop3;

/// <summary>RFC 1939 §3: dots, line ends, the end of a reply, in every cut of the octets.</summary>
public sealed class MessageLinesTests
{
    [Theory]
    [InlineData("a: b\r\n\r\nx\r\n", null, "a: b\r\n\r\nx\r\n.\r\n")]
    [InlineData("", null, ".\r\n")]
    [InlineData("a", null, "a\r\n.\r\n")]
    [InlineData("a\r", null, "a\r\r\n.\r\n")]
    [InlineData(".\r\n", null, "..\r\n.\r\n")]
    [InlineData("..a\r\n.b", null, "...a\r\n..b\r\n.\r\n")]
    // A bare LF must not let a dot end the reply for a client that sees a line end there.
    [InlineData("a\n.\nb\r\n", null, "a\r\n..\r\nb\r\n.\r\n")]
    [InlineData("a\rb\r\r\nc", null, "a\rb\r\r\nc\r\n.\r\n")]
    [InlineData("h: 1\r\n\r\na\r\nb\r\nc\r\n", 0, "h: 1\r\n\r\n.\r\n")]
    [InlineData("h: 1\r\n\r\na\r\nb\r\nc\r\n", 2, "h: 1\r\n\r\na\r\nb\r\n.\r\n")]
    [InlineData("h: 1\r\n\r\na\r\nb\r\nc\r\n", 9, "h: 1\r\n\r\na\r\nb\r\nc\r\n.\r\n")]
    [InlineData("h: 1\r\n", 9, "h: 1\r\n.\r\n")]
    [InlineData("\r\n.a\r\n", 1, "\r\n..a\r\n.\r\n")]
    public void Lines_are_written_in_every_cut(string message, int? bodyLines, string wanted)
    {
        var octets = Encoding.ASCII.GetBytes(message);
        for (var piece = 1; piece <= octets.Length + 1; piece++)
        {
            var got = new List<byte>();
            var lines = new MessageLines(o => got.AddRange(o.Span), bodyLines);
            for (var at = 0; at < octets.Length && !lines.IsFull; at += piece)
                lines.Write(octets.AsMemory(at, Math.Min(piece, octets.Length - at)));
            lines.Finish();
            Assert.Equal(wanted, Encoding.ASCII.GetString([.. got]));
        }
    }
}
