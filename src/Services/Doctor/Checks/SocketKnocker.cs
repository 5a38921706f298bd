using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>Knocks by TCP: waits for the greeting, does TLS (at once, or by STARTTLS where offered), and leaves in order.</summary>
public sealed class SocketKnocker : IDoorKnocker
{
    private const int MostOctets = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task<DoorAnswer> KnockAsync(Door door, string name, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(door.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(door.Address, patience.Token);
            if (door.Proxied) await socket.SendAsync("PROXY UNKNOWN\r\n"u8.ToArray(), patience.Token);
            await using var plain = new NetworkStream(socket);
            if (!ListenerKinds.IsImplicitTls(door.Kind)) return await GreetAsync(door.Kind, plain, name, patience.Token);
            await using var tls = await TlsAsync(plain, name, patience.Token);
            return door.Kind == ListenerKind.Https ? new(true, "TLS") : await GreetAsync(door.Kind, tls, null, patience.Token);
        }
        catch (AuthenticationException e)
        {
            return new(false, e.Message, e.Message);
        }
        catch (Exception e) when (e is SocketException or IOException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return new(false, e is OperationCanceledException ? $"nothing within {Patience.TotalSeconds:0} s" : e.Message);
        }
    }

    // Whose certificate it is and who issued it is looked at elsewhere.
    private static async Task<SslStream> TlsAsync(Stream plain, string name, CancellationToken cancel)
    {
        var tls = new SslStream(plain, true, (_, _, _, _) => true);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name }, cancel);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <param name="name">STARTTLS is tried with it; null: TLS has been spoken already.</param>
    private static async Task<DoorAnswer> GreetAsync(ListenerKind kind, Stream stream, string? name, CancellationToken cancel)
    {
        if (kind is ListenerKind.Http or ListenerKind.Metrics) await SayAsync(stream, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", cancel);
        var line = (await ReadAsync(stream, cancel)).Split('\r', '\n')[0];
        if (!IsGreeting(kind, line)) return new(false, line.Length == 0 ? "closed without a word" : line);
        if (name is not null && await StartsTlsAsync(kind, stream, cancel))
        {
            await using var tls = await TlsAsync(stream, name, cancel);
            await ByeAsync(kind, tls, cancel);
        }
        else await ByeAsync(kind, stream, cancel);
        return new(true, line);
    }

    // Of SMTP (RFC 3207) and IMAP (RFC 9051 §6.2.1).
    private static async Task<bool> StartsTlsAsync(ListenerKind kind, Stream stream, CancellationToken cancel)
    {
        if (kind == ListenerKind.Imap)
        {
            await SayAsync(stream, "a STARTTLS\r\n", cancel);
            return (await ReadAsync(stream, cancel)).StartsWith("a OK", StringComparison.Ordinal);
        }
        if (kind is not (ListenerKind.Smtp or ListenerKind.Submission)) return false;
        await SayAsync(stream, "EHLO [127.0.0.1]\r\n", cancel);
        if (!(await ReadAsync(stream, cancel)).Contains("STARTTLS", StringComparison.OrdinalIgnoreCase)) return false;
        await SayAsync(stream, "STARTTLS\r\n", cancel);
        return (await ReadAsync(stream, cancel)).StartsWith("220", StringComparison.Ordinal);
    }

    private static async Task ByeAsync(ListenerKind kind, Stream stream, CancellationToken cancel)
    {
        var bye = kind switch
        {
            ListenerKind.Imap or ListenerKind.Imaps => "a LOGOUT\r\n",
            ListenerKind.ManageSieve => "LOGOUT\r\n",
            ListenerKind.Http or ListenerKind.Metrics => "",
            _ => "QUIT\r\n",
        };
        if (bye.Length == 0) return;
        await SayAsync(stream, bye, cancel);
        await ReadAsync(stream, cancel);
    }

    private static async Task SayAsync(Stream stream, string text, CancellationToken cancel) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancel);

    /// <summary>Up to the end of a reply, or of the connection.</summary>
    private static async Task<string> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[MostOctets];
        for (var length = 0; ;)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancel);
            length += read;
            var text = Encoding.Latin1.GetString(buffer, 0, length);
            if (read == 0 || length == buffer.Length || IsWhole(text)) return text;
        }
    }

    // The last line is no continuation (RFC 5321 §4.2: a dash behind the code).
    private static bool IsWhole(string text) => text.EndsWith('\n')
        && text.TrimEnd('\r', '\n').Split('\n')[^1] is var last && !(last.Length > 3 && char.IsAsciiDigit(last[0]) && last[3] == '-');

    private static bool IsGreeting(ListenerKind kind, string line) => kind switch
    {
        ListenerKind.Imap or ListenerKind.Imaps => line.StartsWith("* OK", StringComparison.Ordinal),
        ListenerKind.Http or ListenerKind.Metrics => line.StartsWith("HTTP/", StringComparison.Ordinal),
        ListenerKind.Pop3 or ListenerKind.Pop3s => line.StartsWith("+OK", StringComparison.Ordinal),
        ListenerKind.ManageSieve => line.StartsWith('"'),
        _ => line.StartsWith("220", StringComparison.Ordinal),
    };
}
