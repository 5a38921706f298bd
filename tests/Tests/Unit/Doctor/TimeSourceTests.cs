using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>A time server's answers (RFC 4330).</summary>
public static class TimeSourceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(90)]
    [InlineData(-3600)]
    public static async Task A_clock_is_compared_with_a_server_on_loopback(int ahead)
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var serving = AnswerAsync(server, TimeSpan.FromSeconds(ahead));
        var source = new NtpSource(() => $"127.0.0.1:{((IPEndPoint)server.Client.LocalEndPoint!).Port}", TimeProvider.System);
        var found = await source.AheadAsync(TestContext.Current.CancellationToken);
        await serving;
        Assert.InRange((found!.Value - TimeSpan.FromSeconds(ahead)).TotalSeconds, -5, 5);
    }

    [Fact]
    public static void What_is_no_answer_to_our_question_is_none()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var good = new byte[48];
        (good[0], good[1]) = (0x24, 2);
        var asked = new byte[8];
        Assert.NotNull(NtpSource.Read(good, asked, now, now));
        Assert.Null(NtpSource.Read(good.AsSpan(0, 47), asked, now, now));
        Assert.Null(NtpSource.Read(good, [1, 0, 0, 0, 0, 0, 0, 0], now, now));
        foreach (var (at, value) in ((int, byte)[])[(0, 0x23), (1, 0), (1, 16)])
        {
            var bad = (byte[])good.Clone();
            bad[at] = value;
            Assert.Null(NtpSource.Read(bad, asked, now, now));
        }
    }

    [Fact]
    public static async Task Nobody_is_asked_unless_the_settings_name_somebody() =>
        Assert.Null(await new NtpSource(() => null, TimeProvider.System).AheadAsync(default));

    private static async Task AnswerAsync(UdpClient server, TimeSpan ahead)
    {
        var question = await server.ReceiveAsync();
        var reply = new byte[48];
        (reply[0], reply[1]) = (0x24, 1);
        question.Buffer.AsSpan(40, 8).CopyTo(reply.AsSpan(24));
        var seconds = (uint)(DateTimeOffset.UtcNow + ahead - new DateTimeOffset(1900, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds;
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(32), seconds);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(40), seconds);
        await server.SendAsync(reply, question.RemoteEndPoint);
    }
}
