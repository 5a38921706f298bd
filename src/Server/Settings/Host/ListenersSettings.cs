using System.Net;
using System.Net.Sockets;
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
        "What is spoken there. submissions, imaps, pop3s and https speak TLS from the first octet; the others offer STARTTLS.")
    { Required = true, Example = "smtp" };

    public IPEndPoint Address => Get(AddressKey);

    private static readonly Key<IPEndPoint> AddressKey = new(Table, "address", Types.Listen, new(IPAddress.IPv6Any, 0),
        "Address and port. `[::]` means every address, IPv4 as well. Port 0 lets the system choose.")
    { Required = true, Example = "\"[::]:25\"" };

    public bool Proxy => Get(ProxyKey);

    private static readonly Key<bool> ProxyKey = new(Table, "proxy", Types.Boolean, true,
        "Expect PROXY headers from `networks.proxies` on this listener. http reads them and takes a request without one as well; metrics never reads them.")
    { Example = "false" };

    /// <summary>TLS from the first octet.</summary>
    public bool IsImplicitTls => ListenerKinds.IsImplicitTls(Kind);
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class ListenersChecks
{
    public static void ListenersAreApart(ServerSettings settings, Problems problems)
    {
        if (settings.Has("listeners") && settings.Listeners.Count == 0)
            SettingsChecks.Say(problems, settings, "listeners", "is empty: the server would do nothing");
        var bound = new List<ListenerSection>();
        foreach (var listener in settings.Listeners.Where(l => l.Address.Port != 0))
        {
            if (bound.Find(other => Overlap(other.Address, listener.Address)) is { } first)
            {
                SettingsChecks.Say(problems, listener, "address", $"port {listener.Address.Port} is taken by the {Name(first)} listener on line "
                    + $"{first.PlaceOf("address").Line}{(first.Address.Address.Equals(listener.Address.Address) ? "" : "; [::] means every address, IPv4 as well")}");
            }
            bound.Add(listener);
        }
    }

    private static bool Overlap(IPEndPoint a, IPEndPoint b) =>
        a.Port == b.Port && (a.Address.Equals(b.Address) || a.Address.Equals(IPAddress.IPv6Any) || b.Address.Equals(IPAddress.IPv6Any)
            || (a.AddressFamily == b.AddressFamily && a.AddressFamily == AddressFamily.InterNetwork
                && (a.Address.Equals(IPAddress.Any) || b.Address.Equals(IPAddress.Any))));

    private static string Name(ListenerSection listener) => listener.Kind.ToString().ToLowerInvariant();

    public static void ListenersHaveTls(ServerSettings settings, Problems problems)
    {
        if (settings.Tls.IsConfigured || settings.Tls.Has("certificate")) return;
        foreach (var listener in settings.Listeners)
        {
            var login = listener.Kind is ListenerKind.Submission or ListenerKind.Imap or ListenerKind.Pop3 or ListenerKind.ManageSieve;
            if (!listener.IsImplicitTls && !(login && settings.Networks.CleartextLogin.Count == 0)) continue;
            SettingsChecks.Say(problems, listener, "kind", $"{Name(listener)} needs a certificate: give `tls: {{ certificate: file:..., key: file:... }}`"
                + " or, to try things out, `tls: { self_signed: true }`");
            return;
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class ListenersMapping
{
    public static IReadOnlyList<ListenerSettings> MailListeners(ServerSettings settings) =>
    [
        .. settings.Listeners.Where(l => ListenerKinds.IsMail(l.Kind)).Select(l => new ListenerSettings(l.Kind, l.Address)
        {
            Proxy = l.Proxy,
            MaxConnections = settings.Limits.ConnectionsPerListener,
            MaxPerClient = settings.Limits.ConnectionsAtOnce,
        }),
    ];

    /// <summary>What URLs of this server begin with where it speaks https itself; null where it does not, or on a port that nobody knows
    /// yet.</summary>
    public static string? Https(ServerSettings settings)
    {
        var bound = settings.Listeners.Where(l => l.Kind == ListenerKind.Https && l.Address.Port != 0).Select(l => l.Address).ToList();
        // What only this machine can reach is told where there is nothing else, as in local mode.
        var reached = bound.Where(a => !IPAddress.IsLoopback(a.Address)).Concat(bound).FirstOrDefault();
        return reached is null ? null : $"https://{settings.HostName}{(reached.Port == 443 ? "" : $":{reached.Port}")}";
    }
}
