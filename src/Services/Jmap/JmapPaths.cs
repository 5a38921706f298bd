namespace Aviso.Jmap;

/// <summary>Where the resources of JMAP are; the session says so to clients.</summary>
public static class JmapPaths
{
    /// <summary>RFC 8620 §2.2: leads to <see cref="Session"/>.</summary>
    public const string WellKnown = "/.well-known/jmap";

    public const string Session = "/jmap/session", Api = "/jmap/api", Upload = "/jmap/upload/", Download = "/jmap/download/",
        EventSource = "/jmap/eventsource", WebSocket = "/jmap/ws";
}
