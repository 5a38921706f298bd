using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Aviso.Base;

namespace Aviso.Spam;

/// <summary>Where clamd listens.</summary>
/// <param name="Path">Of a UNIX socket; null for TCP.</param>
public sealed record ClamdAddress(string? Path, string Host, int Port)
{
    /// <summary>"unix:/run/clamav/clamd.ctl", "127.0.0.1:3310", "[::1]:3310" or "clamav:3310".</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ClamdAddress? address)
    {
        address = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            // sun_path holds 108 octets with its end.
            if (text.Length is < 7 or > 112 || text[5] != '/') return false;
            address = new(text[5..], "", 0);
            return true;
        }
        var colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var port)
            || port == 0) return false;
        var host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal)) return false;
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown) return false;
        address = new(null, host, port);
        return true;
    }

    public override string ToString() =>
        Path is not null ? $"unix:{Path}" : Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>One question to clamd: a connection, INSTREAM, the message in pieces, one reply (clamd(8)).</summary>
internal static class ClamdClient
{
    private const int PieceOctets = 64 * 1024;

    /// <exception cref="SocketException">clamd cannot be reached, or went away.</exception>
    /// <exception cref="IOException">It closed without an answer.</exception>
    public static async Task<ClamdReply> ScanAsync(ClamdAddress address, SpooledBody body, CancellationToken cancel)
    {
        using var socket = await ConnectAsync(address, cancel);
        try
        {
            await SendAsync(socket, body, cancel);
        }
        catch (SocketException)
        {
            // It may have said why before it closed, such as that the message is too large.
        }
        return ClamdReply.Parse(await OctetsAsync(socket, cancel));
    }

    /// <summary>It says PONG: it lives, and has a thread to spare.</summary>
    public static async Task<bool> PingAsync(ClamdAddress address, CancellationToken cancel)
    {
        using var socket = await ConnectAsync(address, cancel);
        await AllAsync(socket, "zPING\0"u8.ToArray(), cancel);
        return (await OctetsAsync(socket, cancel)).AsSpan().StartsWith("PONG"u8);
    }

    private static async Task<Socket> ConnectAsync(ClamdAddress address, CancellationToken cancel)
    {
        var socket = address.Path is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (address.Path is { } path) await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            else await socket.ConnectAsync(address.Host, address.Port, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task SendAsync(Socket socket, SpooledBody body, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PieceOctets + 4);
        try
        {
            await AllAsync(socket, "zINSTREAM\0"u8.ToArray(), cancel);
            long at = 0;
            while (true)
            {
                var read = at < body.Length ? body.Read(at, buffer.AsSpan(4, PieceOctets)) : 0;
                BinaryPrimitives.WriteInt32BigEndian(buffer, read);
                await AllAsync(socket, buffer.AsMemory(0, read + 4), cancel);
                if (read == 0) return;
                at += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task AllAsync(Socket socket, ReadOnlyMemory<byte> octets, CancellationToken cancel)
    {
        while (!octets.IsEmpty) octets = octets[await socket.SendAsync(octets, SocketFlags.None, cancel)..];
    }

    // Up to its NUL.
    private static async Task<byte[]> OctetsAsync(Socket socket, CancellationToken cancel)
    {
        var reply = new byte[ClamdReply.MostOctets];
        var length = 0;
        while (length < reply.Length && reply.AsSpan(0, length).IndexOf((byte)0) < 0)
        {
            var read = await socket.ReceiveAsync(reply.AsMemory(length), SocketFlags.None, cancel);
            if (read == 0) break;
            length += read;
        }
        return length > 0 ? reply[..length] : throw new IOException("it closed without an answer");
    }
}
