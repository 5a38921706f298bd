using System.Net;
using System.Net.Sockets;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>Says what to do when an address cannot be bound.</summary>
public static class BindTrouble
{
    public static string Explain(ListenerKind kind, IPEndPoint address, Exception error)
    {
        var name = kind.ToString().ToLowerInvariant();
        var socket = error as SocketException ?? error.InnerException as SocketException
            ?? error.InnerException?.InnerException as SocketException;
        var text = socket?.SocketErrorCode ?? SocketError.Success;
        return error.GetType().Name == "AddressInUseException" || error.InnerException?.GetType().Name == "AddressInUseException"
                || text == SocketError.AddressAlreadyInUse
            ? $"{name}: port {address.Port} on {address.Address} is taken by another program (see `ss -ltnp 'sport = :{address.Port}'`); "
                + "stop it, or choose another port (in local mode: --port-offset N)"
            : text == SocketError.AccessDenied
            ? $"{name}: port {address.Port} needs a privilege (ports below 1024: run as root or grant CAP_NET_BIND_SERVICE)"
            : text == SocketError.AddressNotAvailable
            ? $"{name}: this machine has no address {address.Address}"
            : $"{name}: {address} cannot be bound: {error.Message}";
    }
}
