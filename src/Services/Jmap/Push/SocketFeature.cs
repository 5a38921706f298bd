namespace Aviso.Jmap;

/// <summary>RFC 8887 §3: where the WebSocket is.</summary>
internal static class SocketFeature
{
    public static Feature Of() => new(new(Capabilities.WebSocket)
    {
        HasAccounts = false,
        Server = (writer, origin) =>
        {
            // http becomes ws, https wss.
            writer.WriteString("url"u8, origin.Length == 0 ? JmapPaths.WebSocket : $"ws{origin[4..]}{JmapPaths.WebSocket}");
            writer.WriteBoolean("supportsPush"u8, true);
        },
    }, []);
}
