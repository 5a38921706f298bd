using System.Buffers;
using System.Net;
using Aviso.Net;
using Microsoft.AspNetCore.Connections;

namespace Aviso.Web;

/// <summary>The PROXY header of a trusted proxy on kind http and https: who is there is the client it names.</summary>
internal static class ProxiedConnections
{
    private const int V2Limit = 536;
    private const int Limit = ProxyHeader.V2Fixed + V2Limit;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>False when the connection is to be closed: a proxy that said nothing in time, or a header that breaks the rules.</summary>
    /// <param name="isRequired">Else what is no header stays unread: on kind http a reverse proxy may begin with its request at once.</param>
    public static async Task<bool> ReadAsync(ConnectionContext connection, Networks proxies, bool isRequired, TimeProvider clock)
    {
        if (connection.RemoteEndPoint is not IPEndPoint peer || !proxies.Contains(peer.Address)) return true;
        using var deadline = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, connection.ConnectionClosed);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(either.Token);
                var first = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, Limit)).ToArray();
                var status = ProxyHeader.Parse(first, V2Limit, out var header, out var length);
                if (status == ProxyStatus.Complete)
                {
                    input.AdvanceTo(read.Buffer.GetPosition(length));
                    if (header?.Source is { } source) connection.RemoteEndPoint = Networks.Normal(source);
                    connection.Features.Set(ProxiedVisit.Instance);
                    return true;
                }
                if (status == ProxyStatus.Invalid && !isRequired && !ProxyHeader.LooksLikeOne(first))
                {
                    input.AdvanceTo(read.Buffer.Start);
                    return true;
                }
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (status == ProxyStatus.Invalid || read.IsCompleted || read.Buffer.Length >= Limit) return false;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return false;
        }
    }
}

/// <summary>A feature of a connection that came with a PROXY header of a proxy of ours.</summary>
internal sealed class ProxiedVisit
{
    public static readonly ProxiedVisit Instance = new();
}
