using System.Text;
using Aviso.Smtp;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Oracle: never throws; a finished reply has a code of 200-599 and a text that can stand in a log line.</summary>
public static class RemoteReplyFuzz
{
    [Fact]
    public static void Replies_of_any_octets_are_read_or_refused() => Mutator.Run(
        [
            Encoding.ASCII.GetBytes("250-mx.test\n250-SIZE 1000\n250-LIMITS RCPTMAX=5\n250-AUTH PLAIN LOGIN\n250 STARTTLS\n"),
            Encoding.ASCII.GetBytes("550-5.1.1 no such\n550 5.1.1 user\n"),
            Encoding.ASCII.GetBytes("421 4.3.2 bye\n354\n"),
        ], 5_000, Check);

    private static void Check(byte[] octets)
    {
        var reader = new RemoteReplyReader();
        foreach (var line in Encoding.Latin1.GetString(octets).Split('\n'))
        {
            var step = reader.Add(Encoding.Latin1.GetBytes(line));
            if (step == RemoteReplyReader.Step.Garbled) return;
            if (step == RemoteReplyReader.Step.More) continue;
            var reply = reader.Finish();
            Assert.InRange(reply.Code, 200, 599);
            Assert.True(reply.Text.Length <= 1000);
            Assert.DoesNotContain(reply.Text, char.IsControl);
            if (reply.Enhanced is { } enhanced) Assert.Equal(reply.Code / 100, enhanced.Class);
            Assert.InRange(PeerFeatures.Read(reader.Lines).MaxRecipients, 1, int.MaxValue);
            return;
        }
    }
}
