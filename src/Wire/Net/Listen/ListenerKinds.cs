namespace Aviso.Net;

/// <summary>What follows from a listener's kind alone.</summary>
public static class ListenerKinds
{
    // In the order of the enum, so that a label costs no allocation.
    private static readonly string[] Names = [.. Enum.GetNames<ListenerKind>().Select(n => n.ToLowerInvariant())];

    /// <summary>As in the settings and in metric labels: "imaps".</summary>
    public static string Name(ListenerKind kind) => Names[(int)kind];

    /// <summary>False for an unknown name.</summary>
    public static bool TryParse(string name, out ListenerKind kind)
    {
        var at = Array.IndexOf(Names, name);
        kind = (ListenerKind)Math.Max(at, 0);
        return at >= 0;
    }

    /// <summary>TLS begins with the first octet (RFC 8314 §3).</summary>
    public static bool IsImplicitTls(ListenerKind kind) =>
        kind is ListenerKind.Submissions or ListenerKind.Imaps or ListenerKind.Pop3s or ListenerKind.Https;

    /// <summary>Nobody comes there but to log in.</summary>
    public static bool IsForLogins(ListenerKind kind) => IsMail(kind) && kind is not (ListenerKind.Smtp or ListenerKind.Lmtp);

    /// <summary>The mail kinds a <c>WireHost</c> can serve; the rest is HTTP.</summary>
    public static bool IsMail(ListenerKind kind) =>
        kind is not (ListenerKind.Http or ListenerKind.Https or ListenerKind.Metrics);
}
