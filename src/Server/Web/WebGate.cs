using System.Collections.Concurrent;
using System.Net;
using Aviso.Net;
using Microsoft.AspNetCore.Connections;

namespace Aviso.Web;

/// <summary>Asks the same gate as the mail listeners about every client of http and https, and ends connections when a ban begins.</summary>
/// <param name="gate">Null: everybody may come.</param>
public sealed class WebGate(IAcceptGate? gate)
{
    private readonly ConcurrentDictionary<ConnectionContext, IPAddress> _open = new();

    public int Open => _open.Count;

    /// <summary>Ends the connections of clients that may no longer be here; the number of them.</summary>
    public int Cut(Func<IPAddress, bool> client)
    {
        var cut = 0;
        foreach (var (connection, address) in _open)
        {
            if (!client(address)) continue;
            connection.Abort(new ConnectionAbortedException("banned"));
            cut++;
        }
        return cut;
    }

    /// <summary>Serves the connection if its client may be here. What it says about itself (PROXY) has been read.</summary>
    public async Task ServeAsync(ListenerKind kind, ConnectionContext connection, Func<Task> serve)
    {
        var client = connection.RemoteEndPoint is IPEndPoint remote ? Networks.Normal(remote).Address : IPAddress.None;
        if (gate?.Allows(kind, client) == false)
        {
            connection.Abort(new ConnectionAbortedException("gate"));
            return;
        }
        _open[connection] = client;
        try
        {
            await serve();
        }
        finally
        {
            _open.TryRemove(connection, out _);
        }
    }
}
