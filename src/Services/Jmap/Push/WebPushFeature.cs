namespace Aviso.Jmap;

/// <summary>RFC 9749: the key that browsers want to know before they subscribe.</summary>
internal static class WebPushFeature
{
    public static Feature Of(Vapid vapid) => new(new(Capabilities.WebPushVapid)
    {
        HasAccounts = false,
        Server = (writer, _) => writer.WriteString("applicationServerKey"u8, vapid.PublicKey),
    }, []);
}
