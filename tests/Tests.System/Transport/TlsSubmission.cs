using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Tests.System.Transport;

/// <summary>One message through a listener of kind submissions, with parameters that ordinary clients do not send.</summary>
internal static class TlsSubmission
{
    /// <param name="parameters">After MAIL FROM, such as " REQUIRETLS".</param>
    public static async Task SendAsync(AvisoServer server, string to, string subject, string parameters = "", string field = "")
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", server.Port("submissions"));
        await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mail.example.test");
        using var reader = new StreamReader(tls, Encoding.Latin1, leaveOpen: true);
        await ExpectAsync("220");
        await SayAsync("EHLO client.test", "250");
        await SayAsync(
            "AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0alice@example.test\0{AvisoServer.Password}")), "235");
        await SayAsync($"MAIL FROM:<alice@example.test>{parameters}", "250");
        await SayAsync($"RCPT TO:<{to}>", "250");
        await SayAsync("DATA", "354");
        await SayAsync($"From: alice@example.test\r\nTo: {to}\r\nSubject: {subject}\r\n{field}\r\nhello\r\n.", "250");
        await SayAsync("QUIT", "221");

        async Task SayAsync(string line, string code)
        {
            await tls.WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"));
            await ExpectAsync(code);
        }

        async Task ExpectAsync(string code)
        {
            string? line;
            do line = await reader.ReadLineAsync();
            while (line is { Length: > 3 } && line[3] == '-');
            if (line?.StartsWith(code, StringComparison.Ordinal) != true) throw new InvalidOperationException($"expected {code}: {line}");
        }
    }
}
