using System.Net;
using Aviso.Net;

namespace Aviso.Settings;

/// <summary>One address to listen on.</summary>
public sealed class ListenerSection : SettingsSection
{
    internal static readonly Table<ListenerSection> Table = new("One address to listen on.");

    internal static readonly WordType<ListenerKind> Kinds = new("kind",
        Enum.GetValues<ListenerKind>().ToDictionary(k => k.ToString().ToLowerInvariant()));

    public ListenerKind Kind => Get(KindKey);

    private static readonly Key<ListenerKind> KindKey = new(Table, "kind", Kinds, default,
        "What is spoken there. submissions, imaps, pop3s and https speak TLS from the first octet; the others offer STARTTLS. "
        + "A kind whose part is not in this version is not bound, and the start says so.") { Required = true, Example = "smtp" };

    public IPEndPoint Address => Get(AddressKey);

    private static readonly Key<IPEndPoint> AddressKey = new(Table, "address", Types.Listen, new(IPAddress.IPv6Any, 0),
        "Address and port. `[::]` means every address, IPv4 as well. Port 0 lets the system choose.")
        { Required = true, Example = "\"[::]:25\"" };

    public bool Proxy => Get(ProxyKey);

    private static readonly Key<bool> ProxyKey = new(Table, "proxy", Types.Boolean, true,
        "Expect PROXY headers from `networks.proxies` on this listener. http reads them and takes a request without one as well; metrics never reads them.")
        { Example = "false" };

    /// <summary>TLS from the first octet.</summary>
    public bool IsImplicitTls =>
        Kind is ListenerKind.Submissions or ListenerKind.Imaps or ListenerKind.Pop3s or ListenerKind.Https;

    /// <summary>Parsed, but not bound: its part is not built yet. Null when it is.</summary>
    public string? NotYet => Kind switch
    {
        ListenerKind.Pop3 or ListenerKind.Pop3s => "POP3 is not part of this version",
        _ => null,
    };
}
