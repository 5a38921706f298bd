using System.Net;
using System.Net.Sockets;

namespace Aviso.Tests.System.Peers;

/// <summary>Ports of 127.0.0.1 that nobody listens on, for peers that cannot choose one themselves.</summary>
internal static class FreePort
{
    public static int Next()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    public static bool Answers(int port, string address = "127.0.0.1")
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Parse(address), port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
