using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Doctor;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Knocking at listeners on loopback: a server of one script each.</summary>
public static class KnockerTests
{
    [Theory]
    [InlineData(ListenerKind.Smtp, "220 here\r\n", true)]
    [InlineData(ListenerKind.Smtp, "421 busy\r\n", false)]
    [InlineData(ListenerKind.Imap, "* OK here\r\n", true)]
    [InlineData(ListenerKind.Imap, "* BYE\r\n", false)]
    [InlineData(ListenerKind.ManageSieve, "\"IMPLEMENTATION\" \"x\"\r\n", true)]
    [InlineData(ListenerKind.Smtp, "", false)]
    public static async Task A_greeting_is_one_or_not(ListenerKind kind, string greeting, bool greets)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, greeting, "500 no\r\n");
        var answer = await new SocketKnocker().KnockAsync(new(kind, (IPEndPoint)listener.LocalEndpoint), "mail.example.org", default);
        await serving;
        Assert.Equal((greets, null), (answer.Greets, answer.TlsProblem));
    }

    [Fact]
    public static async Task Starttls_that_fails_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, "220 here\r\n", "250-here\r\n250 STARTTLS\r\n", "220 go\r\n", "this is no TLS\r\n");
        var answer = await new SocketKnocker().KnockAsync(new(ListenerKind.Smtp, (IPEndPoint)listener.LocalEndpoint), "mail.example.org", default);
        await serving;
        Assert.False(answer.Greets);
    }

    [Fact]
    public static async Task Nobody_there_is_silence()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var at = (IPEndPoint)listener.LocalEndpoint;
        listener.Stop();
        Assert.False((await new SocketKnocker().KnockAsync(new(ListenerKind.Smtp, at), "mail.example.org", default)).Greets);
    }

    // The first text at once, each other one after something came.
    private static async Task ServeAsync(TcpListener listener, params string[] texts)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(texts[0]));
            if (texts[0].Length == 0) return;
            foreach (var text in texts.Skip(1))
            {
                if (await stream.ReadAsync(new byte[4096]) == 0) return;
                await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
            }
        }
        catch (IOException)
        {
            // It has heard enough.
        }
    }
}
